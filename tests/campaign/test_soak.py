"""The soak: `pytest -n0 -s -m campaign tests/campaign/test_soak.py --soak-requests 100000` is the whole size."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from .soak import CLIENTS, Soak
from .soak_worker import CALL_J

pytestmark = pytest.mark.campaign


def test_answers_go_on_while_store_and_worker_are_killed(pytestconfig: pytest.Config) -> None:
    requests = int(pytestconfig.getoption("--soak-requests"))
    with tempfile.TemporaryDirectory(prefix="soak") as folder:  # short: it holds Unix sockets
        found = Soak(Path(folder), requests, int(pytestconfig.getoption("--campaign-seed"))).run()
    print(f"\n{found.text()}")
    assert found.wrong == []
    assert len(found.latencies_s) == found.requests == requests + 2, "none is lost"
    assert len(found.happened) == 7
    # Each client had at most one request at the worker that was killed; that one may have been a hit.
    assert found.stored_hits <= found.avoided_seen + CLIENTS
    assert found.stored_j == pytest.approx(found.stored_hits * CALL_J)
    for worker in found.workers:
        assert worker["hits"] == worker["avoided"], "what a living worker calls saved is what it has avoided"
        assert worker["saved_j"] == pytest.approx(worker["avoided"] * CALL_J)
    # The first asking of each question, those of an outage, and not much more.
    assert found.distinct <= found.model_calls <= found.requests - found.avoided_seen + CLIENTS
    assert found.avoided_seen > requests / 3
