"""Sections of the workload file: what it may cost and emit, and how both are weighed."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from msgspec import Meta, field

from greenai_infra.typed_yaml.section import Amount, Count, Section

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Limits(Section, frozen=True):
    """Limits on cost and emissions."""

    example: ClassVar[str] = "{cost_usd: 500}"

    cost_usd: Annotated[
        Count | None, Meta(description="maximum cost at list prices, with data transfer and standing cost")
    ] = None
    emissions_kg: Annotated[Amount | None, Meta(description="carbon budget, kg CO2e with embodied share")] = None
    max_premium_percent: Annotated[
        Annotated[float, Meta(ge=0, le=1e6)] | None,
        Meta(
            description="may cost at most this many percent more than the cheapest placement that all else here allows"
        ),
    ] = None


class Objective(Section, frozen=True):
    """What the plan minimises, where that is not emissions alone."""

    example: ClassVar[str] = "{carbon_price_usd_per_tonne: 100}"

    carbon_price_usd_per_tonne: Annotated[
        Annotated[float, Meta(ge=0, le=1e9)],
        Meta(description="minimises cost + this price x emissions instead of emissions; 0 takes the cheapest"),
    ]


class CarbonBudget(Section, frozen=True):
    """What the project may emit in the chosen region; alarms compare measurements with it."""

    example: ClassVar[str] = "{daily_kg: 4, monthly_kg: 40}"

    daily_kg: Annotated[Amount, Meta(description="kg CO2e in any 24 hours")]
    monthly_kg: Annotated[Amount, Meta(description="kg CO2e in a month; sets the alarms on the rate of use")]
    notify: Annotated[list[str], Meta(description="e-mail addresses that get the alarms")] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuses contradictory budgets."""
        if self.daily_kg > self.monthly_kg:
            raise ValueError(f"daily_kg {self.daily_kg:g} is more than monthly_kg {self.monthly_kg:g}")
        if self.daily_kg * 31 < self.monthly_kg:
            raise ValueError(
                f"monthly_kg {self.monthly_kg:g} can't be reached with daily_kg {self.daily_kg:g} "
                f"(31 days of it are {31 * self.daily_kg:g})"
            )
        for address in self.notify:
            if not EMAIL.fullmatch(address):
                raise ValueError(f"notify '{address}' is not an e-mail address")
