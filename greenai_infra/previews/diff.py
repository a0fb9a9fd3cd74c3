"""What a change does to a stack: compares two documents of `preview --offline --json`.

    from greenai_infra.previews.diff import diff_previews
    change = diff_previews(base, head)    # base = {} for a stack that the base branch does not have

`schemas/preview-diff.json` describes the document. Figures are compared only where both sides are complete and
mean the same. Kilograms under different signals or bases, and sums over different resources, get a reason in place of a
difference. A missing stack has no resources, so its figures are a known zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import PROVIDER_PREFIX
from greenai_infra.contracts.preview import check_preview, rules_in
from greenai_infra.contracts.preview_codes import STOPPED
from greenai_infra.errors import InputError
from greenai_infra.previews.gate_change import gate_change, in_force

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Preview = Mapping[str, Any]

DIFF_VERSION = 1
ENERGY, EMISSIONS, COST = "energy_kwh", "emissions_kg", "cost_usd"
STANDING_FIGURES = tuple(f"{figure}_per_month" for figure in (ENERGY, EMISSIONS, COST))
OPERATIONAL = "operational_kg"
RUN_FIGURES = (ENERGY, EMISSIONS, OPERATIONAL, COST)
LOAD_FIGURES = (f"{ENERGY}_per_month", f"{OPERATIONAL}_per_month")

# Keys of a preview's resource, beside its inputs, whose change counts as a change of the resource.
_SETTINGS = ("parent", "provider", "region", "options")


def diff_previews(base: Preview, head: Preview) -> dict[str, Any]:
    """The document of `schemas/preview-diff.json`. Raises InputError if the two can't be compared at all."""
    check_preview(head, "head")
    if base:
        check_preview(base, "base")
        for key in ("project", "stack"):
            if base[key] != head[key]:
                raise InputError(
                    f"base is a preview of {key} '{base[key]}', head of '{head[key]}'; preview the same stack twice"
                )
    rules, new_rules = rules_in(base, "base"), rules_in(head, "head")
    running = set() if _stopped(head) else {*in_force(new_rules)}
    return {
        "schema_version": DIFF_VERSION,
        "project": head["project"],
        "stack": head["stack"],
        "new_stack": not base,
        "resources": _resources(base, head),
        "standing": _standing(base, head),
        "planned_run": _planned_run(base, head),
        "planned_load": _planned(base, head, "planned_load", LOAD_FIGURES),
        "findings": _findings(base, head, idle=in_force(rules).keys() - running),
        "gate": gate_change(rules, new_rules),
    }


def _resources(base: Preview, head: Preview) -> dict[str, Any]:
    if reason := _unfinished(base, head):
        return {"added": [], "removed": [], "changed": [], "reason": reason}
    before, after = _built(base), _built(head)
    changed = []
    for urn in before.keys() & after.keys():
        if properties := _changed_properties(before[urn], after[urn]):
            changed.append({**_named(after[urn]), "properties": properties})
    return {
        "added": [_named(after[urn]) for urn in sorted(after.keys() - before.keys())],
        "removed": [_named(before[urn]) for urn in sorted(before.keys() - after.keys())],
        "changed": sorted(changed, key=lambda one: str(one["urn"])),
    }


def _unfinished(base: Preview, head: Preview) -> str:
    """Returns a reason if a program stopped early, so that its list of resources is incomplete; else empty."""
    sides = [side for side, preview in (("base", base), ("head", head)) if _stopped(preview)]
    return f"the program of the {' and the '.join(sides)} did not get to its end" if sides else ""


def _stopped(preview: Preview) -> bool:
    return any(one["code"] in STOPPED for one in preview.get("findings", ()))


def _built(preview: Preview) -> dict[str, Mapping[str, Any]]:
    """Returns by URN what a provider would build: without components, providers and resources only read."""
    return {
        one["urn"]: one
        for one in preview.get("resources", ())
        if one["custom"] and not one["read"] and not one["type"].startswith(PROVIDER_PREFIX)
    }


def _named(resource: Mapping[str, Any]) -> dict[str, str]:
    return {key: resource[key] for key in ("urn", "type", "name")}


def _changed_properties(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names only: values may be long, and secrets are hidden in both, so that a changed secret doesn't show."""
    inputs, other = before["inputs"], after["inputs"]
    names = {name for name in inputs.keys() | other.keys() if inputs.get(name) != other.get(name)}
    names |= {setting for setting in _SETTINGS if before.get(setting) != after.get(setting)}
    names.discard("tagsAll")  # follows from tags and the provider
    return sorted(names)


def _standing(base: Preview, head: Preview) -> dict[str, Any]:
    before, after = base.get("standing"), head.get("standing")
    result: dict[str, Any] = {}
    for figure in STANDING_FIGURES:
        old, new = _total(base, before, figure), _total(head, after, figure)
        reason = _missing(base, before, old, after, new, "standing figures")
        if not reason:
            reason = _counted_alike(before, after, figure)
        if not reason and figure.startswith(EMISSIONS) and before and after:
            reason = _other_meaning(before, after)
        result[figure] = _figure(old, new, reason)
    return result


def _total(preview: Preview, standing: Preview | None, figure: str) -> float | None:
    if not preview:
        return 0.0
    return standing["total"][figure] if standing else None


def _planned_run(base: Preview, head: Preview) -> dict[str, Any] | None:
    figures = _planned(base, head, "planned_run", RUN_FIGURES)
    if figures is None:
        return None
    old, new = ((one.get("standing") or {}).get("planned_run") or {} for one in (base, head))
    return {"plan_id": {"base": old.get("plan_id"), "head": new.get("plan_id")}, **figures}


def _planned(base: Preview, head: Preview, key: str, figures: Iterable[str]) -> dict[str, Any] | None:
    """Returns the figures of a planned run or load, if any; previews of earlier releases may lack some figures."""
    before, after = (one.get("standing") or {} for one in (base, head))
    old, new = before.get(key), after.get(key)
    if not old and not new:
        return None
    result: dict[str, Any] = {}
    for figure in figures:
        first = old.get(figure) if old else None if _silent(base, before, key) else 0.0
        second = new.get(figure) if new else None if _silent(head, after, key) else 0.0
        reason = _unfinished(base, head) or ("" if None not in (first, second) else "not known on one side")
        if not reason and figure.startswith((EMISSIONS, OPERATIONAL)) and old and new:
            reason = _other_meaning(before, after)
        result[figure] = _figure(first, second, reason)
    return result


def _silent(preview: Preview, standing: Preview, key: str) -> bool:
    """Whether a preview has no figures at all: it is from an earlier release, or its program stopped."""
    return _stopped(preview) or bool(standing and key not in standing)


def _figure(base: float | None, head: float | None, reason: str) -> dict[str, Any]:
    change = None if reason or base is None or head is None else head - base
    return {"base": base, "head": head, "change": change, "reason": reason}


def _missing(
    base: Preview, before: Preview | None, old: float | None, after: Preview | None, new: float | None, what: str
) -> str:
    """Returns why the sides can't be compared, or empty."""
    if base and before is None:
        return f"the base preview has no {what}"
    if after is None:
        return f"the head preview has no {what}"
    if old is None or new is None:
        sides = " and ".join(side for side, value in (("base", old), ("head", new)) if value is None)
        return f"not known in {sides}"
    return ""


def _counted_alike(before: Preview | None, after: Preview | None, figure: str) -> str:
    """A reason if the two sums leave out resources that are not the same, so that their difference means little."""
    old, new = _uncounted(before, figure), _uncounted(after, figure)
    if old == new:
        return ""
    parts = [
        f"{word} {', '.join(sorted(names))}" for word, names in (("head", new - old), ("base", old - new)) if names
    ]
    return "no figure is known for what differs: " + "; ".join(parts)


def _uncounted(standing: Preview | None, figure: str) -> set[str]:
    return {one["name"] for one in (standing or {}).get("resources", ()) if one[figure] is None}


def _other_meaning(before: Preview, after: Preview) -> str:
    """A reason if the two sides' kilograms are of another signal or basis."""
    old, new = before.get("intensity"), after.get("intensity")
    if not old or not new:
        return "" if old == new else "only one side states its carbon intensity"
    kinds = [f"{one['signal']}, {one['basis']}" for one in (old, new)]
    return "" if kinds[0] == kinds[1] else f"another measure of intensity: base {kinds[0]}; head {kinds[1]}"


def _findings(base: Preview, head: Preview, idle: set[str]) -> dict[str, Any]:
    """Returns new findings, resolved findings, and findings of unknown status because their rule no longer runs."""
    gone = _only_in(base.get("findings", ()), head.get("findings", ()))
    return {
        "new": _only_in(head.get("findings", ()), base.get("findings", ())),
        "resolved": [one for one in gone if one["code"] not in idle],
        "not_judged": [one for one in gone if one["code"] in idle],
    }


def _only_in(these: Iterable[Preview], others: Iterable[Preview]) -> list[dict[str, Any]]:
    """The findings that the others lack."""
    known = [_identity(one) for one in others]
    found = []
    for one in these:
        if _identity(one) in known:
            known.remove(_identity(one))
        else:
            found.append(dict(one))
    return found


def _identity(finding: Preview) -> tuple[Any, ...]:
    """Identifies a finding across two previews. The line is left out, as it moves with any edit above it."""
    return tuple(finding[name] for name in ("severity", "code", "urn", "property", "message"))
