"""The rule of a CloudWatch composite alarm: its grammar, and the alarms that it names.

Grammar and limits as in CloudWatch's API reference, PutCompositeAlarm (`AlarmRule`).
"""

from __future__ import annotations

import re
from typing import Any

STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
MAX_CHILDREN, MAX_ELEMENTS, MAX_LENGTH = 100, 500, 10_240

_TOKEN = re.compile(
    r'\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^()"\s]*))\s*\)'
    r"|(?P<word>\bAND\b|\bOR\b|\bNOT\b|\bTRUE\b|\bFALSE\b|[()]))"
)

Rule = tuple[Any, ...]
"""("ALARM", name), ("TRUE",), ("NOT", rule), ("AND", rule, rule) and so on."""


def parse_rule(text: str) -> Rule:
    """The rule as nested tuples. Raises ValueError for a rule that CloudWatch would refuse."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"{len(text)} characters, CloudWatch takes {MAX_LENGTH}")
    tokens = _tokens(text)
    elements = sum(token[0] in (*STATES, "TRUE", "FALSE", "(", ")") for token in tokens)
    if elements > MAX_ELEMENTS:
        raise ValueError(f"{elements} elements, CloudWatch takes {MAX_ELEMENTS}")
    rule, rest = _either(tokens)
    if rest:
        raise ValueError(f"'{_shown(rest[0])}' is left over: join conditions with AND or OR")
    if len(alarm_names(rule)) > MAX_CHILDREN:
        raise ValueError(f"names {len(alarm_names(rule))} alarms, CloudWatch takes {MAX_CHILDREN}")
    return rule


def alarm_names(rule: Rule) -> tuple[str, ...]:
    """The alarms that a rule names, by name or ARN, each once."""
    if rule[0] in STATES:
        return (rule[1],)
    return tuple(dict.fromkeys(name for part in rule[1:] for name in alarm_names(part)))


def holds(rule: Rule, states: dict[str, str]) -> bool:
    """Whether a rule is true of alarms in these states."""
    kind = rule[0]
    if kind in STATES:
        return bool(states[rule[1]] == kind)
    if kind in ("TRUE", "FALSE"):
        return bool(kind == "TRUE")
    parts = [holds(part, states) for part in rule[1:]]
    return not parts[0] if kind == "NOT" else all(parts) if kind == "AND" else any(parts)


def _tokens(text: str) -> list[tuple[str, ...]]:
    tokens: list[tuple[str, ...]] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"can't be read from '{text[at:].strip()[:40]}' on")
        if found["state"]:
            name = found["quoted"] if found["quoted"] is not None else found["bare"]
            if not name:
                raise ValueError(f"{found['state']}() names no alarm")
            tokens.append((found["state"], name))
        else:
            tokens.append((found["word"],))
        at = found.end()
    if not tokens:
        raise ValueError("is empty")
    return tokens


def _either(tokens: list[tuple[str, ...]]) -> tuple[Rule, list[tuple[str, ...]]]:
    rule, rest = _both(tokens)
    while rest and rest[0] == ("OR",):
        other, rest = _both(rest[1:])
        rule = ("OR", rule, other)
    return rule, rest


def _both(tokens: list[tuple[str, ...]]) -> tuple[Rule, list[tuple[str, ...]]]:
    rule, rest = _one(tokens)
    while rest and rest[0] == ("AND",):
        other, rest = _one(rest[1:])
        rule = ("AND", rule, other)
    return rule, rest


def _one(tokens: list[tuple[str, ...]]) -> tuple[Rule, list[tuple[str, ...]]]:
    if not tokens:
        raise ValueError("ends where a condition is expected")
    first, rest = tokens[0], tokens[1:]
    if first == ("NOT",):
        rule, rest = _one(rest)
        return ("NOT", rule), rest
    if first == ("(",):
        rule, rest = _either(rest)
        if not rest or rest[0] != (")",):
            raise ValueError("a parenthesis is not closed")
        return rule, rest[1:]
    if first[0] in (*STATES, "TRUE", "FALSE"):
        return first, rest
    raise ValueError(f"'{_shown(first)}' stands where a condition is expected")


def _shown(token: tuple[str, ...]) -> str:
    return f"{token[0]}({token[1]})" if len(token) == 2 else token[0]
