"""What a change does to the carbon gate itself: rules of lower severity than on the base branch, and looser settings.

A pull request brings its own settings of the gate, so a preview of it alone can't say that it has switched rules off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from greenai_infra.contracts.gate import RuleResult, Setting

WEIGHTS = {"mandatory": 2, "advisory": 1, "disabled": 0}
MISSING = "missing"

LOOSER_FLAGS = {"allow_partial": True, "known_only": True, "customer_managed_keys": False, "require_live": False}
"""Setting -> the value of the two that asks less of a stack."""
ALLOWING, ASKING = frozenset({"allowed"}), frozenset({"keys"})
"""Lists that let things through, of which more is looser; and lists of what has to be there, of which less is."""
OTHER_MEASURE = frozenset({"basis", "signal", "namespace", "metric"})
"""Settings that say what is measured: a change puts another value against the limit, so it is reported."""
LIMIT = "max_"


def in_force(rules: Iterable[RuleResult]) -> dict[str, RuleResult]:
    """By id, the rules that run."""
    return {one.id: one for one in rules if one.in_force}


def gate_change(base: Iterable[RuleResult], head: Sequence[RuleResult]) -> dict[str, Any]:
    """`removed`: whether the base has rules in force and the head has lost them all; `weaker`: what was loosened."""
    before, after = in_force(base), {one.id: one for one in head}
    weaker = [found for id_, rule in before.items() for found in _weaker(rule, after.get(id_))]
    return {"removed": bool(before) and not in_force(head), "weaker": weaker}


def _weaker(old: RuleResult, new: RuleResult | None) -> Iterator[dict[str, Any]]:
    if new is None:
        yield _entry(old, "severity", old.severity, MISSING)
        return
    if WEIGHTS[new.severity] < WEIGHTS[old.severity]:
        yield _entry(old, "severity", old.severity, new.severity)
    if not new.in_force:
        return
    for name in old.settings.keys() & new.settings.keys():
        if looser(name, old.settings[name], new.settings[name]):
            yield _entry(old, name, old.settings[name], new.settings[name])
    if new.exempted > old.exempted:
        yield _entry(old, "exempted", old.exempted, new.exempted)


def _entry(rule: RuleResult, what: str, base: Setting, head: Setting) -> dict[str, Any]:
    return {"rule": rule.id, "what": what, "base": base, "head": head}


def looser(name: str, old: Any, new: Any) -> bool:
    """Whether a setting is looser than before; for a setting that says what is measured, whether it changed."""
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
