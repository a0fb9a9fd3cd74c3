"""A local server that speaks WattTime's documented API v3: login, token, and the regions that an account covers."""

from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from greenai_infra.clock import format_time

from .service import HOUR, NOW
from .web import Asked, Reply, Script, WebService

STEP = timedelta(minutes=5)
DELAY = timedelta(minutes=10)
"""From the start of a step until its value is published."""

USER, PASSWORD = "freddo", "the frog: 1+1"
PARAMETERS = {
    "/login": set(),
    "/v3/historical": {"region", "signal_type", "start", "end"},
    "/v3/forecast": {"region", "signal_type", "horizon_hours"},
}


def pounds_at(moment: datetime) -> float:
    """What it answers for a step of any region: 1000 lb/MWh and 1 more for each five minutes of the day."""
    return 1000.0 + (moment.hour * 60 + moment.minute) // 5


def steps(start: datetime, end: datetime) -> list[datetime]:
    """The steps that begin within [start, end]; like WattTime's, the end is inclusive."""
    first = start + (-start.minute % 5) * timedelta(minutes=1)
    return [first + number * STEP for number in range(int((end - first) / STEP) + 1)] if end >= first else []


def entry(moment: datetime, **changes: Any) -> dict[str, Any]:
    return {"point_time": moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"), "value": pounds_at(moment), **changes}


def meta(asked: Asked, **changes: Any) -> dict[str, Any]:
    return {
        "data_point_period_seconds": 300,
        "region": asked.params["region"],
        "warnings": [],
        "signal_type": asked.params["signal_type"],
        "model": {"date": "2026-03-01", "type": "binned_regression"},
        "units": "lbs_co2_per_mwh",
        **changes,
    }


def historical(asked: Asked, data: Any = None, **changes: Any) -> Reply:
    start, end = (datetime.fromisoformat(asked.params[key]) for key in ("start", "end"))
    if end - start > timedelta(days=32):
        return Reply({"error": "BadRequest", "message": "queries are limited to 32 days"}, 400)
    published = [entry(moment) for moment in steps(start, min(end, NOW - DELAY))]
    return Reply({"data": published if data is None else data, "meta": meta(asked, **changes)})


def forecast(asked: Asked, data: Any = None, **changes: Any) -> Reply:
    reach = int(asked.params["horizon_hours"]) * HOUR
    if not timedelta() <= reach <= 72 * HOUR:
        return Reply({"error": "BadRequest", "message": "horizon_hours: 0 to 72"}, 400)
    ahead = [entry(moment) for moment in steps(NOW, NOW + reach - STEP)]
    said = {"generated_at": format_time(NOW), "generated_at_period_seconds": 300, **changes}
    return Reply({"data": ahead if data is None else data, "meta": meta(asked, **said)})


class WattTimeService(WebService):
    """The server. `covered` are the account's regions (None: all), `valid` the tokens accepted, one for each login."""

    def __init__(self) -> None:
        scripts: dict[str, Script] = {"login": self.login, "historical": historical, "forecast": forecast}
        super().__init__(scripts)
        self.covered: set[str] | None = None
        self.valid: set[str] = set()
        self.logins = 0
        self.problems: list[str] = []

    def login(self, asked: Asked) -> Reply:
        self.logins += 1
        expected = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {expected}":
            return Reply({"error": "Unauthorized", "message": f"no user with password {PASSWORD}"}, 401)
        token = f"eyJ.sekret-token-{self.logins}"
        self.valid.add(token)
        return Reply({"token": token})

    def answer(self, asked: Asked) -> Reply:
        expected = PARAMETERS.get(asked.path)
        if expected is None or {name for name, _ in asked.pairs} != expected or len(asked.pairs) != len(expected):
            self.problems.append(f"{asked.path} was asked with {asked.pairs}")
        if asked.endpoint != "login":
            if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid:
                return Reply({"error": "Unauthorized", "message": "Invalid or expired token"}, 401)
            if self.covered is not None and asked.params["region"] not in self.covered:
                return Reply({"error": "Forbidden", "message": "not permitted for this region"}, 403)
        return super().answer(asked)
