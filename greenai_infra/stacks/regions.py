"""Several regions of a workload, with one active region, on any cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


READY = ("data_uri", "repository_url", "upload_data", "push_image")
"""Data and image: a run can only move to a region that has both."""


class _Placed(Protocol):
    @property
    def region(self) -> str: ...


class _Built(Protocol):
    @property
    def outputs(self) -> Mapping[str, Any]: ...


Config = TypeVar("Config", bound=_Placed)


def active_config(name: str, configs: Sequence[Config], active: str) -> Config:
    """Returns the config of the active region. Raises InputError if it is missing, or if a region occurs twice."""
    regions = [config.region for config in configs]
    if active not in regions or len(set(regions)) < len(regions):
        listed = ", ".join(regions) or "none"
        raise InputError(f"{name}: give each region once, and as active one of them (is '{active}', regions: {listed})")
    return configs[regions.index(active)]


def regional_outputs(regions: Mapping[str, _Built], active: str) -> dict[str, Any]:
    """The outputs of the active region, and below `regions` what each needs before a run may start there."""
    ready = {name: {key: value for key, value in one.outputs.items() if key in READY} for name, one in regions.items()}
    return {**regions[active].outputs, "regions": ready}
