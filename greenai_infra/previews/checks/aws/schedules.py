"""Schedule expressions of EventBridge Scheduler and of EventBridge rules: `at(...)`, `rate(...)`, `cron(...)`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from greenai_infra.contracts.declared import DeclaredResource, Finding, plain
from greenai_infra.policy.resource_types import EVENT_RULE

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEDULE = "aws:scheduler/schedule:Schedule"

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
# name, lowest, highest, words (the first stands for the lowest), special characters beside , - * /
_FIELDS: tuple[tuple[str, int, int, list[str], str], ...] = (
    ("minutes", 0, 59, [], ""),
    ("hours", 0, 23, [], ""),
    ("day of month", 1, 31, [], "?LW"),
    ("month", 1, 12, _MONTHS, ""),
    ("day of week", 1, 7, _DAYS, "?L#"),
    ("year", 1970, 2199, [], ""),
)


def check_schedule_expression(resource: DeclaredResource) -> Iterator[Finding]:
    """A schedule that EventBridge would refuse."""
    expression = plain(resource.inputs.get("scheduleExpression"))
    if resource.type not in (SCHEDULE, EVENT_RULE) or not isinstance(expression, str):
        return
    problem = expression_problem(expression, allow_at=resource.type == SCHEDULE)
    if problem:
        message = f"scheduleExpression '{expression}': {problem}"
        remedy = "write at(2026-01-31T18:00:00), rate(2 hours) or cron(0 18 * * ? *)"
        yield resource.finding("schedule-malformed", "scheduleExpression", message, remedy)


def check_schedule_is_ahead(resource: DeclaredResource) -> Iterator[Finding]:
    """A one-time schedule in the past never runs."""
    expression = plain(resource.inputs.get("scheduleExpression"))
    once = _AT.fullmatch(expression) if resource.type == SCHEDULE and isinstance(expression, str) else None
    if once is None or expression_problem(str(expression), allow_at=True):
        return
    zone = plain(resource.inputs.get("scheduleExpressionTimezone"))
    place = ZoneInfo(zone) if isinstance(zone, str) and _is_zone(zone) else UTC
    if datetime.fromisoformat(once[1]).replace(tzinfo=place) <= datetime.now(UTC):
        message = f"scheduleExpression '{expression}' has passed, so it starts nothing"
        remedy = "plan and select again, or start with up itself: greenai-infra select PLAN --launch now --image URI"
        yield resource.finding("schedule-passed", "scheduleExpression", message, remedy, severity="warning")


def check_schedule_window(resource: DeclaredResource) -> Iterator[Finding]:
    """A schedule's time zone, start and end."""
    if resource.type != SCHEDULE:
        return
    zone = plain(resource.inputs.get("scheduleExpressionTimezone"))
    if isinstance(zone, str) and not _is_zone(zone):
        message = f"'{zone}' is no time zone of the IANA database"
        remedy = "write it like Europe/Paris"
        yield resource.finding("schedule-malformed", "scheduleExpressionTimezone", message, remedy)
    moments: dict[str, datetime] = {}
    for name in ("startDate", "endDate"):
        text = plain(resource.inputs.get(name))
        if isinstance(text, str):
            try:
                moments[name] = datetime.fromisoformat(text)
            except ValueError:
                message = f"{name} '{text}' is not a time"
                yield resource.finding("schedule-malformed", name, message, "write it like 2026-01-31T18:00:00Z")
    start, end = moments.get("startDate"), moments.get("endDate")
    if start and end and (start.tzinfo is None) == (end.tzinfo is None) and end <= start:
        message = f"endDate {end.isoformat()} is not after startDate {start.isoformat()}"
        yield resource.finding("schedule-ends-before-start", "endDate", message, "let it end after its start")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


def expression_problem(expression: str, *, allow_at: bool = True) -> str:
    """What is wrong with a schedule expression, or an empty string."""
    if expression.startswith("at(") and allow_at:
        match = _AT.fullmatch(expression)
        if match is None:
            return "at() takes a time as yyyy-mm-ddThh:mm:ss, without zone or fraction"
        try:
            datetime.fromisoformat(match[1])
        except ValueError as error:
            return str(error)
        return ""
    if expression.startswith("rate("):
        match = _RATE.fullmatch(expression)
        if match is None or int(match[1]) < 1:
            return "rate() takes a whole number above 0 and minutes, hours or days"
        return "" if (match[1] == "1") == (match[3] == "") else "the unit is singular for 1 and plural otherwise"
    match = _CRON.fullmatch(expression)
    if match is None:
        return "neither " + ("at(), " if allow_at else "") + "rate() nor cron()"
    return _cron_problem(match[1].split())


def _cron_problem(fields: list[str]) -> str:
    if len(fields) != len(_FIELDS):
        return f"cron() takes 6 fields (minutes hours day-of-month month day-of-week year), not {len(fields)}"
    for text, rule in zip(fields, _FIELDS, strict=True):
        if any(not _cron_item(item, rule) for item in text.split(",")):
            return f"'{text}' is no {rule[0]}"
    if (fields[2] == "?") == (fields[4] == "?"):
        return "exactly one of day-of-month and day-of-week must be ?"
    return ""


def _cron_item(item: str, rule: tuple[str, int, int, list[str], Any]) -> bool:
    _, low, high, words, special = rule
    if item in ("*", "?"):
        return item == "*" or "?" in special
    if "L" in special and (item == "L" or re.fullmatch(r"[1-7]L", item) or ("W" in special and item == "LW")):
        return True
    if "W" in special and (match := re.fullmatch(r"(\d+)W", item)):
        return low <= int(match[1]) <= high
    if "#" in special and re.fullmatch(r"[1-7]#[1-5]", item):
        return True
    body, slash, step = item.partition("/")
    if slash and (not step.isdigit() or int(step) < 1):
        return False
    if body == "*":
        return bool(slash)
    numbers = [low + words.index(part.upper()) if part.upper() in words else part for part in body.split("-")]
    if len(numbers) > 2 or not all(str(number).isdigit() for number in numbers):
        return False
    values = [int(number) for number in numbers]
    return all(low <= value <= high for value in values)
