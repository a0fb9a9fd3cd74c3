"""A local Carbon Aware SDK WebApi: requests, and answers that are meant to be right, are held to its contract."""

from datetime import datetime, timedelta
from typing import Any

from greenai_infra.clock import format_time

from .contract import Contract
from .service import HOUR, NOW, hour_of
from .web import Asked, Reply, Script, WebService

LOCATIONS = ("swedencentral", "francecentral", "westus", "northcentralus")
CONTRACT = Contract("carbon-aware-sdk-webapi.yaml")


def rating_at(moment: datetime) -> float:
    """What it answers for an hour of any location: 100 g/kWh and 10 more for each hour of the day."""
    return 100.0 + 10 * moment.hour


def hours(start: datetime, end: datetime) -> list[datetime]:
    """The full hours that touch [start, end], as its data sources filter them."""
    first = hour_of(start)
    return [first + number * HOUR for number in range(int((end - first) / HOUR) + 1)]


def emission(location: str, moment: datetime, **changes: Any) -> dict[str, Any]:
    time = format_time(moment).replace("Z", "+00:00")
    return {"location": location, "time": time, "rating": rating_at(moment), "duration": "01:00:00", **changes}


def point(location: str, moment: datetime, **changes: Any) -> dict[str, Any]:
    time = format_time(moment).replace("Z", "+00:00")
    return {"location": location, "timestamp": time, "duration": 60, "value": rating_at(moment), **changes}


def problem(status: int, title: str, detail: str) -> Reply:
    return Reply({"title": title, "status": status, "detail": detail, "traceId": "00-1-2-00", "errors": {}}, status)


def unknown(asked: Asked) -> Reply | None:
    """The answer if any location is not known: then there is none for the others either."""
    for name, text in asked.pairs:
        if name == "location" and text.casefold() not in LOCATIONS:
            return problem(400, "ArgumentException", f"Unknown Location: '{text}' not found")
    return None


def emissions(asked: Asked, **changes: Any) -> Reply:
    """Hourly values within [time, toTime] as far as there are any: until NOW."""
    if refused := unknown(asked):
        return refused
    start = datetime.fromisoformat(asked.params.get("time", format_time(NOW)))
    end = min(datetime.fromisoformat(asked.params.get("toTime", format_time(start))), NOW)
    places = [text for name, text in asked.pairs if name == "location"]
    found = [{**emission(place, moment), **changes} for place in places for moment in hours(start, end)]
    return Reply(found) if found else Reply(b"", 204)


def forecasts(asked: Asked, **changes: Any) -> Reply:
    """24 hours from this hour on, with the best one."""
    if refused := unknown(asked):
        return refused
    start, end = hour_of(NOW), hour_of(NOW) + 24 * HOUR
    answers = []
    for place in (text for name, text in asked.pairs if name == "location"):
        ahead = [point(place, moment) for moment in hours(start, end - timedelta(seconds=1))]
        answers.append(
            {
                "generatedAt": format_time(NOW - timedelta(minutes=4)),
                "requestedAt": format_time(NOW),
                "location": place,
                "dataStartAt": format_time(start),
                "dataEndAt": format_time(end),
                "windowSize": 60,
                "optimalDataPoints": [min(ahead, key=lambda one: float(one["value"]))],
                "forecastData": ahead,
                **changes,
            }
        )
    return Reply(answers)


class CarbonAwareService(WebService):
    """The server; `problems` are breaches of the contract by the client, or by an answer of `honest` scripts."""

    def __init__(self) -> None:
        scripts: dict[str, Script] = {"bylocations": emissions, "current": forecasts}
        super().__init__(scripts)
        self.honest: set[Script] = {emissions, forecasts}
        self.problems: list[str] = []

    def answer(self, asked: Asked) -> Reply:
        reply = super().answer(asked)
        self.problems += CONTRACT.request_problems(asked)
        if self.scripts.get(asked.endpoint) in self.honest:
            self.problems += CONTRACT.answer_problems(asked, reply)
        return reply
