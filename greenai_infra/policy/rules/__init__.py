"""Every rule of the carbon gate, from the modules in this folder. A new rule is a new module; ids are permanent."""

from __future__ import annotations

from greenai_infra.discovery import modules_of
from greenai_infra.policy.rule import Rule

_found = {id(value): value for module in modules_of(__name__) for value in vars(module).values()}
RULES: tuple[Rule, ...] = tuple(
    sorted((value for value in _found.values() if isinstance(value, Rule)), key=lambda rule: (rule.order, rule.id))
)
"""In the order in which reports have them."""
