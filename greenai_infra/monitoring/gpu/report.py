"""The findings of a watch of GPUs: energy, and waste by cause with rule, numbers and next step."""

from __future__ import annotations

from typing import Any

import msgspec


class CauseOfWaste(msgspec.Struct, kw_only=True):
    """Waste of a cause on a GPU. Energy at the GPU, before PUE; emissions with PUE. None: unknown."""

    gpu: str
    uuid: str
    cause: str
    lost_s: float
    energy_kwh: float | None
    emissions_kg: float | None
    cost_usd: float | None
    numbers: dict[str, float]
    """Means over the intervals that it was found in, weighted by lost time."""
    reasons: list[str]
    rule: str
    next_step: str


class GpuTotal(msgspec.Struct, kw_only=True):
    """The use of a GPU or MIG instance. `below_target_ratio` is a share of time, as in the source document."""

    gpu: str
    uuid: str
    name: str
    mig: str | None
    observed_s: float
    energy_kwh: float | None
    energy_by_power_kwh: float
    """Part of it that was integrated from power, for lack of a counter."""
    unknown_s: float
    free_s: float
    mean_activity: float | None
    below_target_ratio: float | None
    advice: str
    waiting_w: float | None
    waiting_source: str
    usd_per_hour: float | None
    price_source: str
    lost: str | None


class WasteReport(msgspec.Struct, kw_only=True):
    """`gpus` has all, `causes` only what was found."""

    gpus: list[GpuTotal]
    causes: list[CauseOfWaste]
    pue: float
    pue_source: str
    intensity: dict[str, Any]
    notes: list[str]
