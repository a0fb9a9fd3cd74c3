"""A store that fails, lies or hangs: the model's answer comes all the same, and what happened is counted."""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra import InferenceCache
from greenai_infra.serving.keys import Keys
from greenai_infra.serving.store import MOST_CONNECTIONS
from tests.serving.servers import Valkey, free_port, greeted, serving, valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DELAY_S = 0.2


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as one:
        yield one


def cached(url: str, **options: Any) -> InferenceCache:
    settings: dict[str, Any] = {"model": "m", "version": "1", "tenant": str(uuid.uuid4()), "max_delay_s": DELAY_S}
    return InferenceCache(lambda prompt, **_: f"answer to {prompt}", url=url, **{**settings, **options})


def asynchronous(url: str, **options: Any) -> InferenceCache:
    async def call(prompt: str, **_: Any) -> str:
        return f"answer to {prompt}"

    settings: dict[str, Any] = {"model": "m", "version": "1", "tenant": str(uuid.uuid4()), "max_delay_s": DELAY_S}
    return InferenceCache(call, url=url, **{**settings, **options})


def errors(cache: InferenceCache) -> set[tuple[str, str]]:
    return set(cache.counts.errors)


def answer(connection: socket.socket, reply: bytes) -> None:
    for _ in greeted(connection):
        connection.sendall(reply)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset_after_a_command(connection: socket.socket) -> None:
    next(greeted(connection))
    reset(connection)


REPLIES = {
    "an integer": (b":12\r\n", "value"),
    "a list": (b"*1\r\n$1\r\nx\r\n", "value"),
    "a status": (b"+OK\r\n", "value"),
    "an integer that is none": (b":many\r\n", "connection"),
    "another protocol": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "connection"),
    "an endless nesting": (b"*1\r\n" * 20_000, "connection"),
    "loading": (b"-LOADING Redis is loading the dataset in memory\r\n", "connection"),
    "no password given": (b"-NOAUTH Authentication required.\r\n", "connection"),
    "a cluster that is down": (b"-CLUSTERDOWN The cluster is down\r\n", "refused"),
    "out of memory": (b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "refused"),
    "a replica": (b"-READONLY You can't write against a read only replica.\r\n", "refused"),
    "a wrong type": (b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "refused"),
    "an unknown error": (b"-GLITCH\r\n", "refused"),
}


@pytest.mark.parametrize("reply", REPLIES)
def test_strange_replies(reply: str) -> None:
    said, kind = REPLIES[reply]
    with serving(lambda connection: answer(connection, said)) as url:
        cache = cached(url, max_delay_s=20)
        assert cache("q") == "answer to q"
        assert ("get", kind) in errors(cache)
        assert (cache.counts.hits, cache.counts.misses) == (0, 1)

        async def use() -> str:
            other = asynchronous(url, max_delay_s=20)
            said = await other("q")
            assert ("get", kind) in errors(other)
            await other.close()
            return str(said)

        assert asyncio.run(use()) == "answer to q"


@pytest.mark.parametrize(
    "handle", [reset, reset_after_a_command, lambda connection: connection.close()], ids=["at once", "later", "closed"]
)
def test_connections_that_are_reset(handle: Callable[[socket.socket], None]) -> None:
    with serving(handle) as url:
        cache = cached(url, max_delay_s=20)
        assert [cache("q") for _ in range(9)] == ["answer to q"] * 9
        assert ("get", "connection") in errors(cache)
        assert cache.counts.bypasses["store down"] > 0  # it was left alone after a few

        async def use() -> None:
            other = asynchronous(url, max_delay_s=20)
            assert [await other("q") for _ in range(9)] == ["answer to q"] * 9
            assert ("get", "connection") in errors(other)
            assert other.counts.bypasses["store down"] > 0
            await other.close()

        asyncio.run(use())


@pytest.mark.parametrize("asynchronously", [False, True], ids=["threads", "asyncio"])
@pytest.mark.parametrize("greets", [False, True], ids=["never a word", "after its greeting"])
def test_a_server_that_hangs_keeps_no_request(greets: bool, asynchronously: bool) -> None:
    """It hangs until the test says so: a request that waited for it would never end."""
    until = threading.Event()

    def hang(connection: socket.socket) -> None:
        if greets:
            next(greeted(connection))
        until.wait()

    with serving(hang) as url:
        try:
            if asynchronously:

                async def use() -> InferenceCache:
                    cache = asynchronous(url)
                    assert [await cache("q") for _ in range(7)] == ["answer to q"] * 7
                    await cache.close()
                    return cache

                cache = asyncio.run(use())
            else:
                cache = cached(url)
                assert [cache("q") for _ in range(7)] == ["answer to q"] * 7
        finally:
            until.set()
    assert ("get", "timeout") in errors(cache)
    assert cache.counts.bypasses["store down"] == 4  # after five time-outs: get, set, get, set, get


@pytest.mark.parametrize("asynchronously", [False, True], ids=["threads", "asyncio"])
def test_a_server_that_drips_keeps_no_request(asynchronously: bool) -> None:
    """Each byte comes in time, their sum does not: 40 s of them at the least."""
    dripped = threading.Event()

    def drip(connection: socket.socket) -> None:
        for _ in greeted(connection):
            for byte in b"$2000\r\n" + 2000 * b"x" + b"\r\n":
                time.sleep(0.02)
                connection.sendall(bytes([byte]))
            dripped.set()

    with serving(drip) as url:
        if asynchronously:

            async def use() -> InferenceCache:
                cache = asynchronous(url)
                assert await cache("q") == "answer to q"
                await cache.close()
                return cache

            cache = asyncio.run(use())
        else:
            cache = cached(url)
            assert cache("q") == "answer to q"
        assert not dripped.is_set()
    assert ("get", "timeout") in errors(cache)


def test_nobody_listens() -> None:
    cache = cached(f"redis://127.0.0.1:{free_port()}", max_delay_s=20)
    assert cache("q") == "answer to q"
    assert ("get", "connection") in errors(cache)


def test_a_name_that_does_not_resolve() -> None:
    cache = cached("redis://no-such-host.invalid:6379")
    assert cache("q") == "answer to q"
    assert {operation for operation, _ in errors(cache)} >= {"get"}


def test_a_name_server_that_hangs_keeps_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    until = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: until.wait() and [])
    try:
        cache = cached("redis://slow.invalid:6379")
        assert cache("q") == "answer to q"
        assert ("get", "timeout") in errors(cache)
    finally:
        until.set()


def junk_values() -> dict[str, bytes]:
    return {
        "empty": b"",
        "text": b"hello",
        "pickle": pickle.dumps({"answer": 1}),
        "zeros": bytes(200),
        "of another format": b"\x02" + bytes(100),
        "long": b"\x01\x00" + b"\xff" * 1_000_000,
    }


@pytest.mark.parametrize("junk", junk_values())
def test_junk_in_the_store_is_refused_and_replaced(junk: str, server: Valkey) -> None:
    cache = cached(server.url, max_delay_s=20)
    assert cache.tenant
    server.client().set(Keys(cache.tenant, "m", "1").key("q", {}).name, junk_values()[junk])
    assert cache("q") == "answer to q"
    assert cache.counts.errors["get", "value"] == 2  # seen, and seen again with the lock held
    assert cache("q") == "answer to q"
    assert (cache.counts.hits, cache.counts.misses) == (1, 1)


def test_a_key_of_another_type_is_replaced(server: Valkey) -> None:
    cache = cached(server.url, max_delay_s=20)
    server.client().lpush(Keys(cache.tenant, "m", "1").key("q", {}).name, "a")
    assert cache("q") == "answer to q"
    assert errors(cache) == {("get", "refused")}
    assert cache("q") == "answer to q"
    assert cache.counts.hits == 1


def test_a_value_moved_to_another_key_is_refused(server: Valkey) -> None:
    cache = cached(server.url, max_delay_s=20)
    keys = Keys(cache.tenant, "m", "1")
    cache("is aspirin safe?")
    value = server.client().get(keys.key("is aspirin safe?", {}).name)
    server.client().set(keys.key("is arsenic safe?", {}).name, value)
    assert cache("is arsenic safe?") == "answer to is arsenic safe?"
    assert cache.counts.errors["get", "value"] > 0


@pytest.mark.parametrize("place", [0, 1, 5, 12, 30, -1])
def test_a_changed_byte_is_noticed(place: int, server: Valkey) -> None:
    cache = cached(server.url, max_delay_s=20)
    cache("q")
    name = Keys(cache.tenant, "m", "1").key("q", {}).name
    value = bytearray(server.client().get(name))
    value[place] ^= 1
    server.client().set(name, bytes(value))
    assert cache.get("q") is None
    assert cache.counts.errors["get", "value"] == 1


def test_only_values_of_the_signing_key_are_taken(server: Valkey) -> None:
    tenant = str(uuid.uuid4())
    planted = cached(server.url, tenant=tenant, max_delay_s=20)
    planted.put("q", "poison")
    assert cached(server.url, tenant=tenant, max_delay_s=20, signing_key="k")("q") == "answer to q"
    assert cached(server.url, tenant=tenant, max_delay_s=20, signing_key=b"k").get("q") == "answer to q"
    assert planted.get("q") is None


def test_killed_and_restarted_under_load() -> None:
    """Every request is answered, before, meanwhile and after; then there are hits again."""
    with valkey() as server:
        cache = cached(server.url, max_delay_s=2)
        stop = threading.Event()
        wrong: list[Any] = []
        counts = [0] * 4

        def ask(index: int) -> None:
            number = 0
            while not stop.is_set():
                prompt = f"q{number % 50}"
                said = cache(prompt)
                if said != f"answer to {prompt}":
                    wrong.append(said)
                number += 1
                counts[index] = number

        threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(counts))]
        for thread in threads:
            thread.start()
        try:
            wait_for(lambda: cache.counts.hits > 50)
            server.kill()
            wait_for(lambda: cache.counts.bypasses["store down"] > 50)
            server.start()
            before = cache.counts.hits
            wait_for(lambda: cache.counts.hits > before + 50)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert wrong == []
        assert cache.counts.hits + cache.counts.misses == sum(counts)


def test_the_embedded_valkey_comes_back() -> None:
    import greenai_infra.serving.embedded as embedded

    cache = InferenceCache(lambda prompt: prompt, model="m", version="1", tenant=str(uuid.uuid4()), max_delay_s=2)
    assert cache("q") == cache("q") == "q"
    embedded._server.terminate()
    wait_for(lambda: cache("q") == "q" and cache.counts.hits > 1)


def test_the_oldest_answers_make_room() -> None:
    with valkey(maxmemory="4mb", **{"maxmemory-policy": "allkeys-lru"}) as server:
        cache = cached(server.url, max_delay_s=20)
        for number in range(200):
            assert cache.put(f"q{number}", "x" * 50_000)
        assert server.client().info("stats")["evicted_keys"] > 0
        left = [number for number in range(200) if cache.get(f"q{number}") == "x" * 50_000]
        assert 0 < len(left) < 80  # 4 MB
        gone = min(set(range(200)) - set(left))
        assert cache(f"q{gone}") == f"answer to q{gone}"


def test_a_full_store_that_evicts_nothing_still_reads() -> None:
    with valkey(maxmemory="3mb", **{"maxmemory-policy": "noeviction"}) as server:
        cache = cached(server.url, max_delay_s=20)
        stored = [number for number in range(100) if cache.put(f"q{number}", "x" * 50_000)]
        assert 0 < len(stored) < 100
        assert cache.counts.errors["set", "refused"] == 100 - len(stored)
        assert cache("new") == "answer to new"
        assert cache.get("q0") == "x" * 50_000  # refusals open no breaker


def test_a_clock_that_is_wrong_changes_nothing(server: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = str(uuid.uuid4())
    writer = cached(server.url, tenant=tenant, max_delay_s=20, ttl=3600)
    writer("q")
    real = time.time
    for skew_s in (-86_400, 86_400):
        monkeypatch.setattr(time, "time", lambda skew_s=skew_s: real() + skew_s)
        assert cached(server.url, tenant=tenant, max_delay_s=20).get("q") == "answer to q"


def test_an_answer_that_the_store_forgot_to_remove_is_expired(server: Valkey) -> None:
    cache = cached(server.url, max_delay_s=20, ttl=3600)
    cache("q")
    name = Keys(cache.tenant, "m", "1").key("q", {}).name
    server.client().persist(name)
    assert cache.get("q") == "answer to q"
    ahead_ms = cache.store._ahead_ms
    cache.store._ahead_ms = ahead_ms + 3_600_000 + 2_000  # the server's clock an hour later
    assert cache.get("q") is None
    assert errors(cache) == {("get", "value")}


def test_two_versions_and_two_tenants_at_once(server: Valkey) -> None:
    tenant = str(uuid.uuid4())
    scopes = [("m", "1", tenant), ("m", "2", tenant), ("n", "1", tenant), ("m", "1", tenant + "x")]
    caches = [
        InferenceCache(
            lambda _, scope=scope: list(scope),
            model=scope[0],
            version=scope[1],
            tenant=scope[2],
            url=server.url,
            max_delay_s=20,
        )
        for scope in scopes
    ]
    for _ in range(2):
        assert [cache("q") for cache in caches] == [list(scope) for scope in scopes]
    assert [cache.counts.hits for cache in caches] == [1] * 4


def test_a_prompt_of_10_mb(server: Valkey) -> None:
    cache = InferenceCache(len, model="m", version="1", tenant=str(uuid.uuid4()), url=server.url, max_delay_s=20)
    prompt = "é\r\n" * 3_400_000
    assert cache(prompt) == cache(prompt) == len(prompt)
    assert cache(prompt + ".") == len(prompt) + 1
    assert (cache.counts.hits, cache.counts.misses) == (1, 2)


def test_passwords_are_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    cache = cached(f"redis://answers:hush-hush@127.0.0.1:{free_port()}")
    cache("q")
    shown = repr([cache, cache.store, cache.store.place, cache.counts]) + "".join(capsys.readouterr())
    assert "hush-hush" not in shown


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.01)


def test_a_burst_shares_a_few_connections() -> None:
    """To connect takes longer than many commands: a hundred new connections at once would look like an outage."""
    with valkey() as server:
        cache = cached(server.url, max_delay_s=20)
        threads = [threading.Thread(target=cache, args=(f"q{number}",)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (cache.counts.stores, dict(cache.counts.errors)) == (100, {})

        async def use() -> None:
            other = asynchronous(server.url, max_delay_s=20)
            await asyncio.gather(*(other(f"q{number}") for number in range(100)))
            assert (other.counts.stores, dict(other.counts.errors)) == (100, {})
            await other.close()

        before = server.client().info("stats")["total_connections_received"]
        asyncio.run(use())
        stats = server.client().info("stats")
        assert before <= MOST_CONNECTIONS + 3  # and the fixture's own
        assert stats["total_connections_received"] - before <= MOST_CONNECTIONS + 1


@pytest.mark.parametrize("asynchronously", [False, True], ids=["threads", "asyncio"])
def test_an_answer_that_came_too_late_to_be_stored_is_made_up(asynchronously: bool) -> None:
    """The store is busy when the answer comes: the caller has it at once, the store later, and no lock stays."""
    with valkey() as server:

        def busy(prompt: str) -> str:
            server.client().client_pause(500)
            return f"answer to {prompt}"

        async def awaited(prompt: str) -> str:
            return busy(prompt)

        async def use(cache: InferenceCache) -> None:
            assert await cache("q") == "answer to q"
            assert cache.counts.errors["set", "timeout"] == 1
            until = time.monotonic() + 60
            while await cache.get("q") is None:
                assert time.monotonic() < until
                await asyncio.sleep(0.01)
            await cache.close()

        options: dict[str, Any] = {"model": "m", "version": "1", "url": server.url, "max_delay_s": DELAY_S}
        if asynchronously:
            asyncio.run(use(InferenceCache(awaited, **options)))
        else:
            cache = InferenceCache(busy, **options)
            assert cache("q") == "answer to q"
            assert cache.counts.errors["set", "timeout"] == 1
            wait_for(lambda: cache.get("q") is not None)
        wait_for(lambda: not [name for name in server.client().scan_iter() if name.endswith(b":lock")])
