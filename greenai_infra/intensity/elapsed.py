"""The intensity of time that passes: pinned to a number, from a file's steps, or asked of a source again and again."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, Protocol

from greenai_infra.clock import format_time, from_unix
from greenai_infra.errors import GreenAIError, InputError
from greenai_infra.intensity.checks import implausible

if TYPE_CHECKING:
    from greenai_infra.intensity.source import IntensitySource
    from greenai_infra.intensity.values import Intensity, Provenance

ASK_EVERY_S = 300.0
END_OF_TIME = datetime(2199, 1, 1, tzinfo=UTC)


class Grid(Protocol):
    """`refresh` may ask a network and is called beside the work; `mean` answers from what is known."""

    def refresh(self, now_s: float) -> None:
        """Bring what is known up to date."""
        ...

    def mean(self, start_s: float, end_s: float) -> float | None:
        """Mean g/kWh over an interval, None if that is not known."""
        ...

    def told(self) -> dict[str, Any]:
        """Where the values come from, for a report."""
        ...

    def notes(self) -> list[str]:
        """What the reader must know."""
        ...


class Pinned:
    """One stated number for all of the time."""

    def __init__(self, g_per_kwh: float, by: str, **told: Any) -> None:
        if isinstance(g_per_kwh, bool) or not isinstance(g_per_kwh, int | float) or not isfinite(g_per_kwh):
            raise InputError(f"{by}: an intensity is a number in g/kWh, not {g_per_kwh!r}")
        if problem := implausible(g_per_kwh):
            raise InputError(f"{by}: {problem}")
        self.g_per_kwh = float(g_per_kwh)
        self._told = {"how": "pinned", "source": by, **told}

    def refresh(self, now_s: float) -> None:
        """Nothing to do."""

    def mean(self, start_s: float, end_s: float) -> float | None:
        """The number."""
        return self.g_per_kwh

    def told(self) -> dict[str, Any]:
        """Who has stated it."""
        return self._told

    def notes(self) -> list[str]:
        """Nothing."""
        return []


class Unknown:
    """No intensity, and why."""

    def __init__(self, why: str, zone: str | None = None) -> None:
        self.why, self.zone = why, zone

    def refresh(self, now_s: float) -> None:
        """Nothing to do."""

    def mean(self, start_s: float, end_s: float) -> float | None:
        """Not known."""
        return None

    def told(self) -> dict[str, Any]:
        """Why."""
        return {"how": "unknown", "source": self.why, "zone": self.zone}

    def notes(self) -> list[str]:
        """Why."""
        return [f"emissions are not known: {self.why}"]


class FromFile:
    """The steps of a file of the user's, whatever of it lies ahead."""

    def __init__(self, spec: str, zone: str) -> None:
        from greenai_infra.intensity.file import FileSource
        from greenai_infra.intensity.values import Unavailable

        found = FileSource(spec.removeprefix("file:"), as_of=END_OF_TIME).whole(zone)
        if isinstance(found, Unavailable):
            raise InputError("; ".join(filter(None, [found.reason, found.hint])))
        self.zone, self._series = zone, found

    def refresh(self, now_s: float) -> None:
        """Nothing to do: it was read at the start."""

    def mean(self, start_s: float, end_s: float) -> float | None:
        """Mean over the steps that the interval touches."""
        value = self._series.mean(from_unix(start_s), from_unix(max(end_s, start_s + 1e-3)))
        return None if isnan(value) else value

    def told(self) -> dict[str, Any]:
        """The file and what it declares."""
        return {"how": "file", "zone": self.zone, **_words(self._series.provenance)}

    def notes(self) -> list[str]:
        """What of the file is left out."""
        left_out = self._series.provenance.left_out
        return [left_out] if left_out else []


class Asked:
    """The newest value of a source, asked again every few minutes; each counts from when it was had to the next."""

    def __init__(self, spec: str | None, zone: str, start_s: float) -> None:
        self.spec, self.zone = spec, zone
        self._start_s, self._asked_s = start_s, -float("inf")
        self._from_s: list[float] = []
        self._values: list[Intensity] = []
        self._why = "the source has not answered yet"
        self._notes: list[str] = []

    def refresh(self, now_s: float) -> None:
        """Ask, unless that was done a few minutes ago."""
        if now_s - self._asked_s < ASK_EVERY_S:
            return
        self._asked_s = now_s
        from greenai_infra.intensity.values import Unavailable

        try:
            source = self._open()
            found = source.latest([self.zone])[self.zone]
        except GreenAIError as error:
            self._why = str(error)
            return
        if isinstance(found, Unavailable):
            self._why = "; ".join(filter(None, [found.reason, found.hint]))
            return
        self._notes = list(getattr(source, "notes", []))
        if found.provenance.doubtful or "sandbox" in found.provenance.flags:
            self._why = f"{found.provenance.source} answers with values that must decide nothing"
            return
        self._from_s.append(now_s if self._from_s else self._start_s)
        self._values.append(found)

    def _open(self) -> IntensitySource:
        from greenai_infra.clock import now
        from greenai_infra.intensity.choose import open_source

        return open_source(self.spec, as_of=now())

    def mean(self, start_s: float, end_s: float) -> float | None:
        """Mean of the values that were the newest during the interval."""
        if not self._from_s:
            return None
        edges = [start_s, *(at for at in self._from_s if start_s < at < end_s), max(end_s, start_s + 1e-3)]
        total = 0.0
        for left, right in pairwise(edges):
            at = max(bisect_right(self._from_s, left) - 1, 0)
            total += (right - left) * self._values[at].g_per_kwh
        return total / (edges[-1] - edges[0])

    def told(self) -> dict[str, Any]:
        """The newest answer's provenance."""
        if not self._values:
            return {"how": "unknown", "source": self._why, "zone": self.zone}
        return {"how": "source", "zone": self.zone, **_words(self._values[-1].provenance)}

    def notes(self) -> list[str]:
        """What was not asked, and which embedded figure stands in."""
        if not self._values:
            return [f"emissions are not known: {self._why}"]
        newest = self._values[-1]
        by = newest.provenance
        if by.kind != "yearly mean":
            return []
        taken = (
            f"no intensity is pinned and no live source answered: taken is the embedded figure of {self.zone}, "
            f"{newest.g_per_kwh:g} g/kWh ({by.source}, {by.detail})"
        )
        return [taken, *self._notes] if self.spec != "embedded" else []


def grid_of(spec: str | None, zone: str | None, start_s: float, *, or_state: str) -> Grid:
    """By a file, a source, or the source `auto` for None. Raises InputError for an unknown source, file or zone.

    Without a zone and a source it is unknown; `or_state` says what else could have been stated.
    """
    from greenai_infra.catalog.grid_zones import find_zone
    from greenai_infra.clock import now
    from greenai_infra.intensity.choose import names_file, open_source

    if not zone:
        if spec is not None:
            raise InputError(f"intensity from {spec} needs a grid zone: state zone (as DE), or region (as eu-north-1)")
        return Unknown(f"neither an intensity ({or_state}) nor a grid zone or region is stated")
    if spec is not None and names_file(spec):
        return FromFile(spec, zone)
    zone, _ = find_zone(zone)
    if spec is not None:
        open_source(spec, as_of=now())  # an unknown name, or a key that is not set, is said at the start
    return Asked(spec, zone, start_s)


def _words(by: Provenance) -> dict[str, Any]:
    return {
        "source": by.source,
        "signal": str(by.signal),
        "basis": str(by.basis),
        "kind": str(by.kind),
        "observed_at": format_time(by.observed_at),
        "flags": sorted(map(str, by.flags)),
        "detail": by.detail,
    }
