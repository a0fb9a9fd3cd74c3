"""A local server that speaks Electricity Maps' documented API, with a script for each kind of misbehaviour."""

from datetime import UTC, datetime, timedelta
from typing import Any

from greenai_infra.clock import format_time

from .web import Asked, Reply, Script, WebService

__all__ = [
    "HOUR",
    "NOW",
    "TOKEN",
    "Asked",
    "Reply",
    "Service",
    "entry",
    "forecast",
    "history",
    "hour_of",
    "hours",
    "latest",
]

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "sekret-token-123"


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def value_at(moment: datetime) -> float:
    """What the service answers for an hour of any zone: 100 g/kWh and 10 more for each hour of the day."""
    return 100.0 + 10 * moment.hour


def entry(moment: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "carbonIntensity": value_at(moment),
        "datetime": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "updatedAt": format_time(NOW),
        "emissionFactorType": "lifecycle",
        "isEstimated": False,
        "estimationMethod": None,
        **changes,
    }


def hours(start: datetime, end: datetime) -> list[datetime]:
    return [start + number * HOUR for number in range(int((end - start) / HOUR))]


def latest(asked: Asked, **changes: Any) -> Reply:
    return Reply({"zone": asked.params["zone"], **entry(hour_of(NOW)), **changes})


def history(asked: Asked, **changes: Any) -> Reply:
    past = [entry(moment) for moment in hours(hour_of(NOW) - 24 * HOUR, hour_of(NOW))]
    return Reply({"zone": asked.params["zone"], "history": past, **changes})


def past_range(asked: Asked, **changes: Any) -> Reply:
    start, end = (datetime.fromisoformat(asked.params[key]) for key in ("start", "end"))
    return Reply({"zone": asked.params["zone"], "data": [entry(moment) for moment in hours(start, end)], **changes})


def forecast(asked: Asked, **changes: Any) -> Reply:
    reach = int(asked.params["horizonHours"])
    ahead = [
        {"carbonIntensity": value_at(moment), "datetime": format_time(moment)}
        for moment in hours(hour_of(NOW), hour_of(NOW) + reach * HOUR)
    ]
    answer = {"zone": asked.params["zone"], "updatedAt": format_time(NOW), "forecast": ahead}
    return Reply({**answer, **changes})


class Service(WebService):
    """The server, with an answer that can be believed for each endpoint."""

    def __init__(self) -> None:
        scripts: dict[str, Script] = {
            "latest": latest,
            "history": history,
            "past-range": past_range,
            "forecast": forecast,
            "zones": lambda asked: Reply({}),
        }
        super().__init__(scripts, prefix="/v4")
