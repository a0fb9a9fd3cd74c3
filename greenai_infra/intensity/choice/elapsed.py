"""The intensity of time that passes: pinned to a number, from a file's steps, or asked of a source again and again."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite, isnan
from typing import Any, Protocol

from greenai_infra.clock import from_unix, now
from greenai_infra.errors import InputError
from greenai_infra.intensity.choice.asked import Asked, words
from greenai_infra.intensity.model.checks import implausible

END_OF_TIME = datetime(2199, 1, 1, tzinfo=UTC)


class Grid(Protocol):
    """`refresh` may use the network and is called beside the work; `mean` answers from the known values."""

    def refresh(self, now_s: float, *, last: bool = False) -> None:
        """Updates the known values; `last` marks the call before the final sums."""
        ...

    def mean(self, start_s: float, end_s: float) -> float | None:
        """Mean g/kWh over an interval, None if unknown."""
        ...

    def is_final(self, start_s: float, end_s: float) -> bool:
        """Whether the mean over an interval is final."""
        ...

    def give_up(self) -> None:
        """Stops asking: time is up, and the values at hand are used."""
        ...

    def told(self) -> dict[str, Any]:
        """Where the values come from, for a report."""
        ...

    def notes(self) -> list[str]:
        """What the reader must know."""
        ...


class Pinned:
    """A stated number for the whole time."""

    def __init__(self, g_per_kwh: float, by: str, **told: Any) -> None:
        if isinstance(g_per_kwh, bool) or not isinstance(g_per_kwh, int | float) or not isfinite(g_per_kwh):
            raise InputError(f"{by}: an intensity is a number in g/kWh, not {g_per_kwh!r}")
        if problem := implausible(g_per_kwh):
            raise InputError(f"{by}: {problem}")
        self.g_per_kwh = float(g_per_kwh)
        self._told = {"how": "pinned", "source": by, **told}

    def refresh(self, now_s: float, *, last: bool = False) -> None:
        """Does nothing."""

    def mean(self, start_s: float, end_s: float) -> float | None:
        """The number."""
        return self.g_per_kwh

    def is_final(self, start_s: float, end_s: float) -> bool:
        """Always."""
        return True

    def give_up(self) -> None:
        """Does nothing."""

    def told(self) -> dict[str, Any]:
        """Who has stated it."""
        return self._told

    def notes(self) -> list[str]:
        """Returns an empty list."""
        return []


class Unknown:
    """No intensity, and why."""

    def __init__(self, why: str, zone: str | None = None) -> None:
        self.why, self.zone = why, zone

    def refresh(self, now_s: float, *, last: bool = False) -> None:
        """Does nothing."""

    def mean(self, start_s: float, end_s: float) -> float | None:
        """Not known."""
        return None

    def is_final(self, start_s: float, end_s: float) -> bool:
        """Always."""
        return True

    def give_up(self) -> None:
        """Does nothing."""

    def told(self) -> dict[str, Any]:
        """Why."""
        return {"how": "unknown", "source": self.why, "zone": self.zone}

    def notes(self) -> list[str]:
        """Why."""
        return [f"emissions are not known: {self.why}"]


class FromFile:
    """The steps of a user's file, including future steps."""

    def __init__(self, spec: str, zone: str) -> None:
        from greenai_infra.intensity.model.values import Unavailable
        from greenai_infra.intensity.sources.file import FileSource

        found = FileSource(spec.removeprefix("file:"), as_of=END_OF_TIME).whole(zone)
        if isinstance(found, Unavailable):
            raise InputError("; ".join(filter(None, [found.reason, found.hint])))
        self.zone, self._series = zone, found

    def refresh(self, now_s: float, *, last: bool = False) -> None:
        """Does nothing: the file was read at the start."""

    def mean(self, start_s: float, end_s: float) -> float | None:
        """Mean over the steps that the interval touches."""
        value = self._series.mean(from_unix(start_s), from_unix(max(end_s, start_s + 1e-3)))
        return None if isnan(value) else value

    def is_final(self, start_s: float, end_s: float) -> bool:
        """Always."""
        return True

    def give_up(self) -> None:
        """Does nothing."""

    def told(self) -> dict[str, Any]:
        """The file and what it declares."""
        return {"how": "file", "zone": self.zone, **words(self._series.provenance)}

    def notes(self) -> list[str]:
        """What of the file is left out."""
        left_out = self._series.provenance.left_out
        return [left_out] if left_out else []


def grid_of(spec: str | None, zone: str | None, start_s: float, *, or_state: str) -> Grid:
    """Opens a file, a source, or for None the source `auto`. Raises InputError for an unknown source, file or zone.

    Without a zone and a source the intensity is unknown; `or_state` names the alternatives for the message.
    """
    from greenai_infra.catalog.grid_zones import find_zone

    if not zone:
        if spec is not None:
            raise InputError(f"intensity from {spec} needs a grid zone: state zone (as DE), or region (as eu-north-1)")
        return Unknown(f"neither an intensity ({or_state}) nor a grid zone or region is stated")
    if spec is None:
        return Asked(None, find_zone(zone)[0], start_s)
    from greenai_infra.intensity.choice.choose import (  # with numpy, 0.1 s that a run would wait for
        names_file,
        open_source,
    )

    if names_file(spec):
        return FromFile(spec, zone)
    zone, _ = find_zone(zone)
    open_source(spec, as_of=now())  # an unknown name, or a key that is not set, is said at the start
    return Asked(spec, zone, start_s)
