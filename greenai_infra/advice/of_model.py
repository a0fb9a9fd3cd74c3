"""Quick wins of the model and its requests: precision, batch, cache, distillation, each from a changed run."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args, get_type_hints

import msgspec

from greenai_infra.advice.measure import DONE, NOT_FOR_THIS, SAVES, UNKNOWN, Measure, measure
from greenai_infra.errors import InputError
from greenai_infra.estimates.cache import cache_node_power_w
from greenai_infra.estimates.serving_names import find_chip, find_precision
from greenai_infra.footprint.equation import operational_kg
from greenai_infra.footprint.service_price import listed_price
from greenai_infra.planning.workload_parts import Hardware

if TYPE_CHECKING:
    from greenai_infra.advice.subject import Subject


def quantise(subject: Subject) -> Measure:
    """The precision with fewer bytes per weight (training: of the products) that saves most on the plan's machine."""
    key = "eight-bit" if subject.is_training else "quantise"
    if why := _lacks_model(subject):
        return measure(key, UNKNOWN, why)
    now = find_precision(subject.workload.hardware.precision)
    tried = [name for name in precisions() if find_precision(name).weight_bytes < now.weight_bytes]
    if not tried:
        return measure(key, DONE, f"the plan computes in {now.name}")
    saved, failed = {}, {}
    for name in tried:
        found = subject.saving(subject.changed(hardware__precision=name))
        if isinstance(found, str):
            failed[name] = found
        else:
            saved[name] = found
    chip = subject.chosen["accelerator"]
    if not saved:
        return measure(key, NOT_FOR_THIS, f"{chip}: " + "; ".join(f"{n}: {why}" for n, why in failed.items()))
    best = max(saved, key=lambda name: saved[name][0])
    kg, usd = saved[best]
    if kg <= 0:
        return measure(key, NOT_FOR_THIS, f"{best} on {chip} would emit {-kg:.3g} kg more at this batch")
    how = "measured speed-up of 8-bit products" if subject.is_training else "the serving estimate at the plan's load"
    if not subject.is_training and not find_chip(chip).measured:
        how += f" (extrapolated: no serving on {chip} was measured)"
    return measure(
        key,
        SAVES,
        f"{best} instead of {now.name} on {chip}, by {how}; check its effect on quality",
        kg=kg,
        usd=usd,
        change=f"hardware: {{precision: {best}}}",
        command=f"greenai-infra plan {subject.workload_file} --hardware --out plan.json",
    )


def precisions() -> tuple[str, ...]:
    """Possible values of `hardware.precision`."""
    annotated = get_type_hints(Hardware, include_extras=True)["precision"]
    return get_args(get_args(annotated)[0])


def batch(subject: Subject) -> Measure:
    """Frees the stated batch, or loosens the latency bound."""
    work = subject.workload.work
    if subject.is_training:
        stated = work.model.mfu if work.model else None
        if work.model is None or stated is None:
            return measure("batch", UNKNOWN, "needs work.model.mfu, measured on your run: the batch acts through it")
        found = subject.saving(subject.changed(work__model=msgspec.structs.replace(work.model, mfu=None)))
        if isinstance(found, str) or found[0] <= 0:
            return measure("batch", DONE, f"MFU {stated:g} is as good as published runs on the chip, or better")
        why = f"if a larger batch brings MFU {stated:g} to what published runs reach on the chip"
        return measure("batch", SAVES, why, kg=found[0], usd=found[1])
    if why := _lacks_model(subject):
        return measure("batch", UNKNOWN, why)
    command = f"greenai-infra plan {subject.workload_file} --out plan.json"
    best = ""
    if work.served_model is not None and work.served_model.batch is not None:
        found = subject.saving(subject.changed(served_model__batch=None))
        if not isinstance(found, str) and found[0] > 0:
            why = f"the largest batch that memory and latency allow, instead of {work.served_model.batch:g}"
            change = "no work.served_model.batch"
            return measure("batch", SAVES, why, kg=found[0], usd=found[1], change=change, command=command)
        best = f"taking out batch {work.served_model.batch:g} saves nothing"
    best = best or "the plan takes the largest batch that memory and latency allow"
    if work.latency_bound_ms is None:
        return measure("batch", DONE, best)
    found = subject.saving(subject.changed(served_model__batch=None, work__latency_bound_ms=None))
    if isinstance(found, str) or found[0] <= 0:
        return measure("batch", DONE, f"{best}, and dropping the latency bound would also save nothing")
    why = f"{best}; without the bound of {work.latency_bound_ms:,.0f} ms it would take a larger batch"
    change = "a longer or no work.latency_bound_ms"
    return measure("batch", SAVES, why, kg=found[0], usd=found[1], change=change, command=command)


def cache(subject: Subject, hit_rate: float | None, node_type: str | None) -> Measure:
    """Fewer requests for the accelerators, minus the consumption of the cache's node."""
    if subject.is_training:
        return measure("cache", NOT_FOR_THIS, "training runs answer no requests")
    command = f"greenai-infra advise quick-wins {subject.workload_file} --hit-rate 0.3 --cache-node cache.r7g.large"
    if hit_rate is None or node_type is None:
        return measure("cache", UNKNOWN, "needs your measured --hit-rate, and --cache-node", command=command)
    rate = subject.workload.work.requests_per_second
    assert rate is not None
    found = subject.saving(subject.changed(work__requests_per_second=rate * (1 - hit_rate)))
    if isinstance(found, str):
        return measure("cache", UNKNOWN, found)
    watts, (source,) = cache_node_power_w(node_type)
    chosen, hours = subject.chosen, subject.chosen["run_hours"]
    own_kg = operational_kg(watts * hours / 1000, chosen["pue"], chosen["intensity"]["g_per_kwh"])
    price = listed_price(chosen["provider"], f"elasticache-valkey:{node_type}", chosen["region"])
    usd = None if found[1] is None or price is None else found[1] - price.usd.value * hours
    kg = found[0] - own_kg
    why = (
        f"{100 * hit_rate:g} % of requests answered from one {node_type} ({own_kg:.3g} kg of its own, without its "
        f"embodied emissions; {source}); machines stay up all the time, so only the energy of answering is "
        "saved; CACHE is a stack with program: cache"
    )
    command = "greenai-infra preview --offline --stack CACHE"
    if kg <= 0:
        return measure("cache", NOT_FOR_THIS, f"it would emit {-kg:.3g} kg more than it saves: {why}")
    return measure("cache", SAVES, why, kg=kg, usd=usd, command=command)


def distil(subject: Subject, student: str | None, distillation_kg: float | None) -> Measure:
    """A smaller model on the plan's machine, minus the emissions of making it."""
    if subject.is_training:
        return measure("distil", NOT_FOR_THIS, "training runs answer no requests")
    if why := _lacks_model(subject):
        return measure("distil", UNKNOWN, why)
    if student is None or distillation_kg is None:
        needs = "needs --student MODEL and --distillation-kg in full: teacher's outputs, training, failed runs"
        return measure("distil", UNKNOWN, needs, command="greenai-infra estimate distillation --help")
    found = subject.saving(
        subject.changed(
            served_model__model=student,
            served_model__parameters=None,
            served_model__active_parameters=None,
            served_model__kv_bytes_per_token=None,
        )
    )
    if isinstance(found, str):
        raise InputError(f"--student {student}: {found}")
    kg = found[0] - distillation_kg
    per_hour = found[0] / subject.chosen["run_hours"]
    pays = f"pays after {distillation_kg / per_hour:,.0f} h of serving" if per_hour > 0 else "never pays"
    why = f"{student} on the plan's machines, minus {distillation_kg:g} kg of making it: {pays}; check its quality"
    if kg <= 0:
        return measure("distil", NOT_FOR_THIS, f"{-kg:.3g} kg more within these hours: {why}")
    return measure("distil", SAVES, why, kg=kg, usd=found[1], change=f"work.served_model: {{model: {student}}}",
                   command=f"greenai-infra plan {subject.workload_file} --hardware --out plan.json")  # fmt: skip


def _lacks_model(subject: Subject) -> str:
    """Why another model or precision cannot be judged, or ""."""
    work = subject.workload.work
    stated = work.model or work.accelerator_hours or work.served_model
    return (
        "" if stated else "needs the model: the workload states a measurement, which holds only for the measured set-up"
    )
