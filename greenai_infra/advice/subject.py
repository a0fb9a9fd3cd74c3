"""The plan behind the quick wins: its choice computed again with one change, in the same place and machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.regions import find_region
from greenai_infra.errors import InputError
from greenai_infra.footprint.equation import operational_kg
from greenai_infra.planning.run_parts import Unfit
from greenai_infra.planning.runs import runs_on
from greenai_infra.planning.standing import StandingCosts
from greenai_infra.planning.workload_file import parse_workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.planning.run_parts import Run
    from greenai_infra.planning.workload import Workload


class Outcome(NamedTuple):
    """A run with its emissions and cost, without data transfer."""

    run: Run
    kg: float
    usd: float | None


@dataclass(frozen=True, slots=True)
class Subject:
    """A plan document with its workload, and the chosen offer (None if the catalogue now lacks it)."""

    document: dict[str, Any]
    workload: Workload
    offer: Offer | None
    workload_file: str

    @property
    def chosen(self) -> dict[str, Any]:
        """The plan's placement."""
        return self.document["placement"]  # type: ignore[no-any-return]

    @property
    def is_training(self) -> bool:
        """Whether it is a training."""
        return self.workload.kind == "training"

    def changed(self, **values: Any) -> Workload:
        """The workload with changed values of `work`, `served_model` or `hardware`, by `section__key`."""
        sections: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            section, _, key = name.partition("__")
            sections.setdefault(section, {})[key] = value
        work, hardware = self.workload.work, self.workload.hardware
        if "served_model" in sections:
            assert work.served_model is not None
            size = msgspec.structs.replace(work.served_model, **sections["served_model"])
            work = msgspec.structs.replace(work, served_model=size)
        work = msgspec.structs.replace(work, **sections.get("work", {}))
        hardware = msgspec.structs.replace(hardware, **sections.get("hardware", {}))
        return msgspec.structs.replace(self.workload, work=work, hardware=hardware)

    def outcome(self, workload: Workload) -> Outcome | str:
        """Emissions of a workload on the plan's machine in its place, or why they are unknown.

        A training run takes as many chips as the plan; the grid's intensity is the plan's mean.
        """
        if self.offer is None:
            return f"{self.chosen['instance_type']} is no longer in the catalogue: plan again"
        try:
            found = runs_on(workload, self.offer, find_accelerator(self.offer.accelerator), None)
        except InputError as error:
            return str(error)
        if isinstance(found, Unfit):
            return found.reason
        runs = [run for run in found if run.accelerators == self.chosen["accelerators"]] if self.is_training else found
        if not runs:
            return f"not on {self.chosen['accelerators']} accelerators, which the plan takes"
        run = runs[0]
        grid_kg = operational_kg(run.energy_kwh.value, self.chosen["pue"], self.chosen["intensity"]["g_per_kwh"])
        return Outcome(run, grid_kg + run.embodied_kg_per_hour.value * run.hours.value, self.price(workload, run))

    def price(self, workload: Workload, run: Run) -> float | None:
        """USD of a run on the plan's offer by the workload's tariff, with standing cost."""
        machines_usd = self.machines_usd(workload, run)
        if machines_usd is None:
            return None
        region = find_region(f"{self.chosen['provider']}:{self.chosen['region']}")
        standing = StandingCosts(workload).of(region, self.chosen.get("zones") or ())
        return machines_usd + (standing.usd_per_hour.value * run.hours.value if standing else 0.0)

    def machines_usd(self, workload: Workload, run: Run) -> float | None:
        """USD of only the machines of a run."""
        assert self.offer is not None
        spot = workload.hardware.purchase == "spot"
        usd = self.offer.usd_per_hour_spot if spot else self.offer.usd_per_hour_on_demand
        return None if usd is None else usd * run.instances * run.hours.value

    def saving(self, workload: Workload) -> tuple[float, float | None] | str:
        """kg and USD that a changed workload saves against the plan, or why they are unknown."""
        before, after = self.outcome(self.workload), self.outcome(workload)
        if isinstance(before, str):
            return before
        if isinstance(after, str):
            return after
        usd = None if before.usd is None or after.usd is None else before.usd - after.usd
        return before.kg - after.kg, usd


def subject_of(document: dict[str, Any], workload_file: str, offers: Sequence[Offer]) -> Subject:
    """The subject of a plan document. Raises LookupError or TypeError for a damaged one."""
    workload = parse_workload(msgspec.json.encode(document["workload"]), "the plan's workload")
    chosen = document["placement"]
    key = (chosen["provider"], chosen["region"], chosen["instance_type"])
    offer = next((offer for offer in offers if (offer.provider, offer.region, offer.instance_type) == key), None)
    return Subject(document, workload, offer, workload_file)
