"""Carbon budgets: tiers of a run, shares of training and inference, and whether more kilograms fit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Literal

Kind = Literal["training", "inference"]
KINDS: tuple[Kind, ...] = ("training", "inference")
Period = Literal["year", "month"]
Share = Literal["training", "inference", "any"]
"""`any`: a reservation without a kind; it counts against the whole budget only."""
TRAINING_SHARE, INFERENCE_SHARE = 0.7, 0.3
ROUNDING_KG = 1e-9  # a microgram: smaller differences are the rounding of sums


class CarbonTier(StrEnum):
    """The size of a run: LOW below 10 kg CO2e, MEDIUM below 100, HIGH below 1,000, else CRITICAL."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


def tier_of(emissions_kg: float) -> CarbonTier:
    """The tier of a run. Raises ValueError for a negative or non-finite figure."""
    if not (isfinite(emissions_kg) and emissions_kg >= 0):
        raise ValueError(f"emissions must be 0 kg or more, not {emissions_kg:g}")
    bounds = ((10, CarbonTier.LOW), (100, CarbonTier.MEDIUM), (1000, CarbonTier.HIGH))
    return next((tier for bound, tier in bounds if emissions_kg < bound), CarbonTier.CRITICAL)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a project may emit: kg CO2e per calendar year, and per month if `month_kg` is set, split into two shares.

    A share limits its kind in both periods; what the shares leave over is unassigned. Raises ValueError for
    contradictions.
    """

    year_kg: float
    month_kg: float | None = None
    training_share: float = TRAINING_SHARE
    inference_share: float = INFERENCE_SHARE

    def __post_init__(self) -> None:
        for name, value in (("year_kg", self.year_kg), ("month_kg", self.month_kg)):
            if value is not None and not (isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0, not {value:g}")
        if self.month_kg is not None and self.month_kg > self.year_kg:
            raise ValueError(f"month_kg {self.month_kg:g} is more than year_kg {self.year_kg:g}")
        shares = (self.training_share, self.inference_share)
        if not all(0 <= share <= 1 for share in shares) or sum(shares) > 1 + 1e-9:
            raise ValueError(
                f"the shares of training ({shares[0]:g}) and inference ({shares[1]:g}) must be in 0 to 1 and sum to 1 "
                "at most"
            )

    def share_of(self, kind: Kind) -> float:
        """The share of training or of inference."""
        return self.training_share if kind == "training" else self.inference_share

    def limit_kg(self, period: Period, kind: Kind | None = None) -> float | None:
        """The limit of a period, for one kind or for both; None for a month without a limit."""
        whole = self.year_kg if period == "year" else self.month_kg
        return None if whole is None else whole * (self.share_of(kind) if kind else 1.0)


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that some kilograms would break, and what is committed (used and reserved) without them."""

    scope: str
    limit_kg: float
    committed_kg: float
    wanted_kg: float

    @property
    def over_kg(self) -> float:
        """The excess over the limit."""
        return self.committed_kg + self.wanted_kg - self.limit_kg


@dataclass(frozen=True, slots=True)
class Committed:
    """kg used and reserved by kind in a calendar year and in a month of it."""

    year: dict[Share, float]
    month: dict[Share, float]


def limits(allowance: Allowance, kind: Share) -> list[tuple[Period, Kind | None, float]]:
    """The limits that apply to kilograms of a kind: (period, share or None for the whole, kg)."""
    periods: tuple[Period, ...] = ("year", "month")
    shares: tuple[Kind | None, ...] = (None,) if kind == "any" else (None, kind)
    return [
        (period, share, limit)
        for period in periods
        for share in shares
        if (limit := allowance.limit_kg(period, share)) is not None
    ]


def excesses(allowance: Allowance, committed: Committed, kind: Share, wanted_kg: float) -> list[Excess]:
    """Every limit that `wanted_kg` more of a kind would break, the most broken first; empty if they fit."""
    found = []
    for period, share, limit_kg in limits(allowance, kind):
        sums = committed.year if period == "year" else committed.month
        total_kg = sums[share] if share else sum(sums.values())
        if total_kg + wanted_kg > limit_kg + ROUNDING_KG:
            found.append(Excess(scope_name(period, share), limit_kg, total_kg, wanted_kg))
    return sorted(found, key=lambda excess: -excess.over_kg)


def scope_name(period: Period, share: Kind | None) -> str:
    """`year`, or `year's training`."""
    return f"{period}'s {share}" if share else period
