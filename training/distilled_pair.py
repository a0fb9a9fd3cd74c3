"""What the examples of distillation have in common: train a teacher, distil, compare, say whether it pays.

`distillation.json` beside the report has the accuracies, speeds and energies of both, the teacher's outputs, and the
return on the carbon of the whole run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import torch
from msgspec import Meta, to_builtins

from greenai_infra.files import write_whole
from greenai_infra.numbers import percent, significant
from greenai_infra.typed_yaml.section import Positive
from training import job as jobs
from training import randomness
from training.compare_models import Compared, compare
from training.distill import Distilled, distill
from training.distillation_loss import Recipe
from training.loop import fit, steps_an_epoch
from training.parts import last_run
from training.teacher_targets import DRAWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from training.job import Job

FILE_NAME = "distillation.json"
KEPT_BACK = ("schema_version", "filled", "batch_size")
"""Facts on the making of the teacher's outputs, which are not shown."""
SCHEMA_VERSION = 1


class Settings(jobs.Settings, frozen=True, kw_only=True):
    """`inferences_per_day` is assumed; speeds and energy are measured in `rounds` of `block_s` seconds."""

    batch_size: Annotated[int, Meta(ge=1)] = 64
    learning_rate: Positive = 3e-3
    temperature: Positive = 3.0
    alpha: Annotated[float, Meta(ge=0, le=1)] = 0.7
    kind: Literal["auto", "exact", "sampled", "top_k"] = "auto"
    k: Annotated[int, Meta(ge=1)] = DRAWS
    inferences_per_day: Positive = 1e6
    rounds: Annotated[int, Meta(ge=6)] = 11
    block_s: Positive = 0.2


@dataclass(frozen=True)
class Pair:
    """Two networks to be made, and their data. `teacher_loss` is that of training the teacher on `teacher_items`.

    `held_out` (inputs, labels) takes no part in either training; `each` is what an inference is of.
    """

    teacher: Callable[[], nn.Module]
    teacher_loss: Callable[[nn.Module, Tensor], Tensor]
    teacher_items: int
    student: Callable[[], nn.Module]
    inputs: Tensor
    labels: Tensor
    held_out: tuple[Tensor, Tensor]
    each: str


def run_pair(job: Job[Any], pair: Pair) -> Callable[[], None] | None:
    """Do it, and write the student; what is returned fills in the return on carbon once the tracker has stopped."""
    settings = job.settings
    recipe = Recipe(settings.temperature, settings.alpha)
    randomness.seed_all(settings.seed, job.world.rank)
    teacher = pair.teacher()
    optimizer = torch.optim.AdamW(teacher.parameters(), lr=settings.learning_rate)
    _say(job, f"teacher, on {pair.teacher_items:,} {pair.each}s")
    fit(
        job, teacher, optimizer, pair.teacher_loss, count=pair.teacher_items, batch_size=settings.batch_size,
        scheduler=_schedule(job, optimizer, pair.teacher_items), stage="teacher",
    )  # fmt: skip
    randomness.seed_all(settings.seed + 1, job.world.rank)
    student = pair.student()
    optimizer = torch.optim.AdamW(student.parameters(), lr=settings.learning_rate)
    _say(job, f"student, on {len(pair.inputs):,} {pair.each}s; its loss holds the teacher's entropy, which stays")
    done = distill(
        job, teacher, student, optimizer, pair.inputs, pair.labels, recipe=recipe, kind=settings.kind, k=settings.k,
        batch_size=settings.batch_size, scheduler=_schedule(job, optimizer, len(pair.inputs)),
    )  # fmt: skip
    job.check()
    if not job.world.writes:
        return None
    print("comparing both", flush=True)
    compared = compare(
        teacher, student, *pair.held_out, rounds=settings.rounds, block_s=settings.block_s, check=job.check_alone
    )
    print("\n" + "\n".join(compared.lines()) + "\n", flush=True)
    job.check_alone()
    job.save_model(student)
    return lambda: _write(job, pair, recipe, done, compared)


def _say(job: Job[Any], text: str) -> None:
    if job.world.writes:
        print(text, flush=True)


def _schedule(
    job: Job[Any], optimizer: torch.optim.Optimizer, count: int
) -> torch.optim.lr_scheduler.CosineAnnealingLR:
    steps = job.settings.epochs * steps_an_epoch(count, job.settings.batch_size, job.world.size)
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)


def _write(job: Job[Any], pair: Pair, recipe: Recipe, done: Distilled, compared: Compared) -> None:
    """What the run has emitted, with its stopped parts, has to be paid back."""
    report = job.trainer.report if job.trainer else None
    parts = last_run(job.folders)
    kg = [one.emissions_kg for one in parts]
    roi = compared.roi(
        batch_size=1,
        distillation_kg=None if None in kg or not kg else sum(filter(None, kg)),
        g_per_kwh=report.intensity_g_per_kwh if report else None,
        pue=report.pue if report else 1.0,
        inferences_per_day=job.settings.inferences_per_day,
    )
    facts = done.outputs.facts
    notes = [*compared.measured.notes, *done.notes]
    if any(one.status == "running" for one in parts):
        notes.append("a part of the run was killed: its emissions are known to its last report only, so at least that")
    found: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "settings": job.settings.as_json(),
        "temperature": recipe.temperature,
        "alpha": recipe.alpha,
        "teacher_outputs": {
            **{key: value for key, value in to_builtins(facts).items() if key not in KEPT_BACK},
            "bytes_a_position": done.outputs.bytes_a_position,
        },
        "losses": done.losses,
        "inference": pair.each,
        **compared.as_json(),
        "notes": notes,
        "roi": {**roi, "of": "the whole run: teacher's training, its outputs, student's training, comparison"},
    }
    path = job.folders.output / FILE_NAME
    write_whole(path, json.dumps(found, indent=2, allow_nan=False) + "\n")
    for line in roi_lines(roi):
        print(f"  {line}")
    print(f"  wrote {path}")


def roi_lines(roi: dict[str, Any]) -> list[str]:
    """When the distillation is paid back, in words."""
    if "unknown" in roi:
        return [f"return on carbon: {roi['unknown']}"]
    how = "measured" if roi["energy_is_measured"] else "estimated, not read from a counter"
    share = roi["student_share_of_energy"]
    lines = [
        f"an inference of the student takes {percent(100 * share['value'])} of the teacher's energy "
        f"({percent(100 * share['low'])} to",
        f"{percent(100 * share['high'])}; {how}), one at a time",
    ]
    paid = roi["breakeven_inferences"]
    if paid["value"] is None:
        return [*lines, "the student saves nothing: the distillation is never paid back"]
    most = "never" if paid["high"] is None else f"{paid['high']:,}"
    return [
        *lines,
        f"paid back after {paid['value']:,} inferences ({paid['low']:,} to {most})",
        f"at {roi['inferences_per_day']:,.0f} inferences a day (assumed), {significant(roi['yearly_savings_kg'])} kg "
        "CO2e are saved in a year",
    ]
