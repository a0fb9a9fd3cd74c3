"""The circuit breaker, on a clock of the test."""

from __future__ import annotations

from greenai_infra.serving.breaker import Breaker

BUSY = TimeoutError("busy")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed(BUSY)


def shut_off(breaker: Breaker) -> bool:
    """As a function, since mypy takes an attribute to be as it was."""
    return breaker.is_open


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = Breaker(5, Clock())
    fail(breaker, 4)
    assert not shut_off(breaker)
    breaker.succeeded()
    fail(breaker, 4)
    assert not shut_off(breaker)
    fail(breaker, 1)
    assert shut_off(breaker)


def test_one_asks_again_after_a_pause_that_grows() -> None:
    clock = Clock()
    breaker = Breaker(1, clock)
    assert not breaker.due()
    fail(breaker, 1)
    pauses = []
    for _ in range(7):
        assert not breaker.due()
        since = clock.now
        while not breaker.due():
            clock.now += 0.25
        pauses.append(clock.now - since)
        assert not breaker.due()  # only one
        breaker.asked(False)
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]


def test_it_closes_on_trial() -> None:
    clock = Clock()
    breaker = Breaker(5, clock)
    fail(breaker, 5)
    clock.now = 1
    assert breaker.due()
    breaker.asked(True)
    assert not shut_off(breaker)
    fail(breaker, 1)
    assert shut_off(breaker)  # one failure is enough
    clock.now = 9
    assert breaker.due()
    breaker.asked(True)
    breaker.succeeded()
    fail(breaker, 4)
    assert not shut_off(breaker)
