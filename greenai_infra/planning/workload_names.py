"""Names in a workload file that must be in the catalog: chips, regions, countries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.regions import find_region, residency_countries
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.planning.workload import Workload
    from greenai_infra.typed_yaml.types import KeyPath, Problem


def unknown_names(workload: Workload) -> list[Problem]:
    """A problem for each unknown name, with similar names."""
    found = []
    for at, name, look_up in _names(workload):
        try:
            look_up(name)
        except InputError as error:
            found.append((at, str(error)))
    return found


def _names(workload: Workload) -> Iterator[tuple[KeyPath, str, Callable[[str], Any]]]:
    """The position of each name, the name, and its look-up function."""
    work, where = workload.work, workload.where
    if workload.hardware.accelerators != "any":
        for number, name in enumerate(workload.hardware.accelerators):
            yield ("hardware", "accelerators", number), name, find_accelerator
    for key in ("accelerator_hours", "measured", "measured_request"):
        if (stated := getattr(work, key)) is not None:
            yield ("work", key, "accelerator"), stated.accelerator, find_accelerator
    for key in ("allow", "deny"):
        for number, name in enumerate(getattr(where, key) or ()):
            yield ("where", key, number), name, find_region
    for number, name in enumerate(where.residency or ()):
        yield ("where", "residency", number), name, lambda country: residency_countries([country])
    if workload.data is not None:
        yield ("data", "region"), workload.data.region, find_region
    if workload.baseline.region is not None:
        yield ("baseline", "region"), workload.baseline.region, find_region
    if workload.baseline.accelerator is not None:
        yield ("baseline", "accelerator"), workload.baseline.accelerator, find_accelerator
