"""Findings about the run itself: why the program stopped, names used twice, what could not be answered offline."""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.regions import find_region
from greenai_infra.catalog.tables import lifecycle
from greenai_infra.contracts.declared import STACK_TYPE, Finding
from greenai_infra.contracts.preview_codes import BAD_CONFIG, PROGRAM_FAILED, REFUSED
from greenai_infra.errors import InputError, Refused
from greenai_infra.policy.rules.plan_age import YEARLY
from greenai_infra.previews.standing.config import program_section, program_sections
from greenai_infra.project.stack_files import read_project, stack_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from greenai_infra.previews.offline.program import ProgramFailure
    from greenai_infra.previews.offline.recorded import Recorded
    from greenai_infra.project.project import StackProgram

PLAN_AGAIN = "plan again and select again"
TABLE_PUBLISHER = "Electricity Maps"
ROUNDING_G_PER_KWH = 1.0  # the table has whole grams
SDK_ON_UNKNOWN = "get can only be used with classes decorated"
"""What the SDK says when a program reads a field of a lookup's result that is unknown."""


def config_findings(program: StackProgram) -> list[Finding]:
    """Config values that can't be read without the stack's key."""
    return [
        Finding(
            "warning",
            "config-encrypted",
            "",
            key,
            f"{key} is encrypted; offline its value is unknown",
            "what depends on it is checked in the engine's preview only",
        )
        for key in program.encrypted
    ]


def carbon_findings(program: StackProgram) -> list[Finding]:
    """Carbon facts that can't be those of the stack's region: every tag, and every rule about them, would be wrong.

    They are of another grid zone, or claim to be a yearly mean that our table has with another figure.
    """
    return [finding for section in program_sections(program) for finding in _carbon_of(section)]


def _carbon_of(section: Mapping[str, Any]) -> list[Finding]:
    try:
        provider = section.get("provider", "aws")
        region, zone = find_region(f"{provider}:{section['region']}"), section["carbon"]["zone"]
    except (ValueError, KeyError, TypeError, AttributeError, InputError):
        return []  # the program itself says what is wrong
    if region.zone != zone:
        message = f"carbon.zone is {zone}, but {region.name} ({region.place}) lies in {region.zone}"
        return [Finding("error", "zone-mismatch", "", "carbon.zone", message, PLAN_AGAIN)]
    return _mean_findings(zone, section["carbon"])


def _mean_findings(zone: str, carbon: Mapping[str, Any]) -> list[Finding]:
    """A yearly mean of the table that `plan` reads, if it is off by more than rounding."""
    year, given = str(carbon.get("observed_at", ""))[:4], carbon.get("intensity_g_per_kwh")
    if carbon.get("kind") not in YEARLY or not year.isdecimal() or not isinstance(given, int | float):
        return []
    if not 0 <= given < inf:
        return []  # the program itself says what is wrong
    mean = lifecycle(zone, int(year))
    of_table = mean and (carbon.get("signal"), carbon.get("basis")) == (mean.signal, mean.basis)
    if mean is None or not of_table or abs(given - mean.g_per_kwh) <= ROUNDING_G_PER_KWH:
        return []
    if TABLE_PUBLISHER not in str(carbon.get("source")):
        return []
    message = f"{zone}'s yearly mean of {year} is {mean.g_per_kwh:g} g/kWh in that table, not {given:g}"
    return [Finding("error", "intensity-mismatch", "", "carbon.intensity_g_per_kwh", message, PLAN_AGAIN)]


def alarms_stack_findings(program: StackProgram) -> list[Finding]:
    """Finds a stack whose named alarms stack has no alarms, or has alarms for something else.

    The engine reads the other stack's outputs; offline only the other stack's file is available.
    """
    key = f"{program.project}:alarms-stack"
    name = program.config.get(key)
    if not name or "/" in name:
        return []
    other = stack_file(read_project(program.root), name)
    if not other.text:
        message = f"stack {name} has no file here, so nothing says that it has budget alarms"
        remedy = f"keep Pulumi.{name}.yaml beside this stack's file, or name a stack that is there"
        return [Finding("error", "alarms-stack-unknown", "", key, message, remedy)]
    watched = other.value("alarms")
    if not isinstance(watched, dict):
        remedy = f"write {program.project}:alarms into its file, or name a stack that runs program alarms"
        return [
            Finding("error", "alarms-stack-without-alarms", "", key, f"stack {name} builds no budget alarms", remedy)
        ]
    watched = {**other.section, **watched}
    own = program_section(program)
    if not own:
        return []  # the program itself says what is wrong
    findings = []
    for what, default in (("project", None), ("environment", "research"), ("region", None)):
        mine, its = (section.get(what, default) for section in (own, watched))
        if mine != its:
            message = f"stack {name} watches {what} '{its}', this stack has '{mine}'"
            remedy = "name a stack whose alarms watch the same project, environment and region"
            findings.append(Finding("error", "alarms-stack-elsewhere", "", key, message, remedy))
    return findings


def program_findings(recorded: Recorded, failure: ProgramFailure | None) -> list[Finding]:
    """What happened while the program ran."""
    findings = []
    if failure is not None and failure.why is not None:
        half = any(one.request.type != STACK_TYPE for one in recorded.registrations.values())
        what = "resources after this point are not shown" if half else "nothing is declared before that"
        code = REFUSED if failure.why is Refused else BAD_CONFIG
        remedy = what if failure.why is Refused else f"correct the stack's config; {what}"
        findings.append(Finding("error", code, "", "", failure.message, remedy))
    elif failure is not None:
        place = f"{failure.source}: " if failure.source else ""
        remedy = "correct the program or its config; resources after this point are not shown"
        remedy += f" ({failure.hint})" if failure.hint else ""
        message = failure.message
        if recorded.invokes and SDK_ON_UNKNOWN in message:
            message = f"the result of {recorded.invokes[-1]} is used at once, and offline it is not known"
            remedy = "use the form that gives an output, as in get_region_output(), or pin the value in the config"
        findings.append(Finding("error", PROGRAM_FAILED, "", "", f"{place}{message}", remedy))
    for one in recorded.duplicates:
        first = recorded.registrations[one.urn]
        message = f"two resources have the type {one.request.type} and the name '{one.request.name}' here"
        lines = " and ".join(dict.fromkeys(filter(None, (_tail(first.source), _tail(one.source)))))
        message += f" ({lines})" if lines else ""
        findings.append(Finding("error", "duplicate-name", one.urn, "", message, "give each of them a name of its own"))
    for token in dict.fromkeys(recorded.invokes):
        message = f"the program asks for {token}, which only the cloud can answer; its result is unknown offline"
        remedy = "pin what it asks for in the stack's config, so that preview and up see the same"
        findings.append(Finding("warning", "lookup-not-answered", "", token, message, remedy))
    for one in recorded.registrations.values():
        if not one.read and one.request.remote:
            message = "a component that a plugin builds; what it is made of is not shown offline"
            findings.append(Finding("warning", "component-not-run", one.urn, "", message))
        if one.read:
            message = "read from the cloud; its properties are unknown offline"
            findings.append(Finding("warning", "read-not-answered", one.urn, "", message))
    for severity, message, urn in recorded.logs:
        if severity == "error":
            remedy = "the program logged this as an error, which stops preview and up"
            findings.append(Finding("error", "program-reported", urn, "", message, remedy))
        elif severity == "warning":
            findings.append(Finding("warning", "program-reported", urn, "", message))
    return findings


def below_root(text: str, root: Path) -> str:
    """The text with paths relative to the project: the path on this machine is not shown."""
    return re.sub(rf"(?<![\w./-]){re.escape(str(root))}/(?=\S)", "", text)


def _tail(source: str) -> str:
    return "/".join(source.split("/")[-2:])
