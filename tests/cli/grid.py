"""A service like Electricity Maps, whose values a test changes as time passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from greenai_infra.clock import format_time
from tests.intensity.web import Asked, Reply, WebService

HOUR = timedelta(hours=1)


class Grid:
    """Forecasts one level a zone, as `levels` says when it is asked; its history has `observed` if that is set.

    With `fails` it refuses forecasts. `now` is the time that it takes for now.
    """

    def __init__(self) -> None:
        self.levels = {"SE-SE3": 20.0, "CA-QC": 30.0, "US-MIDA-PJM": 400.0}
        self.observed: float | None = None
        self.fails = False
        # In the first minutes of an hour the forecast of the hour before still counts, as a new one is not out yet.
        self.now = datetime.now(UTC).replace(minute=30)
        self.service = WebService(
            {"forecast": self._forecast, "past-range": self._history, "zones": lambda asked: Reply({})}, "/v4"
        )

    def _forecast(self, asked: Asked) -> Reply:
        if self.fails:
            return Reply({"message": "licence has ended"}, 403)
        start = self.now.replace(minute=0, second=0, microsecond=0)
        ahead = [
            {"carbonIntensity": self.levels[asked.params["zone"]], "datetime": format_time(start + hour * HOUR)}
            for hour in range(int(asked.params["horizonHours"]))
        ]
        return Reply({"zone": asked.params["zone"], "updatedAt": format_time(self.now), "forecast": ahead})

    def _history(self, asked: Asked) -> Reply:
        if self.observed is None:
            return Reply({"message": "no licence for history"}, 403)
        start, end = (datetime.fromisoformat(asked.params[key]) for key in ("start", "end"))
        past: list[dict[str, Any]] = [
            {"carbonIntensity": self.observed, "datetime": format_time(start + hour * HOUR)}
            for hour in range(int((end - start) / HOUR))
        ]
        return Reply({"zone": asked.params["zone"], "data": past})
