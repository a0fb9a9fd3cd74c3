"""Upper confidence bounds of a share, from so many false among so many.

`clopper_pearson` holds for one look at a sample whose size was fixed before. `at_any_time` holds at all looks together,
however often one looks and whenever one stops.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIDENCE = 0.95


def clopper_pearson(false: int, asked: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided upper bound: the share p at which P(at most `false` of `asked`) is 1 - confidence.

    Clopper and Pearson, Biometrika 26 (1934). 1.0 where nothing was asked.
    """
    if asked <= 0 or false >= asked:
        return 1.0
    return _where_falls(lambda share: _at_most(false, asked, share), 1 - confidence, false / asked)


def at_any_time(false: int, asked: int, confidence: float = CONFIDENCE) -> float:
    """An upper bound that holds for all sample sizes at once (a confidence sequence).

    For each share p the likelihood ratio of a Beta(0.2, 100) mixture against p is a martingale with mean 1 under p; by
    Ville's inequality it ever reaches 1/(1 - confidence) with probability 1 - confidence at most (Robbins, Annals of
    Mathematical Statistics 41, 1970). The bound is the largest p at which it has not.
    Without a false hit, 332 are enough for a bound of 1 % (Clopper-Pearson at one look: 299).
    """
    if asked <= 0 or false >= asked:
        return 1.0
    return _where_falls(lambda share: _not_refuted(false, asked, share), 1 - confidence, max(false / asked, 1e-12))


def _not_refuted(false: int, asked: int, share: float) -> float:
    """The inverse of the likelihood ratio of the mixture against the share."""
    a, b = 0.2, 100.0
    mixture = _log_beta(a + false, b + asked - false) - _log_beta(a, b)
    return exp(min(false * log(share) + (asked - false) * log1p(-share) - mixture, 50.0))


def _where_falls(falling: Callable[[float], float], target: float, low: float) -> float:
    """The largest p above `low` at which the function, falling from there on, is still `target`."""
    high = 1.0 - 1e-15
    for _ in range(80):
        middle = (low + high) / 2
        if falling(middle) > target:
            low = middle
        else:
            high = middle
    return high


def _at_most(false: int, asked: int, share: float) -> float:
    """P(X <= false) for X binomial."""
    if share <= 0:
        return 1.0
    return sum(
        exp(
            lgamma(asked + 1)
            - lgamma(count + 1)
            - lgamma(asked - count + 1)
            + count * log(share)
            + (asked - count) * log1p(-share)
        )
        for count in range(false + 1)
    )


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
