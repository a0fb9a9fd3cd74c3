"""The standing charges of GCP resources: TPU slices and Vertex AI's machines; unpublished figures stay unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.fetchers.skypilot_rows import namings
from greenai_infra.catalog.idle_power import idle_power
from greenai_infra.catalog.offers import offers
from greenai_infra.catalog.tpu import chips_of as topology_chips
from greenai_infra.catalog.vertex import vertex_machines
from greenai_infra.contracts.declared import plain
from greenai_infra.footprint.standing import HOURS_PER_MONTH, idle_instance_power_w
from greenai_infra.previews.standing.charge import Charge, unknown

if TYPE_CHECKING:
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.previews.standing.charge import Rule, Surroundings


def chips_of(accelerator_type: str) -> tuple[str, int] | None:
    """Returns chip and number of chips of a slice such as `v5litepod-8` or `v5p-16` (8 chips); None for other names."""

    kind, _, size = accelerator_type.lower().partition("-")
    known = next((one for one in namings() if one.skypilot_name == f"tpu-{kind}-"), None)
    if known is None or not size.isdecimal() or int(size) == 0:
        return None
    return known.accelerator, -(-int(size) // known.cores_per_chip)


def tpu_machine(resource: DeclaredResource, _: Surroundings) -> Charge:
    """A TPU machine: `tpu.V2Vm`."""
    inputs = plain(dict(resource.inputs))
    return _slices([inputs.get("acceleratorType")], inputs.get("zone"))


def queued_resource(resource: DeclaredResource, _: Surroundings) -> Charge:
    """The slices that a queued resource asks for, counted as if granted: a waiting resource draws no power."""
    inputs = plain(dict(resource.inputs))
    specs = (inputs.get("tpu") or {}).get("nodeSpecs")
    nodes = [(one.get("node") or {}).get("acceleratorType") for one in specs] if isinstance(specs, list) else [None]
    return _slices(nodes, inputs.get("zone"))


def memorystore(resource: DeclaredResource, _: Surroundings) -> Charge:
    """The nodes of a Memorystore for Valkey instance: only their number is known."""
    inputs = plain(dict(resource.inputs))
    shards, replicas = inputs.get("shardCount"), inputs.get("replicaCount", 0)
    if not isinstance(shards, int | float) or not isinstance(replicas, int | float):
        return unknown("Memorystore nodes", "its number of nodes is known only after up")
    what = f"{int(shards * (1 + replicas))} x Memorystore {inputs.get('nodeType', 'node')}"
    return unknown(what, "neither the processor of Memorystore's nodes nor a list price by region is known")


def model_garden_endpoint(resource: DeclaredResource, _: Surroundings) -> Charge:
    """A Vertex AI endpoint with a deployed model: its least number of replicas, idle."""
    inputs = plain(dict(resource.inputs))
    machines = (inputs.get("deployConfig") or {}).get("dedicatedResources") or {}
    machine, least = machines.get("machineSpec") or {}, machines.get("minReplicaCount")
    found = machine_chips(machine)
    if found is None or not isinstance(least, int | float):
        return unknown("Vertex AI endpoint", "its machine or number of replicas is not known here")
    chip, count = find_accelerator(found[0]), found[1]
    power_w = idle_instance_power_w(idle_power(chip).watts, count)
    what = f"{int(least)} x {machine['machineType']} ({count} x {chip.name}), idle"
    source = f"{power_w:.0f} W a replica, before PUE: power model of `plan`; chip power: {chip.power_source}"
    return Charge(what, power_w * least, None, source, "", "no list price of Vertex AI's machines is known")


def machine_chips(machine: dict[str, Any]) -> tuple[str, int] | None:
    """Returns chip and number of chips of a Vertex AI machine, with GPUs or as a slice of TPUs; None if unknown."""
    known = vertex_machines().get(str(machine.get("machineType")))
    if known is None:
        return None
    if known.counts:
        count = machine.get("acceleratorCount")
        fits = machine.get("acceleratorType") == known.accelerator_type and count in known.counts
        return (known.accelerator, int(count)) if fits else None  # type: ignore[arg-type]
    topology = machine.get("tpuTopology") or known.topologies[0]
    return (known.accelerator, topology_chips(topology)) if topology in known.topologies else None


def _slices(names: list[Any], zone: Any) -> Charge:
    found = [chips_of(name) if isinstance(name, str) else None for name in names]
    slices = [one for one in found if one is not None]
    if len(slices) < len(found) or len({chip for chip, _ in slices}) != 1:
        return unknown("TPU slice", f"no chip is known for {', '.join(map(str, names))}")
    chip, count = find_accelerator(slices[0][0]), sum(count for _, count in slices)
    region = zone.rpartition("-")[0] if isinstance(zone, str) else ""
    what = f"{count} x {chip.name}, idle"
    power_w = idle_instance_power_w(idle_power(chip).watts, count)
    source = (
        f"{count} x {chip.name} waiting, with their share of the host, {power_w:.0f} W, before PUE: power model of "
        f"`plan`; chip power: {chip.power_source}"
    )
    offer = _offer(chip.name, region)
    if offer is None or offer.usd_per_hour_on_demand is None:
        return Charge(what, power_w, None, source, "", f"no list price of {chip.name} is known for {region}")
    usd = offer.usd_per_hour_on_demand * count * HOURS_PER_MONTH
    price = f"{offer.usd_per_hour_on_demand:g} USD a chip-hour: {offer.source}, {offer.priced_on}"
    return Charge(what, power_w, usd, source, price)


def _offer(chip: str, region: str) -> Offer | None:
    """Returns the price of a chip in a region."""
    return next(
        (
            one
            for one in offers()
            if one.provider == "gcp" and one.region == region and one.accelerator == chip and one.per_chip
        ),
        None,
    )


RULES: dict[str, Rule] = {
    "gcp:memorystore/instance:Instance": memorystore,
    "gcp:tpu/v2QueuedResource:V2QueuedResource": queued_resource,
    "gcp:tpu/v2Vm:V2Vm": tpu_machine,
    "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment": model_garden_endpoint,
}
