"""`plan-age` and `live-data`: the plan is not old, and was not made on data that can't know today's grid."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from greenai_infra.clock import format_time
from greenai_infra.contracts.declared import Unknown
from greenai_infra.contracts.gate import Severity
from greenai_infra.numbers import duration, exact
from greenai_infra.policy.facts import CarbonFacts, carbon_facts
from greenai_infra.policy.rule import Breach, RuleSettings, Stack, StackRule
from greenai_infra.typed_yaml.section import Positive

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOCK_SKEW = timedelta(minutes=10)
"""How far ahead of this machine's clock another's may be."""
# How `greenai_infra.intensity` names what is not an answer of a service to a question asked when planning.
YEARLY = ("yearly mean", "yearly-mean")
NOT_LIVE_KINDS = (*YEARLY, "history", "latest")
NOT_LIVE_FLAGS = ("fallback", "sandbox", "stale", "cached", "estimated")
_NOT_LIVE = re.compile(rf"\b({'|'.join((*NOT_LIVE_FLAGS, 'embedded'))})\b", re.IGNORECASE)


class PlanAge(RuleSettings, frozen=True, kw_only=True):
    """How old a plan may be when a stack is previewed or built with it."""

    usual_severity: ClassVar[Severity] = "advisory"
    """Advisory unless you say otherwise: a stack outlives its plan, and must stay changeable when it does."""
    max_hours: Positive = 168


class LiveData(RuleSettings, frozen=True, kw_only=True):
    """Whether a plan must rest on answers of a service."""

    needs: ClassVar[str] = "require_live"
    needs_example: ClassVar[str] = "require_live: true"
    require_live: bool = False
    """Off: the rule does not run."""


def check_plan_age(stack: Stack, settings: PlanAge) -> Iterator[Breach]:
    """Judges the age of the plan: `planned_at` in the config, else the time of the intensity's observation.

    A yearly mean has no age in hours: `live-data` decides whether a yearly mean is accepted.
    """
    known = [one for one in carbon_facts(stack) if stack.built]
    planned = [one for one in known if one.planned_at is not None]
    seen = set()
    for facts in planned or [one for one in known if one.kind.lower() not in YEARLY]:
        moment, urn = facts.planned_at if planned else facts.observed_at, facts.urn or stack.urn
        what = "the plan" if planned else "the intensity"
        if (moment, facts.problem) in seen:
            continue
        seen.add((moment, facts.problem))
        if facts.problem:
            yield Breach(urn, "", f"{facts.where}: {facts.problem}", ran=False)
        elif isinstance(moment, Unknown) or moment is None:
            yield Breach(urn, "", f"{facts.where}: the age of {what} is not known before up", ran=False)
        elif moment > stack.now + CLOCK_SKEW:
            message = f"{facts.where}: {what} is of {format_time(moment)}, which lies ahead; its age can't be told"
            yield Breach(urn, "", message, "correct the time in the config, or this machine's clock", ran=False)
        elif stack.now - moment > timedelta(hours=settings.max_hours):
            hours = (stack.now - moment) / timedelta(hours=1)
            age = f"{duration(hours)} ({exact(round(hours, 1))} h)" if hours >= 72 else duration(hours)
            message = f"{facts.where}: {what} is of {format_time(moment)}, {age} old"
            limit = f"at most {duration(settings.max_hours)} (max_hours: {exact(settings.max_hours)})"
            yield Breach(urn, "", f"{message}; {limit}")


def check_live_data(stack: Stack, settings: LiveData) -> Iterator[Breach]:
    """Source and kind of the intensity, in the config and in the tags."""
    if not settings.require_live or not stack.built:
        return
    judged = False
    for facts in carbon_facts(stack):
        urn = facts.urn or stack.urn
        if facts.problem:
            yield Breach(urn, "", f"{facts.where}: {facts.problem}", ran=False)
        elif isinstance(facts.intensity_g_per_kwh, Unknown) or not (facts.source and facts.kind):
            if facts.intensity_g_per_kwh is None:
                continue
            yield Breach(urn, "", f"{facts.where} do not say source and kind of the intensity", ran=False)
        elif reason := why_not_live(facts):
            yield Breach(urn, "", f"{facts.where}: {reason}")
        judged = True
    if not judged:
        yield Breach(stack.urn, "", "neither tags nor config say where the intensity comes from", ran=False)


def why_not_live(facts: CarbonFacts) -> str:
    """Returns why the figure can't be a live answer of a service at planning time; empty if it may be."""
    if facts.kind.lower() in NOT_LIVE_KINDS:
        return f"the intensity is a {facts.kind}, not live data"
    found = _NOT_LIVE.search(facts.source) or _NOT_LIVE.search(facts.kind)
    return f"the intensity's source is marked {found[1].lower()}: {facts.source}" if found else ""


PLAN_AGE = StackRule(
    id="plan-age",
    title="The plan is not too old",
    remedy="plan and select again: greenai-infra plan workload.yaml --out plan.json && greenai-infra select plan.json",
    why="A forecast is worth little after days. Advisory by default: a stack outlives its plan, and a mandatory age "
    "would forbid changing a stack that runs well.",
    settings=PlanAge,
    check=check_plan_age,
    order=70,
)
LIVE_DATA = StackRule(
    id="live-data",
    title="The plan was made on live data",
    remedy="plan again with --require-live, and select that plan",
    why="Yearly means say where, not when; a fallback, a sandbox or a cached answer may be another grid's or another "
    "day's. Runs only with require_live: true.",
    settings=LiveData,
    check=check_live_data,
    order=80,
)
