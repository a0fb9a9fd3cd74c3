"""The carbon facts that a stack carries: in the tags of its resources, and in the config that the plan wrote.

The gate reads both, because either can be changed without the other: trusting the greener figure would be a loophole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import parse_time
from greenai_infra.contracts.declared import UNKNOWN, Unknown, has_unknown, plain
from greenai_infra.contracts.labels import number_of_label, time_of_label
from greenai_infra.contracts.stack.several_regions import running_section
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.policy.rule import Stack

INTENSITY = "carbon-intensity-g-per-kwh"
BASIS, SIGNAL = "carbon-basis", "carbon-signal"
SOURCE, KIND, OBSERVED_AT = "carbon-source", "carbon-kind", "carbon-observed-at"

BASES = ("lifecycle", "direct")
SIGNALS = ("average", "marginal")


@dataclass(frozen=True)
class CarbonFacts:
    """What one place says about the intensity and the plan. None: not stated. UNKNOWN: known only after `up`.

    `where` names the place for people. `urn` is empty for the config.
    """

    where: str
    urn: str
    intensity_g_per_kwh: float | Unknown | None = None
    basis: str = ""
    signal: str = ""
    source: str = ""
    kind: str = ""
    observed_at: datetime | Unknown | None = None
    planned_at: datetime | Unknown | None = None
    problem: str = ""


def carbon_facts(stack: Stack) -> list[CarbonFacts]:
    """The facts of the config's sections, and each different set of facts of the resources' tags once."""
    found = list(_of_config(stack.config))
    seen: set[CarbonFacts] = set()
    for resource in stack.built:
        tags = resource.tags
        if not resource.taggable or tags is None or (isinstance(tags, dict) and INTENSITY not in tags):
            continue
        facts = facts_of_tags(resource, tags)
        alike = replace(facts, where="", urn="")
        if alike not in seen:
            seen.add(alike)
            found.append(facts)
    return found


def facts_of_tags(resource: DeclaredResource, tags: Any) -> CarbonFacts:
    """What a resource's tags or labels say."""
    facts = CarbonFacts(f"the tags of {resource.name}", resource.urn)
    if not isinstance(tags, dict):
        return replace(facts, intensity_g_per_kwh=UNKNOWN, observed_at=UNKNOWN)
    labels = resource.package == "gcp"
    try:
        intensity = _number(tags.get(INTENSITY), labels)
        observed_at = _time(tags.get(OBSERVED_AT), labels)
    except ValueError as error:
        return replace(facts, problem=str(error))
    return replace(
        facts,
        intensity_g_per_kwh=intensity,
        observed_at=observed_at,
        basis=_word(tags.get(BASIS)),
        signal=_word(tags.get(SIGNAL)),
        source=_word(tags.get(SOURCE)),
        kind=_word(tags.get(KIND)),
    )


def _of_config(config: Mapping[str, Any]) -> Iterator[CarbonFacts]:
    for key, section in config.items():
        if not isinstance(section, dict):
            continue
        section = running_section(section)
        carbon, planned = plain(section.get("carbon")), plain(section.get("planned"))
        if carbon is None and planned is None:
            continue
        facts = CarbonFacts(f"the config's section {key}", "")
        if has_unknown(carbon) or has_unknown(planned):
            yield replace(facts, intensity_g_per_kwh=UNKNOWN, observed_at=UNKNOWN, planned_at=UNKNOWN)
            continue
        carbon = carbon if isinstance(carbon, dict) else {}
        planned = planned if isinstance(planned, dict) else {}
        try:
            yield replace(
                facts,
                intensity_g_per_kwh=_number(carbon.get("intensity_g_per_kwh"), False),
                observed_at=_time(carbon.get("observed_at"), False),
                planned_at=_time(planned.get("planned_at"), False),
                basis=_word(carbon.get("basis")),
                signal=_word(carbon.get("signal")),
                source=_word(carbon.get("source")),
                kind=_word(carbon.get("kind")),
            )
        except ValueError as error:
            yield replace(facts, problem=str(error))


def _number(value: Any, label: bool) -> float | Unknown | None:
    if value is None or value is UNKNOWN:
        return value
    if isinstance(value, bool):
        raise ValueError(f"the intensity is {value}, not a figure")
    try:
        number = number_of_label(str(value)) if label else float(value)
    except (TypeError, ValueError):
        raise ValueError(f"the intensity '{value}' is not a figure in g/kWh") from None
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"the intensity '{value}' is not a figure in g/kWh")
    return number


def _time(value: Any, label: bool) -> datetime | Unknown | None:
    if value is None or value is UNKNOWN:
        return value
    try:
        return time_of_label(str(value)) if label else parse_time(str(value))
    except InputError as error:
        raise ValueError(str(error)) from None


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
