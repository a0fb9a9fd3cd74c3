"""Estimates as text at 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.numbers import duration, significant
from greenai_infra.reporting.lines import print_facts, print_lines, print_list
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.estimates.cache import CacheEstimate
    from greenai_infra.estimates.distillation import DistillationEstimate
    from greenai_infra.estimates.precisions import PrecisionTable
    from greenai_infra.estimates.request import InPlace, RequestEstimate
    from greenai_infra.planning.training_estimate import TrainingEstimate


def show_request(of: RequestEstimate) -> None:
    """Print one serving set-up."""
    batch = f"batch {of.batch:g}"
    print(f"{of.model} on {of.accelerators} x {of.accelerator}, {of.precision}, {of.engine}, {batch}\n")
    tokens = f"{of.input_tokens:g} in, {of.output_tokens:g} out"
    if of.cached_tokens:
        tokens += f", {of.cached_tokens:g} more in the prefix cache"
    fit = "" if of.fits else ": does NOT fit, see the notes"
    print_facts(
        [
            ("tokens", tokens),
            ("memory", f"{of.memory_gb:,.0f} of {of.accelerator_memory_gb:,.0f} GB with headroom{fit}"),
            ("step", f"{significant(of.step_time_ms)} ms between two tokens of a request"),
            ("answer", f"{duration(of.answer_ms / 3.6e6)} in a full batch" if of.answer_ms >= 1e4 else _ms(of)),
            ("rate", f"{significant(of.requests_per_second)} requests/s of one replica in full batches"),
        ]
    )
    print()
    low, high = (end / of.gpu_j_per_output_token for end in _ends(of))
    rows = [
        [name, *(significant(value * by) for by in (1.0, low, high)), significant(wall)]
        for name, value, wall in (
            ("J per output token", of.gpu_j_per_output_token, of.wall_j_per_output_token),
            ("J per request", of.gpu_j_per_request, of.wall_j_per_request),
        )
    ]
    rows.append(["W", significant(of.gpu_power_w), "", "", significant(of.wall_power_w)])
    show_table(["", "accelerators", "low", "high", "server's wall"], rows, right={1, 2, 3, 4})
    print("low to high is the 90 % band; the wall is before PUE")
    if of.in_place:
        print()
        print_facts(_place_facts(of.in_place))
    print_list("Notes", of.notes)


def _ms(of: RequestEstimate) -> str:
    return f"{of.answer_ms:,.0f} ms in a full batch"


def _ends(of: RequestEstimate) -> tuple[float, float]:
    return of.gpu_j_per_output_token_low, of.gpu_j_per_output_token_high


def _place_facts(of: InPlace) -> Iterator[tuple[str, str]]:
    about = "~" if of.embodied_is_estimate else ""
    low, high = significant(of.operational_g_per_request_low), significant(of.operational_g_per_request_high)
    yield "region", f"{of.grid.region}, PUE {of.grid.pue_text}"
    yield "intensity", of.grid.intensity_text
    yield (
        "emissions",
        f"{significant(of.g_per_request)} g CO2e per request: {significant(of.operational_g_per_request)} operational "
        f"({low} to {high}), {about}{significant(of.embodied_g_per_request)} embodied"
        + (" (~ part of it is no published figure)" if about else ""),
    )
    yield "", f"{significant(of.g_per_request)} kg CO2e per 1,000 requests"
    if of.usd_per_1000_requests is not None:
        yield "cost", f"{significant(of.usd_per_1000_requests)} USD per 1,000 requests: {of.price_source}"


def show_training(of: TrainingEstimate) -> None:
    """Print one training run."""
    print(f"training on {of.accelerators} x {of.accelerator}, {of.precision}\n")
    facts = [
        ("hours", f"{significant(of.hours)} ({significant(of.hours_low)} to {significant(of.hours_high)})"),
        (
            "energy",
            f"{_band(of.energy_kwh, of.energy_kwh_low, of.energy_kwh_high)} kWh at the servers' wall, before PUE",
        ),
    ]
    if of.grid and of.emissions_kg and of.operational_kg and of.embodied_kg and of.cost_usd:
        kg = _band(of.emissions_kg, of.emissions_kg_low or 0.0, of.emissions_kg_high or 0.0)
        about = "~" if of.embodied_is_estimate else ""
        facts += [
            ("region", f"{of.grid.region}, PUE {of.grid.pue_text}"),
            ("intensity", of.grid.intensity_text),
            (
                "emissions",
                f"{kg} kg CO2e: running {significant(of.operational_kg)}, "
                f"embodied {about}{significant(of.embodied_kg)}",
            ),
            ("cost", f"{significant(of.cost_usd, 4)} USD: {of.machines}, on demand, list price read {of.priced_on}"),
        ]
    print_facts(facts)
    print_list("Notes", of.notes)


def _band(value: float, low: float, high: float) -> str:
    return f"{significant(value)} ({significant(low)} to {significant(high)})"


def show_distillation(of: DistillationEstimate) -> None:
    """Print the return on a distillation."""
    print_facts(
        [
            ("teacher", f"{significant(of.teacher_kg)} kg CO2e an inference"),
            ("student", f"{significant(of.student_kg)} kg CO2e an inference"),
            ("cost", f"{significant(of.distillation_kg)} kg CO2e once: {_parts(of)}"),
        ]
    )
    print()
    if of.breakeven_inferences is None:
        print("No break-even: the student emits no less than the teacher.")
    else:
        print(
            f"Pays back after {of.breakeven_inferences:,} inferences "
            f"({duration(24 * (of.breakeven_days or 0.0))} at {of.daily_inferences:,.15g} a day)."
        )
    verb = "Saves" if of.yearly_savings_kg >= 0 else "Costs"
    multiple = "" if of.multiple is None or of.multiple < 0 else f", {significant(of.multiple, 4)} x what it cost"
    print_lines(
        [
            f"{verb} {abs(of.yearly_savings_kg):,.6g} kg CO2e in the first year, the distillation subtracted"
            f"{multiple}.",
            f"That is {significant(abs(of.car_km))} km of a car, or {significant(abs(of.urban_trees))} urban trees "
            f"grown for ten years ({of.edition}).",
        ]
    )
    print_list("Notes", of.notes)


def _parts(of: DistillationEstimate) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {significant(kg)}" for name, kg in of.parts_kg.items())


def show_cache(of: CacheEstimate) -> None:
    """Print what a cache saves, or costs."""
    print(f"{of.daily_requests:,.15g} requests a day of {significant(of.request_j)} J, hit rate {of.hit_rate:g}\n")
    rows = [
        ("requests not computed", of.saved_kwh_per_day),
        ("lookups and embeddings", -of.lookups_kwh_per_day),
        (f"cache nodes, {significant(of.standing_w)} W", -of.standing_kwh_per_day),
        ("net", of.net_kwh_per_day),
    ]
    show_table(["", "kWh a day"], [[name, significant(kwh)] for name, kwh in rows], right={1})
    verb = "It saves" if of.net_kwh_per_day >= 0 else "It does NOT pay: it costs"
    kg = "" if of.net_kg_per_year is None else f", {significant(abs(of.net_kg_per_year))} kg CO2e"
    print(f"\n{verb} {significant(abs(of.net_kwh_per_year))} kWh{kg} a year.")
    if of.breakeven_hit_rate is None:
        print("No hit rate would pay: lookups and nodes draw more than all requests.")
    else:
        print(f"It pays from a hit rate of {significant(of.breakeven_hit_rate)} on.")
    if of.grid:
        print()
        print_facts([("region", f"{of.grid.region}, PUE {of.grid.pue_text}"), ("intensity", of.grid.intensity_text)])
    print_list("Notes", of.notes)


def show_precisions(of: PrecisionTable) -> None:
    """Print precisions by batch, and what others measured."""
    show_table(
        ["precision", "batch", "chips", "GB", "ms a step", "J a token", "J ratio", "tokens/s"],
        [
            [
                row.precision,
                f"{row.batch:g}",
                str(row.accelerators),
                significant(row.memory_gb),
                significant(row.step_time_ms),
                significant(row.gpu_j_per_output_token),
                f"{row.energy_ratio:.2f}",
                f"{row.throughput_ratio:.2f}",
            ]
            for row in of.rows
        ],
        right=set(range(1, 8)),
        title=f"{of.model} on {of.accelerator}, estimated; ratios are to bf16",
    )
    print("a J ratio below 1 saves energy; tokens/s, by accelerator, above 1 is faster")
    print()
    where = f"on {of.accelerator}" if of.measured_here else f"on other accelerators ({of.accelerator} has none)"
    show_table(
        ["precision", "method, engine", "batch", "tokens/s", "J ratio", "runs"],
        [
            [
                one.precision,
                f"{one.method}, {one.engine}",
                one.batch,
                _span(one.throughput_ratio),
                _span(one.energy_ratio),
                str(one.runs),
            ]
            for one in of.measured
        ],
        right={2, 3, 4, 5},
        title=f"Measured by others {where}: to 16 bits",
    )
    print_list("Notes", of.notes)


def _span(ratio: tuple[float, float, float] | None) -> str:
    if ratio is None:
        return ""
    low, _, high = ratio
    return f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"
