"""The semantic cache against a real Valkey: what it answers, what it never mixes, and what it survives."""

from __future__ import annotations

import asyncio
import errno
import itertools
import multiprocessing
import random
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import redis

from greenai_infra import InferenceCache, SemanticCache
from greenai_infra.errors import InputError
from greenai_infra.serving.semantic import entries, snapshot
from greenai_infra.serving.semantic.budget import Budget, refuted
from greenai_infra.serving.semantic.calibration import Calibration, Counts
from greenai_infra.serving.semantic.encoder import StaticEncoder, static_encoder
from greenai_infra.serving.semantic.entries import FEW, MOST_ALIKE, Entries, Entry
from greenai_infra.serving.semantic.reading import Reading, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

SURE = Calibration(Counts(asked=600), StaticEncoder.name)
"""600 pairs, none of them false: all cells are open at 1 %."""
ASKED = "How do I reset my password?"
AGAIN = "Could you tell me how to reset my password?"
OTHER = "How do I reset my router?"


@pytest.fixture
def make(store_url: str) -> Iterator[Callable[..., SemanticCache]]:
    """Caches of one store, closed at the end. The model answers with its prompt."""
    made: list[SemanticCache] = []

    def cache(call: Callable[..., Any] = lambda prompt, **_: f"about {prompt}", **changes: Any) -> SemanticCache:
        told: dict[str, Any] = {"model": "m", "version": "1", "url": store_url, "max_delay_s": 20.0, "flight_s": 0.0}
        one = SemanticCache(call, **(told | {"calibration": SURE, "checked_share": 0.0} | changes))
        made.append(one)
        return one

    yield cache
    for one in made:
        if not one.is_async:
            one.close()


def test_the_same_question_in_other_words_is_a_hit(make: Callable[..., SemanticCache]) -> None:
    cache = make()
    assert cache(ASKED) == cache(AGAIN) == cache.get("how can I reset my password") == f"about {ASKED}"
    assert (cache.counts.hits, cache.counts.misses, cache.counts.calls) == (2, 1, 1)
    assert cache.get(OTHER) is None
    assert cache(OTHER) == f"about {OTHER}"


def test_a_hit_in_other_words_asks_the_store_once(make: Callable[..., SemanticCache], store_url: str) -> None:
    cache, client = make(), redis.from_url(store_url)
    cache.put(ASKED, "as before")

    def commands(prompt: str) -> dict[str, int]:
        client.config_resetstat()
        assert cache.get(prompt) == "as before"
        told = client.info("commandstats")
        return {name: told.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("get", "mget")}

    assert commands(AGAIN) == {"get": 0, "mget": 1}
    assert commands(ASKED) == {"get": 1, "mget": 0}


def test_an_answer_in_the_same_words_goes_before_one_in_others(
    make: Callable[..., SemanticCache], store_url: str
) -> None:
    cache, plain = make(), InferenceCache(lambda prompt: "", model="m", version="1", url=store_url)
    cache.put(ASKED, "in other words")
    with plain:
        plain.put(AGAIN, "in these words")
        plain.put("What's PUE?", "a ratio")  # of which the index knows nothing
    assert (cache.get(AGAIN), cache(AGAIN), cache.get("What's PUE?")) == (*["in these words"] * 2, "a ratio")
    assert cache.get("how can I reset my password") == "in other words"


def test_a_slow_encoder_waits_for_the_store(make: Callable[..., SemanticCache], store_url: str) -> None:
    encoded: list[str] = []

    def slow(texts: Sequence[str]) -> Any:
        encoded.extend(texts)
        time.sleep(0.002)
        return static_encoder()(texts)

    cache, plain = make(encoder=slow, calibration=None), InferenceCache(str, model="m", version="1", url=store_url)
    with plain:
        plain.put(ASKED, "kept")
    cache.put(OTHER, "kept, too")
    encoded.clear()
    assert (cache.get(ASKED), encoded) == ("kept", [])
    assert (cache.get(AGAIN), encoded) == (None, [AGAIN])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How far is it from Paris to London?", "How far is it from London to Paris?"),
        ("Is it safe to take aspirin with alcohol?", "Is it not safe to take aspirin with alcohol?"),
        ("How much is 10 kg in pounds?", "How much is 12 kg in pounds?"),
        ("How do I enable logging?", "How do I disable logging?"),
    ],
)
def test_alike_is_not_the_same(make: Callable[..., SemanticCache], one: str, other: str) -> None:
    cache = make()
    cache.put(one, "the first answer")
    assert cache.get(other) is None


def test_tenants_models_versions_parameters_and_conversations_never_mix(make: Callable[..., SemanticCache]) -> None:
    def talk(system: str, question: str) -> list[dict[str, str]]:
        return [{"role": "system", "content": system}, {"role": "user", "content": question}]

    scopes = [
        (changes, parameters, prompt)
        for changes in ({}, {"tenant": "a"}, {"tenant": "b"}, {"model": "n"}, {"version": "2"})
        for parameters in ({}, {"temperature": 1}, {"temperature": 1.0}, {"seed": 1})
        for prompt in (lambda q: q, lambda q: talk("be brief", q), lambda q: talk("be long", q))
    ]
    caches = {str(changes): make(**changes) for changes, _, _ in scopes}
    random.Random(3).shuffle(scopes)
    for number, (changes, parameters, prompt) in enumerate(scopes):
        assert caches[str(changes)].get(prompt(AGAIN), **parameters) is None
        caches[str(changes)].put(prompt(ASKED), number, **parameters)
    for number, (changes, parameters, prompt) in enumerate(scopes):
        assert caches[str(changes)].get(prompt(AGAIN), **parameters) == number


def test_a_worker_learns_of_the_others_answers(make: Callable[..., SemanticCache]) -> None:
    first, second = make(), make()
    first.put(ASKED, "kept by the first")
    second.catch_up()
    assert second.get(AGAIN) == "kept by the first"
    late = make()
    late.catch_up()
    assert late.get(AGAIN) == "kept by the first"


def test_lines_that_were_trimmed_while_a_worker_was_away_are_misses(
    make: Callable[..., SemanticCache], store_url: str
) -> None:
    first, away = make(), make()
    away._end.set()  # its thread stands still
    away._thread.join()
    first.put(ASKED, "lost")
    first.put(OTHER, "kept")
    first.put("What is PUE?", "a ratio")
    redis.from_url(store_url).xtrim(first.journal.name, maxlen=2, approximate=False)
    away.journal.position = b"1-0"  # it had read, long ago
    away.journal.look_for_gap(away._store)
    away.catch_up()
    assert (away.journal.gaps, away.get(AGAIN), away.get("What's PUE?")) == (1, None, "a ratio")
    assert away.get(ASKED) == "lost"  # the answer itself is there


def test_a_gap_is_counted_once_whether_it_is_read_over_or_looked_for_first(
    make: Callable[..., SemanticCache], store_url: str
) -> None:
    first, away = make(), make()
    away._end.set()
    away._thread.join()
    first.put("What is PUE?", "a ratio")
    away.catch_up()
    away.journal.look_for_gap(away._store)
    first.put(ASKED, "lost")
    first.put(OTHER, "kept")
    redis.from_url(store_url).xtrim(first.journal.name, maxlen=1, approximate=False)
    away.catch_up()
    for _ in range(2):
        away.journal.look_for_gap(away._store)
    assert away.journal.gaps == 1
    first.put("What is a kilowatt hour?", "an amount of energy")
    away.catch_up()
    away.journal.look_for_gap(away._store)
    assert away.journal.gaps == 1


def test_a_journal_that_began_anew_is_read_from_its_beginning(
    make: Callable[..., SemanticCache], store_url: str
) -> None:
    first, second = make(), make()
    second.journal.position = b"99999999999999-0"  # of a store whose clock was ahead, and which has been emptied
    first.put(ASKED, "new")
    second.journal.look_for_gap(second._store)
    second.catch_up()
    assert second.get(AGAIN) == "new"


def test_the_journal_ends_when_no_worker_is_left(make: Callable[..., SemanticCache], store_url: str) -> None:
    cache, client = make(ttl=3600), redis.from_url(store_url)
    cache.put(ASKED, "kept")
    cache.journal.keep_for(cache._store, cache._rules.ttl_ms)
    assert 3500 < client.ttl(cache.journal.name) <= 3600


def test_junk_in_the_journal_is_refused_and_a_planted_line_serves_nothing_foreign(
    make: Callable[..., SemanticCache], store_url: str
) -> None:
    cache, client = make(), redis.from_url(store_url)
    cache.put(OTHER, "about routers")
    digest, entry = next(iter(cache.entries._entries.items()))
    vector = StaticEncoder()([ASKED])[0]
    planted = cache.journal.line(digest, Entry(entry.scope, ASKED, entry.expires_ms), vector)  # router's answer for it
    fresh = make()
    client.xtrim(cache.journal.name, maxlen=0)
    client.execute_command(*planted)  # type: ignore[no-untyped-call]
    for fields in ({"k": "x"}, {"k": digest, "s": digest, "q": b"\xff", "v": b"1", "e": "soon"}, {"a": "b"}):
        client.xadd(cache.journal.name, fields)  # type: ignore[arg-type]
    fresh.catch_up()
    assert fresh.journal.refused == 3
    assert fresh.get(AGAIN) is None


def test_an_entry_goes_with_its_answer(make: Callable[..., SemanticCache], store_url: str) -> None:
    cache = make()
    cache.put(ASKED, "short-lived")
    client = redis.from_url(store_url)
    for name in client.scan_iter("answers:*"):
        if not name.endswith(b"journal"):
            client.delete(name)
    assert cache.get(AGAIN) is None
    assert len(cache.entries) == 0


def test_entries_expire_by_the_stores_clock() -> None:
    entries = Entries(2, 10)
    entries.add(b"a", Entry(b"s", "one", 1000), np.array([1, 0], np.float32))
    entries.add(b"b", Entry(b"s", "two", 2000), np.array([1, 0], np.float32))
    assert [near.question for near in entries.nearest(b"s", np.array([1, 0], np.float32), 5, 1500)] == ["two"]
    entries.expire(1500)
    assert len(entries) == 1


@pytest.mark.parametrize("count", [FEW, 8 * FEW])
def test_the_nearest_is_that_of_a_search_of_all(count: int) -> None:
    vectors = np.random.default_rng(5).standard_normal((count, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    entries = Entries(64, count)
    for number, vector in enumerate(vectors):
        entries.add(b"%d" % number, Entry(b"s", str(number), 0), vector)
        entries.add(b"x%d" % number, Entry(b"another", "foreign", 0), vector) if number < 3 else None
    asked = vectors[:50] + 0.05
    exact = (asked @ vectors.T).argmax(axis=1)
    found = [int(entries.nearest(b"s", vector / np.linalg.norm(vector), 1, 0)[0].question) for vector in asked]
    assert sum(a == b for a, b in zip(found, exact, strict=True)) >= 0.99 * len(asked) - 3


def test_the_oldest_go_beyond_the_cap() -> None:
    entries = Entries(2, 3)
    for number in range(5):
        entries.add(b"%d" % number, Entry(b"s", str(number), 0), np.array([1, number], np.float32))
    assert sorted(n.question for n in entries.nearest(b"s", np.array([1, 1], np.float32), 9, 0)) == ["2", "3", "4"]


def test_a_restart_takes_the_index_from_disk(make: Callable[..., SemanticCache], tmp_path: Path) -> None:
    first = make(folder=tmp_path)
    for number in range(FEW + 5):
        first.put(f"What is the capital of country number {number}?", number)
    first.put([{"role": "user", "content": ASKED}], "in a small scope")
    first.close()
    entries = Entries(first.entries.ndim, 1000)
    assert snapshot.load(first._file, entries, first._made_for) == first.journal.position  # type: ignore[arg-type]
    assert len(entries) == len(first.entries)
    second = make(folder=tmp_path)
    second.catch_up()
    assert second.get("what's the capital of country number 7?") == 7
    assert second.get([{"role": "user", "content": AGAIN}]) == "in a small scope"


def test_questions_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    held, vector = Entries(4, 100), np.eye(4, dtype=np.float32)
    for number, question in enumerate([ASKED, OTHER]):
        held.add(bytes([number]) * 32, Entry(bytes(32), question, 0), vector[number], read(question))
    restarted = Entries(4, 100)
    restarted.restore(*held.export())
    asked: list[str] = []

    def counted(question: str) -> Reading:
        asked.append(question)
        return read(question)

    monkeypatch.setattr(entries, "read", counted)
    assert [held.reading(near) for near in held.nearest(bytes(32), vector[0], 2, 0)] == [read(ASKED), read(OTHER)]
    assert not asked
    near = restarted.nearest(bytes(32), vector[0], 2, 0)
    assert restarted.reading(near[0]) == restarted.reading(near[0]) == read(ASKED)
    for _ in range(3):
        restarted.read_ahead(1)
    assert restarted.reading(near[1]) == read(OTHER)
    assert asked == [ASKED, OTHER]


def test_questions_of_the_same_words_are_found_without_the_index() -> None:
    held, vectors = Entries(8, 100), np.eye(8, dtype=np.float32)

    def keep(number: int, question: str, scope: bytes = bytes(32), expires_ms: int = 0) -> None:
        entry = Entry(scope, question, expires_ms)
        held.add(bytes([number]) * 32, entry, vectors[number % 8], read(question))

    def alike(question: str, number: int, scope: bytes = bytes(32), now_ms: int = 0) -> list[str]:
        return [near.question for near in held.alike(scope, read(question), vectors[number], now_ms)]

    keep(0, ASKED)
    keep(1, OTHER)
    keep(2, "how can I reset my password", bytes([1]) * 32)
    keep(3, "How do I store sugar in salt?", expires_ms=10)
    keep(4, "How do I store salt in sugar?", expires_ms=20)
    assert alike(AGAIN, 7) == [ASKED]
    assert alike("how to store salt in sugar", 4) == ["How do I store salt in sugar?", "How do I store sugar in salt?"]
    assert alike("how to store salt in sugar", 4, now_ms=10) == ["How do I store salt in sugar?"]
    held.expire(20)
    assert alike("how to store salt in sugar", 4) == alike("how do I fix my password", 0) == []
    asked = ["Please, how do I reset my password?", "Hi! How do I reset my password?", "How can I reset my password?"]
    for number, question in enumerate([*asked, "how to reset my password"], 5):
        keep(number, question)
    assert ASKED not in alike(AGAIN, 0)  # the newest are enough
    assert len(alike(AGAIN, 0)) == MOST_ALIKE
    assert alike(AGAIN, 0, bytes([1]) * 32) == ["how can I reset my password"]


def test_what_the_words_don_t_find_the_index_does(make: Callable[..., SemanticCache]) -> None:
    cache = make()
    for number in range(3 * FEW):
        cache.put(f"How do I repair my printer number {number}?", number)
    assert cache.get("how to fix my printer number 7") == 7
    assert cache.get("how to fix my printer number 700") is None


def test_a_full_disk_leaves_the_older_snapshot(
    make: Callable[..., SemanticCache], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = make(folder=tmp_path)
    cache.put(ASKED, 1)
    assert cache.save()
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    cache.put(OTHER, 2)
    assert not cache.save()
    assert cache.snapshot_errors == 1
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [before]


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "of another version"])
def test_a_snapshot_that_can_t_be_taken_is_left(make: Callable[..., SemanticCache], tmp_path: Path, harm: str) -> None:
    cache = make(folder=tmp_path)
    cache.put(ASKED, 1)
    cache.close()
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    harmed = {"cut": content[:-9], "flipped": content[:-9] + b"x" + content[-8:], "empty": b""}.get(harm, content)
    file.write_bytes(harmed)
    made_for = ["another encoder", *cache._made_for[1:]] if harm == "of another version" else cache._made_for
    entries = Entries(cache.entries.ndim, 10)
    assert snapshot.load(file, entries, made_for) is None
    assert len(entries) == 0


def test_without_calibration_it_learns_from_answers_that_the_model_gave_anyway(
    make: Callable[..., SemanticCache],
) -> None:
    asked: list[str] = []
    words = ["password", "router", "printer", "phone"]

    def model(prompt: Any, **_: Any) -> str:
        asked.append(prompt)
        return "The  same!"

    cache = make(model, calibration=None)
    for word in words:
        cache(f"How do I reset my {word}?")
        cache(f"Could you tell me how to reset my {word}?")
    assert len(asked) == 8  # nothing is served
    assert sum(count for count, _ in cache.budget.checks()) == 4
    assert sum(false for _, false in cache.budget.checks()) == 0


def test_checks_open_a_cell_and_false_ones_shut_it() -> None:
    budget = Budget(b"checks", 0.01, 0, checked_share=0.0)
    asked = 0
    while not budget.serves(3):
        budget.record(3, True)
        asked += 1
        assert asked < 2000
    assert asked > 300  # 0 of 300 is the least for a bound of 1 % at a single look: 1 - 0.05^(1/300)
    assert not budget.serves(4)
    for _ in range(5):
        budget.record(3, False)
    assert not budget.serves(3)


def test_calibration_holds_until_checks_refute_it() -> None:
    budget = Budget(b"checks", 0.01, 2, checked_share=0.0)
    assert budget.serves(0)
    assert budget.serves(1)
    assert not budget.serves(2)
    budget.record(1, False)
    assert not budget.serves(1)  # the first check of all is false: 1/2 against 0.01, beyond 20
    assert budget.serves(0)


def test_the_refutation_is_rarely_wrong_however_often_one_looks() -> None:
    chance = random.Random(11)
    wrong = 0
    for _ in range(400):
        false = 0
        for asked in range(1, 400):
            false += chance.random() < 0.01
            if refuted(false, asked, 0.01):
                wrong += 1
                break
    assert wrong / 400 <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_workers_share_their_checks(make: Callable[..., SemanticCache]) -> None:
    first, second = make(calibration=None), make(calibration=None)
    for cache, count in ((first, 3), (second, 4)):
        for _ in range(count):
            cache.budget.record(5, False)
    for cache in (first, second, first):
        cache.budget.exchange(cache._store, 2.0)
    assert first.budget.checks()[5] == second.budget.checks()[5] == (7, 7)


def test_a_share_of_hits_is_checked(make: Callable[..., SemanticCache]) -> None:
    cache = make(checked_share=1.0)
    cache(ASKED)
    assert cache(AGAIN) == f"about {AGAIN}"
    assert sum(false for _, false in cache.budget.checks()) == 1  # the two answers differ


def test_streams_are_stored_and_compared(make: Callable[..., SemanticCache]) -> None:
    cache = make(lambda prompt, **_: iter(["a ", "b"]))
    assert list(cache(ASKED)) == ["a ", "b"]
    assert list(cache(AGAIN)) == ["a ", "b"]
    assert cache.counts.calls == 1
    checking = make(lambda prompt, **_: iter(["a", " b"]), checked_share=1.0)
    checking.catch_up()
    assert list(checking(AGAIN)) == ["a", " b"]
    assert sum(asked for asked, _ in checking.budget.checks()) == 1
    assert sum(false for _, false in checking.budget.checks()) == 0


def test_an_asynchronous_model(make: Callable[..., SemanticCache]) -> None:
    async def model(prompt: Any, **_: Any) -> str:
        return f"about {prompt}"

    async def run() -> list[Any]:
        cache = make(model)
        async with cache:
            return [await cache(ASKED), await cache(AGAIN), await cache.get(OTHER), await cache.put(OTHER, "x")]

    assert asyncio.run(run()) == [f"about {ASKED}", f"about {ASKED}", None, True]


def test_a_forked_worker_goes_on(make: Callable[..., SemanticCache]) -> None:
    cache = make()
    cache(ASKED)
    with cache.entries.lock, cache.budget.lock:  # as a thread of the parent may hold them
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe()
        child = context.Process(target=lambda: sender.send((cache.get(AGAIN), cache(OTHER))))
        child.start()
        assert receiver.poll(60)
        assert receiver.recv() == (f"about {ASKED}", f"about {OTHER}")
        child.join()


def test_an_encoder_that_fails_leaves_the_exact_cache(make: Callable[..., SemanticCache]) -> None:
    calls = itertools.count()

    def encoder(texts: Any) -> Any:
        if next(calls):
            raise RuntimeError("no memory")
        return np.ones((len(texts), 8), np.float32)

    cache = make(encoder=encoder, calibration=None)
    assert cache(ASKED) == cache(ASKED) == f"about {ASKED}"
    assert cache.counts.hits == 1


def test_a_second_encoder_refuses(make: Callable[..., SemanticCache]) -> None:
    cache = make(second_encoder=lambda texts: np.eye(2, dtype=np.float32)[: len(texts)])
    cache(ASKED)
    assert cache.get(AGAIN) is None


def test_a_store_that_is_gone_and_back(make: Callable[..., SemanticCache], store_url: str) -> None:
    cache = make()
    cache.put(ASKED, "kept")
    client = redis.from_url(store_url)
    client.flushdb()
    assert cache(AGAIN) == f"about {AGAIN}"
    assert cache.get(ASKED) == f"about {AGAIN}"  # asked for the same, and stored since


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"max_false_hit_rate": 0.0}, "max_false_hit_rate"),
        ({"checked_share": 2}, "checked_share"),
        ({"max_entries": 0}, "max_entries"),
        ({"calibration": "missing.json"}, "missing.json"),
    ],
)
def test_bad_arguments_are_named(make: Callable[..., SemanticCache], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make(**changes)
