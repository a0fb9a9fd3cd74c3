"""A row of a ledger: what was emitted or planned, whose, and when it counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.footprint.budget import Share

MOST_KG = 1e12  # a billion tonnes
LONGEST_NAME = 200


class EntryType(StrEnum):
    """RUN: measured. RESERVATION: planned. RELEASE: a released reservation. CORRECTION: a change to a run's kg."""

    RUN = "run"
    RESERVATION = "reservation"
    RELEASE = "release"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row. `entry_id` is unique among rows of its type; `run_id` is the run that it concerns (`entry_id` except
    in a correction). `kg` is CO2e, negative only in a correction. `at` is the time in which it counts, for a correction
    that of its run; `stored_at` is the time of storing. Both are UTC."""

    team: str
    project: str
    type: EntryType
    kind: Share
    entry_id: str
    run_id: str
    kg: float
    at: datetime
    stored_at: datetime
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("team", "project", "entry_id", "run_id"):
            check_name(name.replace("_", " "), getattr(self, name))
        if not isfinite(self.kg) or abs(self.kg) > MOST_KG or (self.kg < 0 and self.type is not EntryType.CORRECTION):
            raise InputError(f"kg of '{self.entry_id}' must be a number from 0 to {MOST_KG:g}, not {self.kg:g}")


def check_name(what: str, value: str) -> None:
    """Raises InputError for a name that could not be found again: empty, padded, or with control characters."""
    if not isinstance(value, str) or not value or len(value) > LONGEST_NAME or not value.isprintable():
        raise InputError(f"{what} {value!r} must be 1 to {LONGEST_NAME} printable characters")
    if value != value.strip():
        raise InputError(f"{what} {value!r} begins or ends with a blank")
