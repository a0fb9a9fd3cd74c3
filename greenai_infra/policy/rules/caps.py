"""`cost-cap` and `carbon-cap`: what a stack costs and emits in a month, without any work, keeps a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from greenai_infra.numbers import exact, exceeding
from greenai_infra.policy.rule import Breach, RuleSettings, Stack, StackRule, Standing
from greenai_infra.typed_yaml.section import Positive

if TYPE_CHECKING:
    from collections.abc import Iterator


UNKNOWN_STANDING = Standing(None, None)


class Cap(RuleSettings, frozen=True, kw_only=True):
    """Settings of both limits. `known_only` compares the sum of the known figures with the limit, and ignores the rest.

    Without `known_only` a stack with an unknown figure can't pass. The energy of an alarm, a key or a network endpoint
    is not published, so a carbon cap on a stack with such resources needs `known_only`.
    """

    known_only: bool = False


class CostCap(Cap, frozen=True, kw_only=True):
    """Limit of the standing cost; without a limit the rule does not run."""

    needs: ClassVar[str] = "max_usd_per_month"
    needs_example: ClassVar[str] = "max_usd_per_month: 2000"
    max_usd_per_month: Positive | None = None


class CarbonCap(Cap, frozen=True, kw_only=True):
    """Limit of the standing emissions, and what kind of figure it is; without a limit the rule does not run."""

    needs: ClassVar[str] = "max_kg_per_month"
    needs_example: ClassVar[str] = "max_kg_per_month: 50"
    max_kg_per_month: Positive | None = None
    basis: Literal["lifecycle", "direct"] = "lifecycle"
    signal: Literal["average", "marginal"] = "average"


def check_cost_cap(stack: Stack, settings: CostCap) -> Iterator[Breach]:
    """USD a month of what runs all the time; a stack with a resource of unknown price can't be said to keep it."""
    cap = settings.max_usd_per_month
    if cap is not None:
        standing = stack.standing or UNKNOWN_STANDING
        missing = () if settings.known_only else standing.unpriced
        total, high = _total(standing.cost_usd_per_month, stack, settings), standing.cost_usd_per_month_high
        yield from _judge(stack, total, cap, "USD", missing)
        if total is not None and high is not None and total <= cap < high and not settings.known_only:
            message = f"the standing USD a month is an estimate, and up to {exceeding(high, cap)}: more than the cap"
            remedy = "fetch the prices of the region: greenai-infra catalog refresh-services; or set known_only: true"
            yield Breach(stack.urn, "", message, remedy, ran=False)


def check_carbon_cap(stack: Stack, settings: CarbonCap) -> Iterator[Breach]:
    """kg CO2e a month of what runs all the time, against a cap of the same basis and signal."""
    cap, standing = settings.max_kg_per_month, stack.standing or UNKNOWN_STANDING
    if cap is None:
        return
    total = _total(standing.emissions_kg_per_month, stack, settings)
    wanted, said = (settings.basis, settings.signal), (standing.basis, standing.signal)
    if total and said != wanted:
        kind = ", ".join(filter(None, said)) or "no basis"
        message = f"the cap is {', '.join(wanted)} but the standing emissions are {kind}; the two are not comparable"
        yield Breach(stack.urn, "", message, "set basis and signal to those of the plan's intensity", ran=False)
        return
    yield from _judge(stack, total, cap, "kg CO2e", () if settings.known_only else standing.unmeasured)


def _total(total: float | None, stack: Stack, settings: Cap) -> float | None:
    """Returns the sum of the known figures; 0 if `known_only` is set and all figures are unknown."""
    return 0.0 if total is None and settings.known_only and stack.standing is not None else total


def _judge(stack: Stack, total: float | None, cap: float, unit: str, missing: tuple[str, ...]) -> Iterator[Breach]:
    """A total over the cap is a violation, even if some figures are missing from it."""
    if total is not None and total > cap:
        yield Breach(
            stack.urn, "", f"standing {exceeding(total, cap)} {unit} a month, more than the cap of {exact(cap)}"
        )
    elif total is None:
        yield Breach(stack.urn, "", f"the standing {unit} a month is not known", ran=False)
    elif missing:
        listed = ", ".join(missing[:5]) + (" and more" if len(missing) > 5 else "")
        message = f"the standing {unit} a month is not known for {listed}"
        yield Breach(stack.urn, "", message, "set known_only: true to judge by the sum of what is known", ran=False)


COST_CAP = StackRule(
    id="cost-cap",
    title="Standing cost per month keeps the cap",
    remedy="take fewer or smaller instances, a serverless variant, or raise max_usd_per_month",
    why="Endpoints and caches cost by the hour whether or not they are asked. Runs only with max_usd_per_month.",
    settings=CostCap,
    check=check_cost_cap,
    order=60,
)
CARBON_CAP = StackRule(
    id="carbon-cap",
    title="Standing emissions per month keep the cap",
    remedy="take fewer or smaller instances, a serverless variant or a cleaner region, or raise max_kg_per_month",
    why="What runs all the time emits all the time. Runs only with max_kg_per_month.",
    settings=CarbonCap,
    check=check_carbon_cap,
    order=50,
)
