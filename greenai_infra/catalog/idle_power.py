"""Power of a chip while its server waits for requests with a loaded model: far less than between steps under load."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.read import table

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator

_COLUMNS = ("accelerator", "idle_w", "idle_w_low", "idle_w_high", "source", "year", "evidence", "note")
_SHARE_COLUMNS, _SHARE = ("name", "value", "low", "high", "source"), "idle_power_share"


@dataclass(frozen=True, slots=True)
class IdlePower:
    """Watts of a chip with a model loaded and no request; `source` says which figure or share this is."""

    watts: float
    low: float
    high: float
    source: str


def idle_power(chip: Accelerator) -> IdlePower:
    """The listed figure of a chip, else the usual share of its rated power."""
    listed = _listed().get(chip.name)
    if listed is not None:
        return listed
    share = next(row for row in table("model-constants.csv", _SHARE_COLUMNS) if row.text("name") == _SHARE)
    value, low, high = (share.number(end) * chip.power_w for end in ("value", "low", "high"))
    return IdlePower(value, low, high, share.text("source"))


@cache
def _listed() -> dict[str, IdlePower]:
    return {
        row.text("accelerator"): IdlePower(
            row.number("idle_w"), row.number("idle_w_low"), row.number("idle_w_high"), row.text("source")
        )
        for row in table("idle-power.csv", _COLUMNS)
    }
