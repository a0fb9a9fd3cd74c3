"""A worker of the soak: a service on a Unix socket with caches of two versions of a model in front of it.

One version has the exact cache, the other the semantic one, which answers a question in either wording.

A request is a JSON line with prompt and version, its reply one with the answer and whether the model was asked for it.
`python -m tests.campaign.soak_worker SOCKET STORE CALLS`; each call of the model is a line of the file CALLS.
"""

from __future__ import annotations

import hashlib
import json
import os
import socketserver
import sys
import threading
import time
from typing import Any

from prometheus_client import CollectorRegistry

from greenai_infra import InferenceCache, SemanticCache
from greenai_infra.serving.energy import CacheEnergy, measured
from greenai_infra.serving.metrics import CacheMetrics
from greenai_infra.serving.semantic.calibration import Calibration, Counts
from greenai_infra.serving.semantic.encoder import StaticEncoder

EXACT, SEMANTIC = VERSIONS = ("1", "2")
WORDINGS = ("How do I reset device number {}?", "Could you tell me how to reset device number {}?")
CALL_J = 1.0
MODEL_S = 0.002


def answer_of(prompt: str, version: str) -> str:
    """The model, which says the same of a device in whatever words it is asked."""
    prompt = prompt.rpartition(" ")[2]
    return hashlib.sha256(f"{version}|{prompt}".encode()).hexdigest()


class Service:
    """The caches, their metrics and the model."""

    def __init__(self, store: str, calls: str) -> None:
        self.metrics = CacheMetrics(
            call=measured(CALL_J),
            cache=CacheEnergy(lookup_j=0.0, encoder_j=0.0, standing_w=0.0),
            intensity=400.0,
            store=store,
            registry=CollectorRegistry(),
            settled_every_s=0.2,
        )
        self._calls = os.open(calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._asked = threading.local()
        self._lock = threading.Lock()
        self.avoided = 0
        self.caches = {version: self._cache(store, version) for version in VERSIONS}

    def _cache(self, store: str, version: str) -> InferenceCache:
        def call(prompt: str) -> str:
            self._asked.yes = True
            os.write(self._calls, f"{version} {prompt[:40]}\n".encode())
            time.sleep(MODEL_S)
            return answer_of(prompt, version)

        if version == EXACT:
            events = self.metrics.listen(model="soak", version=version)
            return InferenceCache(call, model="soak", version=version, url=store, flight_s=2, events=events)
        events = self.metrics.listen(model="soak", version=version, cache="semantic")
        return SemanticCache(
            call, model="soak", version=version, url=store, flight_s=2, events=events,
            calibration=Calibration(Counts(asked=600), StaticEncoder.name),
        )  # fmt: skip

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request, or the sums at the end."""
        if request.get("stop"):
            self.metrics.close()
            total = self.metrics.total()
            errors = total.errors
            return {"saved_j": total.saved_j, "hits": total.hits, "avoided": self.avoided, "errors": errors}
        self._asked.yes = False
        answer = self.caches[request["version"]](request["prompt"])
        if not self._asked.yes:
            with self._lock:
                self.avoided += 1
        return {"answer": answer, "asked": self._asked.yes}


def main(path: str, store: str, calls: str) -> None:
    """Serve until killed."""
    service = Service(store, calls)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                self.wfile.write(json.dumps(service.reply(json.loads(line))).encode() + b"\n")

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(path, Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
