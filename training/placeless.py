"""The intensity of a machine without a stated place: the embedded world mean, labelled as such."""

from __future__ import annotations

from greenai_infra.catalog.read import table
from greenai_infra.intensity.choice.elapsed import Pinned

_COLUMNS, _NAME = ("name", "value", "unit", "source", "year"), "world_intensity_g_per_kwh"


class WorldMean(Pinned):
    """One number for the whole run."""

    def __init__(self) -> None:
        row = next(row for row in table("model-constants.csv", _COLUMNS) if row.text("name") == _NAME)
        self._year = row.integer("year")
        super().__init__(
            row.number("value"), "embedded world mean", how="source", signal="average", basis="lifecycle",
            kind="yearly mean", flags=["fallback"], detail=f"no grid zone is stated; {row.text('source')}",
        )  # fmt: skip

    def notes(self) -> list[str]:
        """What the reader must know."""
        return [
            f"no grid zone is stated (--zone DE, or a region): the embedded world mean of {self._year}, "
            f"{self.g_per_kwh:g} g/kWh, stands in; grids differ from it by a factor of 20 down and 2 up"
        ]
