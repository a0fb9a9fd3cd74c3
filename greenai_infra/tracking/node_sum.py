"""The sum over the nodes of a distributed run. A device that several nodes have read counts once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from greenai_infra.monitoring.run_report import Component, Hardware, NodeOfRun, RunReport
from greenai_infra.tracking.bands import energy_band
from greenai_infra.tracking.differences import differences_of
from greenai_infra.tracking.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GPU = "gpu"


def as_node(report: RunReport, node: int, host: str, gpu_kwh: Mapping[str, float]) -> RunReport:
    """A node's report with its entry in `nodes`, in the form in which it is sent."""
    entry = NodeOfRun(
        node=node, status=report.status, energy_kwh=report.energy_kwh, emissions_kg=report.emissions_kg,
        intensity_g_per_kwh=report.intensity_g_per_kwh, pue=report.pue, duration_s=report.duration_s,
        ended_at=report.ended_at, host=host, components=report.components, gpu_kwh=dict(gpu_kwh),
        hardware=report.hardware, notes=report.notes,
    )  # fmt: skip
    return replace(report, nodes=[entry])


def count_once(entries: Iterable[NodeOfRun]) -> list[NodeOfRun]:
    """Each node with the devices that no earlier node has counted: GPUs by UUID, the rest by machine."""
    hosts: set[str] = set()
    uuids: set[str] = set()
    counted = []
    for one in sorted(entries, key=lambda entry: (entry.energy_kwh is None, entry.node)):
        again = bool(one.host) and one.host in hosts
        parts = {name: part for name, part in one.components.items() if not again or (name == GPU and one.gpu_kwh)}
        if GPU in parts and one.gpu_kwh:
            new = sum(kwh for uuid, kwh in one.gpu_kwh.items() if uuid not in uuids)
            parts[GPU] = replace(parts[GPU], energy_kwh=new)
        parts = {name: part for name, part in parts.items() if part.energy_kwh > 0}
        counted.append(_counting(one, parts, again=again))
        if one.energy_kwh is not None:
            hosts.add(one.host)
            uuids |= set(one.gpu_kwh)
    return sorted(counted, key=lambda entry: entry.node)


def _counting(one: NodeOfRun, parts: dict[str, Component], *, again: bool) -> NodeOfRun:
    """The entry with only these components, at the mean intensity of the node."""
    if one.energy_kwh is None:
        # Another node has measured the machine.
        return replace(one, energy_kwh=0.0, emissions_kg=0.0) if again else one
    kwh = sum(part.energy_kwh for part in parts.values())
    shared_kwh = one.energy_kwh - kwh
    if shared_kwh <= 1e-9 * one.energy_kwh:
        return one
    kg = one.emissions_kg * kwh / one.energy_kwh if one.emissions_kg is not None else None
    return replace(one, energy_kwh=kwh, shared_kwh=shared_kwh, emissions_kg=0.0 if not kwh else kg, components=parts)


def summed(own: RunReport, others: Mapping[int, RunReport], nodes: int) -> RunReport:
    """The run's report: node 0's with the sums of all nodes. If a node is unknown, only the low ends of sums are known.

    emissions_kg = energy_kwh x pue x intensity_g_per_kwh / 1000 holds: PUE is weighted by energy, intensity by energy
    with PUE.
    """
    arrived = [*own.nodes, *(entry for report in others.values() for entry in report.nodes)]
    missing = [NodeOfRun(node=node) for node in range(nodes) if node not in {entry.node for entry in arrived}]
    entries = count_once([*arrived, *missing])
    unknown = [one for one in entries if one.energy_kwh is None or (one.status == "running" != own.status)]
    known = [one for one in entries if one.energy_kwh is not None]
    bands = [energy_band(one.components) if one.energy_kwh else (0.0, 0.0) for one in known]
    low, high = (sum(ends) for ends in zip(*bands, strict=True)) if known else (None, None)
    kwh, kg = totals(entries)
    building_kwh = sum((one.energy_kwh or 0.0) * (one.pue or own.pue) for one in known)
    scale = kg / kwh if kwh and kg is not None else None
    update: dict[str, Any] = {
        "nodes": entries,
        "hardware": _machines([one for one in known if one.energy_kwh]),
        "energy_kwh": kwh,
        "energy_kwh_low": low,
        "energy_kwh_high": high,
        "emissions_kg": kg,
        "emissions_kg_low": None if low is None or scale is None else low * scale,
        "emissions_kg_high": None if high is None or scale is None else high * scale,
        "components": _components(known),
        "pue": building_kwh / kwh if kwh else own.pue,
        "intensity_g_per_kwh": 1000 * kg / building_kwh if kg is not None and building_kwh else None,
        "notes": [*own.notes, *map(_left_out, unknown), *(_shared(one) for one in entries if one.shared_kwh)],
    }
    if unknown or not kwh:
        names = ("energy_kwh", "energy_kwh_high", "emissions_kg", "emissions_kg_high", "intensity_g_per_kwh")
        update |= dict.fromkeys(names) | {"components": {}}
    total = replace(own, **update)
    return replace(total, differences=differences_of(total))


def totals(entries: Sequence[NodeOfRun]) -> tuple[float, float | None]:
    """kWh and kg of the known nodes; kg is None while any of them lacks its intensity."""
    known = [one for one in entries if one.energy_kwh is not None]
    kg = [one.emissions_kg for one in known]
    found = [value for value in kg if value is not None]
    return sum(one.energy_kwh or 0.0 for one in known), sum(found) if len(found) == len(kg) else None


def _components(entries: Sequence[NodeOfRun]) -> dict[str, Component]:
    parts: dict[str, list[Component]] = {}
    for one in entries:
        for name, part in one.components.items():
            parts.setdefault(name, []).append(part)
    return {
        name: Component(
            energy_kwh=sum(part.energy_kwh for part in found),
            how="measured" if all(part.how == "measured" for part in found) else "estimated",
            by="; ".join(dict.fromkeys(part.by for part in found)),
        )
        for name, found in parts.items()
    }


def _machines(entries: Sequence[NodeOfRun]) -> Hardware:
    """All counted machines combined: counts added, different names joined."""
    machines = [one.hardware for one in entries if not one.shared_kwh]
    gpus = {uuid for one in entries for uuid in one.gpu_kwh}

    def joined(names: Iterable[str]) -> str:
        return "; ".join(dict.fromkeys(filter(None, names)))

    cpus, gpu_counts = [one.cpu_count for one in machines], [one.gpu_count or 0 for one in machines]
    ram = [one.ram_gb for one in machines]
    return Hardware(
        cpu=joined(one.cpu for one in machines),
        cpu_count=sum(filter(None, cpus)) if None not in cpus else None,
        gpu=joined(one.hardware.gpu for one in entries),
        gpu_count=len(gpus) or sum(gpu_counts) or None,
        ram_gb=sum(filter(None, ram)) if None not in ram else None,
        os=joined(one.os for one in machines),
    )


def _left_out(one: NodeOfRun) -> str:
    if one.status is None:
        return f"the energy of node {one.node} is unknown: its report did not arrive; so the sums are unknown too"
    if one.energy_kwh is None:
        return f"the energy of node {one.node} is unknown: it was not measured; so the sums are unknown too"
    return (
        f"the energy of node {one.node} is unknown after {one.ended_at}, its last sign of life "
        f"({amount(one.energy_kwh, 'kWh')} by then); so the sums are unknown too"
    )


def _shared(one: NodeOfRun) -> str:
    return (
        f"node {one.node} measured {amount(one.shared_kwh, 'kWh')} of devices that another node has counted: "
        "they count once"
    )
