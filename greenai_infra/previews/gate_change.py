"""What a change makes of the carbon gate itself: rules that weigh less than on the base branch, and looser settings.

A pull request brings its own settings of the gate, so a preview of it alone can't say that it has switched rules off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Rule = Mapping[str, Any]

WEIGHTS = {"mandatory": 2, "advisory": 1, "disabled": 0}
MISSING = "missing"

LOOSER_FLAGS = {"allow_partial": True, "known_only": True, "customer_managed_keys": False, "require_live": False}
"""Setting -> the value of the two that asks less of a stack."""
ALLOWING, ASKING = frozenset({"allowed"}), frozenset({"keys"})
"""Lists that let things through, of which more is looser; and lists of what has to be there, of which less is."""
OTHER_MEASURE = frozenset({"basis", "signal", "namespace", "metric"})
"""What is measured: another value is held against the same limit, so any change is told."""
LIMIT = "max_"


def rules_of(preview: Mapping[str, Any]) -> Sequence[Rule]:
    """The rules that a preview was judged by; empty without a gate, and for a stack that is not there."""
    rules: Sequence[Rule] = (preview.get("policy") or {}).get("rules", ())
    return rules


def in_force(preview: Mapping[str, Any]) -> dict[str, Rule]:
    """By id, the rules that run."""
    return {one["id"]: one for one in rules_of(preview) if WEIGHTS.get(one["severity"])}


def gate_change(base: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
    """`removed`: whether the base has rules in force and the head none; `weaker`: what asks less than it did."""
    before, after = in_force(base), {one["id"]: one for one in rules_of(head)}
    weaker = [found for id_, rule in before.items() for found in _weaker(rule, after.get(id_))]
    return {"removed": bool(before) and not in_force(head), "weaker": weaker}


def _weaker(old: Rule, new: Rule | None) -> Iterator[dict[str, Any]]:
    severity = new["severity"] if new else MISSING
    if WEIGHTS.get(severity, 0) < WEIGHTS[old["severity"]]:
        yield _entry(old, "severity", old["severity"], severity)
    if new is None or not WEIGHTS.get(severity):
        return
    first, second = old.get("settings") or {}, new.get("settings") or {}
    for name in first.keys() & second.keys():
        if looser(name, first[name], second[name]):
            yield _entry(old, name, first[name], second[name])
    if new.get("exempted", 0) > old.get("exempted", 0):
        yield _entry(old, "exempted", old.get("exempted", 0), new["exempted"])


def _entry(rule: Rule, what: str, base: Any, head: Any) -> dict[str, Any]:
    return {"rule": rule["id"], "what": what, "base": base, "head": head}


def looser(name: str, old: Any, new: Any) -> bool:
    """Whether a setting asks less than it did; of one that means what is measured, whether it is another."""
    if old == new:
        return False
    if name.startswith(LIMIT):
        return old is not None and not (isinstance(new, int | float) and new <= old)
    if name in LOOSER_FLAGS:
        return bool(new == LOOSER_FLAGS[name])
    if name in ALLOWING:
        return any(one not in old for one in new)
    if name in ASKING:
        return any(one not in new for one in old)
    return name in OTHER_MEASURE
