"""Of many that ask the same at the same time, one asks the model: in threads, tasks and processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, cast

import pytest

from greenai_infra import InferenceCache
from greenai_infra.serving import flight
from greenai_infra.serving.async_store import AsyncStore
from greenai_infra.serving.blocking import Blocking
from greenai_infra.serving.events import StoreError
from greenai_infra.serving.keys import Keys
from greenai_infra.serving.store import Store
from tests.serving.servers import Valkey, valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

KEY = Keys("t", "m", "1").key("q", {})
FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as one:
        yield one


def cached(server: Valkey, call: Callable[..., Any], tenant: str, **options: Any) -> InferenceCache:
    settings: dict[str, Any] = {"model": "m", "version": "1", "max_delay_s": 20, "flight_s": 60}
    return InferenceCache(call, tenant=tenant, url=server.url, **{**settings, **options})


def wait_for(condition: Callable[[], Any]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.01)


def test_threads_share_one_call(server: Valkey) -> None:
    asked: list[str] = []
    everybody = threading.Barrier(8)

    def call(prompt: str) -> str:
        asked.append(prompt)
        time.sleep(0.1)
        return prompt.upper()

    cache = cached(server, call, str(uuid.uuid4()))
    answers: list[str] = []

    def ask() -> None:
        everybody.wait()
        answers.append(cache("q"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["Q"] * 8
    assert asked == ["q"]
    assert (cache.counts.hits, cache.counts.misses, cache.counts.calls) == (7, 1, 1)


def test_tasks_share_one_call(server: Valkey) -> None:
    asked: list[str] = []

    async def call(prompt: str) -> str:
        asked.append(prompt)
        await asyncio.sleep(0.1)
        return prompt.upper()

    async def use() -> list[str]:
        async with cached(server, call, str(uuid.uuid4())) as cache:
            return list(await asyncio.gather(*(cache("q") for _ in range(20))))

    assert asyncio.run(use()) == ["Q"] * 20
    assert asked == ["q"]


def _child(url: str, tenant: str, asked: Any, answers: Any, start: Any) -> None:
    def call(prompt: str) -> str:
        asked.put(os.getpid())
        time.sleep(0.2)
        return prompt.upper()

    cache = InferenceCache(call, model="m", version="1", tenant=tenant, url=url, max_delay_s=20, flight_s=60)
    start.wait()
    answers.put([cache(f"q{number}") for number in range(3)])


def test_processes_share_one_call(server: Valkey) -> None:
    asked, answers, start = FORK.Queue(), FORK.Queue(), FORK.Event()
    arguments = (server.url, str(uuid.uuid4()), asked, answers, start)
    children = [FORK.Process(target=_child, args=arguments) for _ in range(4)]
    for child in children:
        child.start()
    start.set()
    found = [answers.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    assert found == [["Q0", "Q1", "Q2"]] * 4
    assert len([asked.get(timeout=1) for _ in range(3)]) == 3
    assert asked.empty()


def test_a_cache_goes_on_in_a_forked_child(server: Valkey) -> None:
    cache = cached(server, lambda prompt: prompt.upper(), str(uuid.uuid4()))
    cache("q")
    answers = FORK.Queue()
    child = FORK.Process(target=lambda: answers.put([cache("q"), cache("r"), cache.counts.hits]))
    child.start()
    mine = [cache("q") for _ in range(50)]  # meanwhile, on connections that the child must not touch
    assert answers.get(timeout=60) == ["Q", "R", 1]
    child.join()
    assert mine == ["Q"] * 50
    assert cache("r") == "R"
    assert cache.counts.misses == 1


def _holder(url: str, tenant: str) -> None:
    cache = InferenceCache(
        lambda _: time.sleep(600), model="m", version="1", tenant=tenant, url=url, max_delay_s=20, flight_s=0.5
    )
    cache("q")


def test_a_holder_that_is_killed_keeps_nobody(server: Valkey) -> None:
    tenant = str(uuid.uuid4())
    child = FORK.Process(target=_holder, args=(server.url, tenant))
    child.start()
    key = Keys(tenant, "m", "1").key("q", {})
    wait_for(lambda: server.client().exists(flight.lock_name(key)))
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    cache = cached(server, lambda _: "mine", tenant, flight_s=60)
    assert cache("q") == "mine"  # when the lock of the dead has expired
    assert cache.counts.waits == 1


def test_a_slow_holder_s_lock_is_not_released_by_it(server: Valkey) -> None:
    """Its lock has expired and another holds it; when it is done, the other's lock stays."""
    tenant = str(uuid.uuid4())
    client = server.client()
    lock = flight.lock_name(Keys(tenant, "m", "1").key("q", {}))

    def slow(_: str) -> str:
        client.set(lock, b"another one.", px=60_000)
        return "slow"

    cache = cached(server, slow, tenant)
    assert cache("q") == "slow"
    assert client.get(lock) == b"another one."
    assert cache.get("q") == "slow"


def test_nobody_waits_longer_than_the_bound(server: Valkey) -> None:
    tenant = str(uuid.uuid4())
    server.client().set(flight.lock_name(Keys(tenant, "m", "1").key("q", {})), b"another one.")  # for ever
    cache = cached(server, lambda _: "mine", tenant, flight_s=0.2)
    assert cache("q") == "mine"
    assert (cache.counts.waits, cache.counts.misses) == (1, 1)
    assert cache("q") == "mine"
    assert cache.counts.hits == 1


@pytest.mark.parametrize("junk", [b"", b"-", b"junk that nobody holds"])
def test_junk_in_the_lock_keeps_nobody(junk: bytes, server: Valkey) -> None:
    tenant = str(uuid.uuid4())
    server.client().set(flight.lock_name(Keys(tenant, "m", "1").key("q", {})), junk)
    cache = cached(server, lambda _: "mine", tenant)
    assert cache("q") == "mine"
    assert cache.counts.waits == 0


def test_who_waits_for_a_model_that_fails_asks_it_too(server: Valkey) -> None:
    """The error goes to its own caller; the others learn at once that no answer will come."""
    tenant = str(uuid.uuid4())
    waiting = threading.Event()

    def fail(_: str) -> str:
        waiting.set()
        wait_for(lambda: other.counts.misses or server.client().get("go"))
        raise ValueError("busy")

    failing = cached(server, fail, tenant)
    other = cached(server, lambda _: "fine", tenant)
    found: list[Any] = []

    def ask_failing() -> None:
        with pytest.raises(ValueError, match="busy"):
            failing("q")
        found.append("failed")

    first = threading.Thread(target=ask_failing)
    first.start()
    waiting.wait()
    second = threading.Thread(target=lambda: found.append(other("q")))
    second.start()
    time.sleep(0.05)
    server.client().set("go", 1)
    first.join()
    second.join()
    assert sorted(found) == ["failed", "fine"]


def test_who_is_stopped_at_the_lock_keeps_nobody(server: Valkey) -> None:
    tenant = str(uuid.uuid4())

    def claimed(command: tuple[Any, ...]) -> bool:
        return command[0] == b"SET" and b"NX" in command

    cache = cached(server, str.upper, tenant)
    assert isinstance(cache.store, Store)
    execute = cache.store.execute

    def interrupted(*command: Any, **options: Any) -> Any:
        reply = execute(*command, **options)
        if claimed(command):
            raise KeyboardInterrupt
        return reply

    cast("Any", cache.store).execute = interrupted
    with pytest.raises(KeyboardInterrupt):
        cache("a")
    key = Keys(tenant, "m", "1").key("a", {})
    wait_for(lambda: execute(b"EXISTS", flight.lock_name(key)) == 0)

    async def cancelled() -> None:
        async with cached(server, AsyncUpper(), tenant) as cache:
            assert isinstance(cache.store, AsyncStore)
            execute = cache.store.execute

            async def stopped(*command: Any, **options: Any) -> Any:
                reply = await execute(*command, **options)
                if claimed(command):
                    raise asyncio.CancelledError
                return reply

            cast("Any", cache.store).execute = stopped
            with pytest.raises(asyncio.CancelledError):
                await cache("b")
            name = flight.lock_name(Keys(tenant, "m", "1").key("b", {}))
            async with asyncio.timeout(60):
                while await execute(b"EXISTS", name):
                    await asyncio.sleep(0.01)

    asyncio.run(cancelled())


class AsyncUpper:
    async def __call__(self, prompt: str) -> str:
        return prompt.upper()


def test_a_cache_within_a_cache_of_the_same_name_does_not_wait_for_it(server: Valkey) -> None:
    tenant = str(uuid.uuid4())
    cache = cached(server, cached(server, str.upper, tenant, flight_s=300), tenant, flight_s=300)
    assert (cache("a"), cache("a"), cache.counts.hits) == ("A", "A", 1)

    async def use() -> tuple[Any, ...]:
        async with (
            cached(server, AsyncUpper(), tenant, flight_s=300) as inner,
            cached(server, inner, tenant, flight_s=300, is_async=True) as outer,
        ):
            return await outer("b"), await outer("b"), outer.counts.hits

    assert asyncio.run(asyncio.wait_for(use(), 120)) == ("B", "B", 1)


def test_an_answer_too_large_to_store_keeps_nobody(server: Valkey) -> None:
    tenant = str(uuid.uuid4())
    cache = cached(server, lambda _: "x" * 200, tenant, max_value_bytes=100)
    assert cache("q") == cache("q") == "x" * 200
    assert cache.counts.bypasses["too large"] == 2
    assert cache.counts.waits == 0
    lock = flight.lock_name(Keys(tenant, "m", "1").key("q", {}))
    assert 0 < server.client().pttl(lock) <= flight.APART_MS


def test_without_flights_there_are_no_locks(server: Valkey) -> None:
    tenant = str(uuid.uuid4())
    client = server.client()
    seen: list[int] = []
    lock = flight.lock_name(Keys(tenant, "m", "1").key("q", {}))

    def call(prompt: str) -> str:
        seen.append(client.exists(lock))
        return prompt

    cache = cached(server, call, tenant, flight_s=0)
    assert cache("q") == "q"
    assert seen == [0]


def test_commands_before_the_model_share_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three commands of 30 ms each, 50 ms for all: the third has no time left. After a sleep there are 50 ms again."""
    now, limits = [0.0], []

    class Slow:
        def execute(self, *command: Any, limit_s: float) -> bytes:
            limits.append(round(limit_s, 3))
            if limit_s <= 0:
                raise StoreError("timeout", "no time is left")
            now[0] += 0.03
            return b"reply"

    def steps() -> Generator[Any, Any, str]:
        yield (b"GET", b"a")
        yield 0.01
        yield (b"GET", b"a")
        yield (b"GET", b"a")
        try:
            yield (b"GET", b"a")
        except StoreError as error:
            return error.kind
        return "no error"

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    blocking = Blocking(str, cast(Any, None), cast(Any, Slow()), 0.05)
    assert blocking._carry_out(steps(), 0.02) == "timeout"
    assert limits == [0.02, 0.05, 0.02, -0.01]


# The protocol itself, step by step


def steps(replies: list[Any], wait_s: float = 10.0) -> tuple[list[Any], Any]:
    """What `turn` asks for when it is given these replies, and how it ends."""
    clock = iter(range(1000))
    turn: Generator[Any, Any, Any] = flight.turn(KEY, b"mine-mine-mi", lambda value: value, wait_s, lambda: next(clock))
    asked: list[Any] = []
    try:
        step = next(turn)
        while True:
            asked.append(step if isinstance(step, float) else step[0])
            step = turn.send(None if isinstance(step, float) else replies.pop(0))
    except StopIteration as end:
        return asked, end.value


def test_the_first_holds_the_lock_and_looks_once_more() -> None:
    assert steps([None, None]) == ([b"SET", b"GET"], ("mine", None))


def test_an_answer_that_came_just_before_the_claim_is_taken_and_the_lock_released() -> None:
    assert steps([None, "answer", 1]) == ([b"SET", b"GET", b"EVAL"], ("found", "answer"))


def test_another_one_is_waited_for() -> None:
    other = b"other-other-"
    assert steps([other, None, other, "answer"]) == (
        [b"SET", 0.005, b"GET", b"SET", 0.0075, b"GET"],
        ("found", "answer"),
    )


def test_a_lock_that_expires_goes_to_the_next() -> None:
    assert steps([b"other-other-", None, None, None])[1] == ("mine", None)


def test_its_own_token_is_its_own_lock() -> None:
    assert steps([b"mine-mine-mi", None]) == ([b"SET", b"GET"], ("mine", None))


def test_waiting_ends() -> None:
    asked, end = steps([b"other-other-", None] * 50, wait_s=5)
    assert end == ("apart", None)
    assert asked.count(b"SET") == 5  # at 1, 2, 3, 4 s, and at 5 s, when a pause would end too late
