"""Connections that threads share: nobody waits for one beyond the deadline, whoever else is faster."""

from __future__ import annotations

import threading
import time

from greenai_infra.serving.store import _Pool


def test_who_waits_is_given_what_comes() -> None:
    pool, found = _Pool(), []
    waiting = threading.Thread(target=lambda: found.append(pool.get(time.monotonic() + 60)))
    waiting.start()
    pool.put("a connection")
    waiting.join(60)
    assert found == ["a connection"]


def test_who_waits_in_vain_is_told_at_the_deadline() -> None:
    began = time.monotonic()
    assert _Pool().get(began + 0.02) is None
    assert time.monotonic() >= began + 0.02


def test_a_connection_that_another_thread_took_leaves_nobody_waiting() -> None:
    """The deadline passes between waking and finding nothing: queue.SimpleQueue would wait for ever."""
    pool, until, found = _Pool(), time.monotonic() + 0.1, []
    threads = [threading.Thread(target=lambda: found.append(pool.get(until)), daemon=True) for _ in range(30)]
    for thread in threads:
        thread.start()
    while time.monotonic() < until + 0.01:
        pool.put("a connection")
        if pool.idle:
            pool.idle.clear()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert len(found) == 30
