"""What the template shows of a preview, every text in it safe to stand in a comment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import structs

from greenai_infra import __version__
from greenai_infra.contracts.declared import PROVIDER_PREFIX, STACK_TYPE, short_type
from greenai_infra.footprint.equivalents import edition
from greenai_infra.numbers import counted
from greenai_infra.previews.diff import diff_previews
from greenai_infra.reporting.comment import figures
from greenai_infra.reporting.comment.assumptions import assumptions
from greenai_infra.reporting.comment.markdown import NOTHING, Markdown, code, prose
from greenai_infra.reporting.comment.sections import markdown_of
from greenai_infra.reporting.sections import sections_of
from greenai_infra.reporting.standing_text import setting_words

if TYPE_CHECKING:
    from greenai_infra.contracts.declared import Finding
    from greenai_infra.contracts.plan import PlanFile
    from greenai_infra.contracts.preview import Preview
    from greenai_infra.reporting.comment.regions import Regions
    from greenai_infra.reporting.comment.verdict import Verdict


STOPS, WARNS, PASSES = Markdown("❌"), Markdown("⚠️"), Markdown("✅")
CHANGES = ("added", "removed", "changed")


@dataclass(frozen=True)
class Limits:
    """How many of each list are shown, and how long a message may be."""

    findings: int = 25
    resources: int = 40
    standing: int = 30
    message: int = 500


SHORTER = (Limits(), Limits(resources=10, standing=10), Limits(15, 0, 0, 300), Limits(5, 0, 0, 200))
"""From the whole comment to what always fits: the details go first."""


@dataclass(frozen=True)
class Facts:
    """All that a comment on one stack is made from."""

    head: Preview
    base: Preview | None
    base_given: bool
    verdict: Verdict
    regions: Regions | None
    plan: PlanFile | None
    scope: str = ""
    """The project's folder in its repository, where that tells it from others."""

    @cached_property
    def difference(self) -> dict[str, Any]:
        """What the head changes against the base, or against nothing: each text of the comment is made of it."""
        return diff_previews(self.base.raw if self.base else {}, self.head.raw)


def view(facts: Facts, limits: Limits) -> dict[str, Any]:
    """The variables of `comment.md.j2`."""
    head = facts.head
    difference = facts.difference
    compared = facts.base is not None
    return {
        "marker": marker(head.key, facts.scope),
        "project": Markdown(f"{code(head.project)} in {code(facts.scope)}") if facts.scope else code(head.project),
        "stack": code(head.stack),
        "region": code(head.region),
        "heading": _heading(facts.verdict, head),
        "weaker": _weaker(facts.verdict, limits),
        "policy_missing": not head.says("policy"),
        "budget": figures.budget_lines(head),
        "compared": compared,
        "new_stack": facts.base_given and facts.base is None,
        "rows": figures.table_rows(difference) if compared else _alone(head),
        "changes": figures.emissions_change(difference) if compared else [],
        "equals": None if compared else _alone_equals(head),
        "standing_missing": not head.says("standing") or head.standing is None,
        "unpriced": _names(head.standing.unpriced if head.standing else [], limits),
        "findings": _findings(head, facts.base, difference, limits),
        "more_findings": max(0, len(head.findings) - limits.findings),
        "not_run": _not_run(head, limits),
        "stopped": head.stopped,
        "exempted": _exempted(head),
        "not_judged": _not_judged(head),
        "resources": _resources(difference, limits) if compared else _declared(head, limits),
        "sections": markdown_of(sections_of("preview", head), limits.standing),
        "regions": facts.regions,
        "assumptions": assumptions(head, facts.plan),
        "edition": Markdown(edition()),
        "version": Markdown(__version__),
        "shortened": limits is not SHORTER[0],
    }


def marker(key: str, scope: str = "") -> Markdown:
    """The hidden first line by which the comment is found again; `key` is made of names that Pulumi allows."""
    return Markdown(f"<!-- greenai-infra: {f'{scope} ' if scope else ''}{key} -->")


def _heading(verdict: Verdict, head: Preview) -> Markdown:
    """The verdict, the worst first: what stops the stack, else that it is over its budget, else that it passes."""
    over = figures.over_budget(head)
    also = ", and over the carbon budget" if over else ""
    loud = f"{WARNS} {verdict.of_gate}" if verdict.loosens_gate else verdict.of_gate
    if verdict.stopped:
        would = "stopped by" if verdict.fails else "would be stopped by"
        by = f"{would} {verdict.stopped_by}" if verdict.stopped_by else ""
        reasons = [loud, by] if verdict.removes_gate else [by, loud]
        sign, only = (STOPS, "") if verdict.fails else (WARNS, ", reported only")
        return Markdown(f"{sign} Carbon gate: {'; '.join(filter(None, reasons))}{only}{also}")
    warnings = f", {counted(verdict.warnings, 'warning')}" if verdict.warnings else ""
    rest = warnings + ("" if head.policy else ", without policy rules")
    if over:
        rest += f"; {loud}" if loud else ""
        return Markdown(f"{WARNS} Over the carbon budget, though no rule of the carbon gate stops it{rest}")
    if loud:
        return Markdown(f"{WARNS} Carbon gate: passes, but {verdict.of_gate}{rest}")
    return Markdown(f"{PASSES} Carbon gate: passes{rest}")


def _weaker(verdict: Verdict, limits: Limits) -> dict[str, Any]:
    """`rule`: mandatory -> disabled, and the like, for what asks less than on the base branch."""
    lines = []
    for one in verdict.weaker:
        what = "" if one["what"] == "severity" else f"{code(one['what'])} "
        base, head = (prose(setting_words(one[side]), 120) for side in ("base", "head"))
        lines.append(Markdown(f"{code(one['rule'])}: {what}{base} -> {head}"))
    return _cut(lines, limits.findings)


def _alone(head: Preview) -> list[dict[str, Markdown]]:
    """The figures of a preview that is compared with nothing."""
    rows = []
    for part, figure, words in figures.ROWS:
        holder = getattr(head.standing, {"standing": "total"}.get(part, part)) if head.standing else None
        if holder is not None:
            rows.append({"what": Markdown(words), "head": figures.amount(getattr(holder, figure))})
    return rows


def _alone_equals(head: Preview) -> Markdown | None:
    standing = head.standing
    run = standing.planned_run.emissions_kg if standing and standing.planned_run else None
    load = standing.planned_load.operational_kg_per_month if standing and standing.planned_load else None
    monthly = standing.total.emissions_kg_per_month if standing else None
    every = ((run, "The planned run"), (load, "The planned load, in a month"), (monthly, "What stands, in a month"))
    value, words = next((one for one in every if one[0]), (None, ""))
    return Markdown(f"{words}: {figures.equals(value)}") if value else None


def _findings(
    head: Preview, base: Preview | None, difference: dict[str, Any], limits: Limits
) -> list[dict[str, Markdown]]:
    new = Counter(_same(one) for one in difference["findings"]["new"])
    titles = {one.id: one.title for one in head.rules}
    severe_first = sorted(head.findings, key=lambda one: one.severity != "error")
    rows = []
    for one in severe_first[: limits.findings]:
        known = base is not None and not new[_same(structs.asdict(one))]
        new[_same(structs.asdict(one))] -= 1
        rows.append(
            {
                "sign": STOPS if one.severity == "error" else WARNS,
                "code": code(one.code),
                "title": prose(titles.get(one.code, ""), 120),
                "where": _where(one),
                "message": prose(one.message, limits.message),
                "remedy": prose(one.remedy, limits.message),
                "known": Markdown("also on the base branch" if known else ""),
            }
        )
    return rows


def _same(finding: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(finding[name]) for name in ("severity", "code", "urn", "property", "message"))


def _where(finding: Finding) -> Markdown:
    """`aws:sns:Topic name, tags.team`; empty for a finding about the stack as a whole."""
    parts = finding.urn.split("::", 3)
    if len(parts) == 4 and parts[2] == STACK_TYPE:
        return code(finding.property)
    shown = [code(f"{short_type(parts[2].rsplit('$', 1)[-1])} {parts[3]}")] if len(parts) == 4 else [code(finding.urn)]
    return Markdown(", ".join(filter(None, [*shown, code(finding.property)])))


def _not_run(head: Preview, limits: Limits) -> list[dict[str, Markdown]]:
    """Rules that could not run and of which no finding tells; none where the program stopped, as then none could."""
    if head.stopped:
        return []
    told = {one.code for one in head.findings}
    rules = [one for one in head.rules if one.not_run and one.in_force]
    return [
        {
            "sign": STOPS if one.severity == "mandatory" else WARNS,
            "id": code(one.id),
            "title": prose(one.title, 120),
            "count": Markdown(counted(one.not_run, "resource")),
        }
        for one in rules[: limits.findings]
        if one.id not in told
    ]


def _exempted(head: Preview) -> Markdown:
    """`rule` on 2 resources, ...: where the project lets a rule off."""
    rules = [one for one in head.rules if one.exempted]
    named = [f"{code(one.id)} on {counted(one.exempted, 'resource')}" for one in rules[:10]]
    return Markdown(", ".join(named) + (f" and {len(rules) - 10} more" if len(rules) > 10 else ""))


def _not_judged(head: Preview) -> Markdown:
    """3 resources of types `aws:ebs:Volume` (2), ...: what no rule looks at."""
    counts = head.policy.not_judged if head.policy else {}
    if not counts:
        return NOTHING
    types = ", ".join(f"{code(short_type(type_))} ({count})" for type_, count in list(counts.items())[:10])
    more = f" and {len(counts) - 10} more" if len(counts) > 10 else ""
    what = "type" if len(counts) == 1 else "types"
    return Markdown(f"{counted(sum(counts.values()), 'resource')} of {what} {types}{more}")


def _resources(difference: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Added, removed and changed resources, with the names of what changed: never the values."""
    found = difference["resources"]
    if reason := found.get("reason"):
        return {"title": Markdown("Resources: not compared"), **_cut([prose(reason, 200)], limits.resources)}
    lines = [
        Markdown(f"{kind} {code(short_type(one['type']))} {code(one['name'])}{_properties(one)}")
        for kind in CHANGES
        for one in found[kind]
    ]
    counts = ", ".join(f"{len(found[kind])} {kind}" for kind in CHANGES)
    return {"title": Markdown(f"Resources: {counts}"), **_cut(lines, limits.resources)}


def _properties(changed: dict[str, Any]) -> str:
    names = changed.get("properties", [])
    shown = ", ".join(code(one, 60) for one in names[:6])
    return f": {shown}{f' and {len(names) - 6} more' if len(names) > 6 else ''}" if names else ""


def _declared(head: Preview, limits: Limits) -> dict[str, Any]:
    """How many of each type, for a preview that is compared with nothing."""
    built = [one for one in head.resources if one.custom and not one.read and not one.type.startswith(PROVIDER_PREFIX)]
    counts = Counter(short_type(one.type) for one in built).most_common()
    lines = [Markdown(f"{count} x {code(type_)}") for type_, count in counts]
    return {"title": Markdown(f"Resources: {len(built)} declared"), **_cut(lines, limits.resources)}


def _cut(lines: list[Any], limit: int) -> dict[str, Any]:
    return {"lines": lines[:limit], "more": max(0, len(lines) - limit)}


def _names(names: list[str], limits: Limits) -> dict[str, Any]:
    return _cut([code(one) for one in names], min(10, limits.standing))
