"""Scale to zero against always on: how often a sleeping server must start, and from which rate it should stay up.

Requests arrive at random (Poisson) at a mean rate l. A start takes C. The server then stays up until nothing has been
running for T; an answer takes S, so each request holds it for G = S + T. From the end of a start until G without a new
request pass (e^(lG) - 1) / l on average (the busy period of an M/G/infinity queue; the spread of S does not matter),
and then 1 / l until the next request. With a cycle of C + e^(lG) / l and x = e^(-lG), d = 1 + lC x:

    starts an hour   = l x / d            up = (1 - x) / d        starting = lC x / d        off = x / d
    requests waiting = (1 + lC) x / d     wait of each = C (1 + lC / 2) / (1 + lC)

In any unit (Wh, kg, USD) an hour up costs `on`, an hour off `off` and a start `start`. Sleeping pays while
start + off / l < on (C + 1 / l), so below the rate l = (on - off) / (start - on C), whatever T is; a start that costs
no more than staying up for as long makes it pay at any rate. The energy of answering is the same both ways.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

SECONDS_PER_HOUR = 3600.0


class Cycle(NamedTuple):
    """Long-run behaviour of a server that scales to zero: shares of time and of requests, seconds."""

    starts_per_hour: float
    up_share: float
    starting_share: float
    off_share: float
    waiting_share: float
    mean_wait_s: float


def cycle(requests_per_hour: float, start_s: float, answer_s: float, keep_warm_s: float) -> Cycle:
    """The long run at a rate. Without requests it is off all the time."""
    rate = requests_per_hour / SECONDS_PER_HOUR
    if not rate:
        return Cycle(0.0, 0.0, 0.0, 1.0, 0.0, start_s)
    within_start = rate * start_s
    pause = exp(-rate * (answer_s + keep_warm_s))  # the share of requests after which the server sleeps
    of_cycle = 1 + within_start * pause
    return Cycle(
        starts_per_hour=requests_per_hour * pause / of_cycle,
        up_share=(1 - pause) / of_cycle,
        starting_share=within_start * pause / of_cycle,
        off_share=pause / of_cycle,
        waiting_share=(1 + within_start) * pause / of_cycle,
        mean_wait_s=start_s * (1 + within_start / 2) / (1 + within_start),
    )


def per_hour(long_run: Cycle, on: float, off: float, start: float) -> float:
    """What an hour costs on average, in the unit of `on` and `off` (an hour) and of `start` (each)."""
    return on * long_run.up_share + off * long_run.off_share + start * long_run.starts_per_hour


def break_even_per_hour(on: float, off: float, start: float, start_s: float) -> float | None:
    """Requests per hour below which sleeping costs less than staying up; None if it costs less at any rate."""
    excess = start - on * start_s / SECONDS_PER_HOUR
    if excess <= 1e-12 * start:
        return None
    return max(0.0, on - off) / excess
