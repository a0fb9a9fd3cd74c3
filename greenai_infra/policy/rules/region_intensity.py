"""`region-intensity`: the carbon intensity of a stack's grid is at most a cap."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from greenai_infra.contracts.declared import Unknown
from greenai_infra.policy.facts import carbon_facts
from greenai_infra.policy.rule import Breach, RuleSettings, Stack, StackRule
from greenai_infra.typed_yaml.section import Positive

if TYPE_CHECKING:
    from collections.abc import Iterator


class RegionIntensity(RuleSettings, frozen=True, kw_only=True):
    """The cap, and what kind of figure it is: two kinds are never compared."""

    needs: ClassVar[str] = "max_g_per_kwh"
    needs_example: ClassVar[str] = "max_g_per_kwh: 100"

    max_g_per_kwh: Positive | None = None
    """Cap in gCO2eq/kWh; without a cap the rule does not run."""
    basis: Literal["lifecycle", "direct"] = "lifecycle"
    signal: Literal["average", "marginal"] = "average"


def check_region_intensity(stack: Stack, settings: RegionIntensity) -> Iterator[Breach]:
    """Every intensity that the tags or the config name, each against the cap if it is of the cap's kind."""
    cap = settings.max_g_per_kwh
    if cap is None or not stack.built:
        return
    kind, judged = f"{settings.basis}, {settings.signal}", False
    for facts in carbon_facts(stack):
        intensity, urn = facts.intensity_g_per_kwh, facts.urn or stack.urn
        if facts.problem:
            yield Breach(urn, "", f"{facts.where}: {facts.problem}", ran=False)
        elif isinstance(intensity, Unknown):
            yield Breach(urn, "", f"the intensity in {facts.where} is not known before up", ran=False)
        elif intensity is None:
            continue
        elif (facts.basis, facts.signal) != (settings.basis, settings.signal):
            said = f"{facts.basis or 'no basis'}, {facts.signal or 'no signal'}"
            message = f"the cap is {cap:g} g/kWh ({kind}) but {facts.where}: {intensity:g} ({said}); not comparable"
            yield Breach(urn, "", message, "plan with figures of the cap's kind, or set basis and signal", ran=False)
        elif intensity > cap:
            yield Breach(urn, "", f"{facts.where}: {intensity:g} g/kWh, more than the cap of {cap:g} ({kind})")
        judged = True
    if not judged:
        message = f"neither tags nor config say the intensity that the cap of {cap:g} g/kWh is for"
        yield Breach(stack.urn, "", message, "let `greenai-infra select` write the config, and tag from it", ran=False)


REGION_INTENSITY = StackRule(
    id="region-intensity",
    title="The region's carbon intensity keeps the cap",
    remedy="plan again (greenai-infra plan, select) for a region with a cleaner grid, or raise max_g_per_kwh",
    why="The place decides most of what a workload emits. Figures of another basis (lifecycle, direct) or signal "
    "(average, marginal) differ severalfold, so they are refused rather than compared.",
    settings=RegionIntensity,
    check=check_region_intensity,
    order=40,
)
