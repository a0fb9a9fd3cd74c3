"""SCI scores as text at 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.footprint import sci_ai
from greenai_infra.footprint.sci import SPECIFICATION
from greenai_infra.numbers import exact, percent, significant
from greenai_infra.reporting.lines import print_facts, print_lines, print_list
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.estimates.sci_ai_scores import AiScore
    from greenai_infra.estimates.sci_scores import Scores
    from greenai_infra.footprint.sci import Hardware, SciScore


def show_scores(scores: Scores, *, only_ai: bool = False) -> None:
    """Print the ranking of scenarios, and the scores of an AI system."""
    if scores.ranked and not only_ai:
        _show_scenarios(scores)
    for number, score in enumerate(scores.ai):
        if number or (scores.ranked and not only_ai):
            print()
        _show_ai(scores, score)
    if len(scores.ai) > 1:
        print_list(
            "Notes", ["the two scores have different functional units: they are reported together, never summed"]
        )


def _show_scenarios(scores: Scores) -> None:
    file = scores.file
    against = [f"against {file.baseline}"] if file.baseline else []
    print_lines([f"{file.name}: gCO2eq per {file.functional_unit}, lowest first", ""])
    show_table(
        ["scenario", "SCI", "O", "M", *against],
        [_row(scores, score) for score in scores.ranked],
        right=range(1, 4 + len(against)),
    )
    print()
    print_facts(
        [
            ("method", f"SCI = (O + M) per R, O = E x PUE x I, M = TE x TS x RS: {SPECIFICATION}"),
            ("boundary", ", ".join(file.boundary)),
            ("figures", f"{file.quantification}; I is location-based, {file.signal}, {file.basis}"),
        ]
    )
    for score in scores.ranked:
        print(f"\n{score.name}: {exact(score.functional_units)} x {file.functional_unit}")
        for part in score.parts:
            _show_part(part)
    print_list("Notes", list(_notes(scores)))


def _row(scores: Scores, score: SciScore) -> list[str]:
    change = scores.change_percent(score)
    against = [] if scores.file.baseline is None else ["baseline" if change is None else _signed(change)]
    return [
        score.name,
        significant(score.sci_g_per_unit),
        significant(score.operational_g_per_unit),
        significant(score.embodied_g_per_unit),
        *against,
    ]


def _signed(change: float) -> str:
    return f"{'+' if change > 0 else ''}{percent(change)}"


def _show_part(part: SciScore) -> None:
    hours = "hourly, mean " if part.method.granularity == "hourly" else ""
    energy = (
        f"{part.name}: {significant(part.energy_kwh)} kWh x PUE {part.energy_with_pue_kwh / part.energy_kwh:.3g} "
        f"({part.pue_source}) x {hours}{significant(part.intensity_g_per_kwh)} g/kWh ({part.intensity_source})"
    )
    print_lines([energy], bullet="- ")
    rest = [f"converted: {part.conversion}"] if part.conversion else []
    print_lines([*rest, *map(_hardware_line, part.hardware)], bullet="    ")


def _hardware_line(piece: Hardware) -> str:
    low, high = piece.embodied_kg_low or piece.embodied_kg, piece.embodied_kg_high or piece.embodied_kg
    band = f" ({significant(low)} to {significant(high)})" if low < high else ""
    return (
        f"M of {piece.name}: {significant(piece.embodied_kg)} kg{band} x {exact(piece.reserved_hours)} h / "
        f"{exact(piece.lifespan_years)} years x {exact(piece.resources_reserved)}/{exact(piece.resources_total)} = "
        f"{significant(piece.embodied_g())} g"
    )


def _notes(scores: Scores) -> Iterator[str]:
    yield from scores.doubts
    pieces = {piece.name: piece for score in scores.ranked for piece in score.hardware}
    for piece in pieces.values():
        yield f"making {piece.name}: {piece.source}"
    defaults = {piece.lifespan_source for piece in pieces.values() if piece.lifespan_source != "stated"}
    for source in defaults:
        yield f"lifespan, where none is stated: {source}"
    bare = [score.name for score in scores.ranked if not score.hardware]
    if bare:
        yield (
            f"{', '.join(bare)}: no hardware is stated, so M is 0; the specification wants an estimate of all "
            "embodied emissions within the boundary"
        )


def _show_ai(scores: Scores, score: AiScore) -> None:
    file = scores.file
    print_lines(
        [
            f"{file.name}, {score.persona}: {significant(score.reported)} {score.reported_unit}",
            "",
        ]
    )
    show_table(
        ["part", "O kg", "M kg"],
        [
            *([part.name, significant(part.operational_kg), significant(part.embodied_kg)] for part in score.parts),
            ["all", significant(score.operational_kg), significant(score.embodied_kg)],
        ],
        right=(1, 2),
    )
    print()
    print_facts(
        [
            ("R", f"{significant(score.functional_units, 4)} x {score.functional_unit}{_values(score)}"),
            *((key, value) for key, value in score.stated.items() if key != "values"),
            ("method", f"SCI = C / R, location-based, {file.quantification}: {sci_ai.SPECIFICATION}"),
            ("boundary", "Operation and Monitoring" if score.persona == "consumer" else _PROVIDER),
            *((("left out"), f"{name}: {why}") for name, why in score.left_out.items()),
            *((("from"), f"{part.name}: {part.source}") for part in score.parts),
        ]
    )


_PROVIDER = "Inception, Design and Development, Deployment, Retirement"


def _values(score: AiScore) -> str:
    return f", {score.stated['values']} values" if "values" in score.stated else ""
