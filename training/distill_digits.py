"""Example: a small network learns to read digits from a large one, and both are measured: does it pay, and when?

The large network is trained first, then its outputs are computed once for each training image and its eight shifts by a
pixel. The student learns from those. The images that both are judged by take no part in either training.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import torch
from pydantic import Field
from torch.nn import functional

from greenai_infra.files import write_whole
from greenai_infra.numbers import percent, significant
from training import job as jobs
from training import randomness
from training.compare_models import Compared, compare
from training.digits import HELD_OUT, network, read_digits, shifted
from training.distill import Distilled, distill
from training.distillation_loss import Recipe
from training.loop import fit, steps_an_epoch
from training.parts import last_run
from training.teacher_targets import DRAWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from training.job import Job

FILE_NAME = "distillation.json"
SCHEMA_VERSION = 1
STEP = 1
"""Pixels that an image is shifted by, each way."""


class Settings(jobs.Settings):
    """Widths are channels of the first layer; `inferences_per_day` is assumed; measured in `rounds` of `block_s`."""

    batch_size: int = Field(64, ge=1)
    learning_rate: float = Field(3e-3, gt=0)
    teacher_width: int = Field(64, ge=1)
    student_width: int = Field(12, ge=1)
    samples: int = Field(1437, ge=1, le=1437)
    temperature: float = Field(3.0, gt=0)
    alpha: float = Field(0.7, ge=0, le=1)
    kind: Literal["auto", "exact", "sampled", "top_k"] = "auto"
    k: int = Field(DRAWS, ge=1)
    inferences_per_day: float = Field(1e6, gt=0)
    rounds: int = Field(11, ge=6)
    block_s: float = Field(0.2, gt=0)


def run(job: Job[Settings]) -> Callable[[], None] | None:
    """Train the teacher, distil, compare, write the student; what is returned fills in the return on carbon."""
    settings = job.settings
    recipe = Recipe(settings.temperature, settings.alpha)
    images, labels = (part.to(job.world.device) for part in read_digits())
    teacher = _trained_teacher(job, images[: settings.samples], labels[: settings.samples])
    inputs = all_shifts(images[: settings.samples])
    randomness.seed_all(settings.seed + 1, job.world.rank)
    student = network(settings.student_width)
    optimizer = torch.optim.AdamW(student.parameters(), lr=settings.learning_rate)
    if job.world.writes:
        print(f"student, on {len(inputs):,} images; its loss holds the teacher's entropy, which stays", flush=True)
    done = distill(
        job, teacher, student, optimizer, inputs, labels[: settings.samples].repeat(len(inputs) // settings.samples),
        recipe=recipe, kind=settings.kind, k=settings.k, batch_size=settings.batch_size,
        scheduler=_schedule(job, optimizer, len(inputs)),
    )  # fmt: skip
    job.check()
    if not job.world.writes:
        return None
    print("comparing both, alone on this machine if it is idle", flush=True)
    compared = compare(
        teacher, student, images[-HELD_OUT:], labels[-HELD_OUT:], rounds=settings.rounds, block_s=settings.block_s
    )
    print("\n" + "\n".join(compared.lines()) + "\n")
    job.check()
    job.save_model(student)
    return lambda: _write(job, recipe, done, compared)


def _trained_teacher(job: Job[Settings], images: torch.Tensor, labels: torch.Tensor) -> nn.Module:
    settings = job.settings
    randomness.seed_all(settings.seed, job.world.rank)
    teacher = network(settings.teacher_width, dropout=0.2)
    optimizer = torch.optim.AdamW(teacher.parameters(), lr=settings.learning_rate)
    if job.world.writes:
        print(f"teacher, on {len(images):,} images", flush=True)

    def loss(module: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(module(shifted(images[indices])), labels[indices])

    fit(
        job, teacher, optimizer, loss, count=len(images), batch_size=settings.batch_size,
        scheduler=_schedule(job, optimizer, len(images)), stage="teacher",
    )  # fmt: skip
    return teacher


def _schedule(
    job: Job[Settings], optimizer: torch.optim.Optimizer, count: int
) -> torch.optim.lr_scheduler.CosineAnnealingLR:
    steps = job.settings.epochs * steps_an_epoch(count, job.settings.batch_size, job.world.size)
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)


def all_shifts(images: torch.Tensor) -> torch.Tensor:
    """Images of shape (n, 64) as they are and by a pixel each way, shape (9 n, 64)."""
    steps = range(-STEP, STEP + 1)
    square = images.unflatten(1, (8, 8))
    return torch.cat([square.roll((down, right), (1, 2)).flatten(1) for down in steps for right in steps])


def _write(job: Job[Settings], recipe: Recipe, done: Distilled, compared: Compared) -> None:
    """Once the tracker has stopped: what the run has emitted, with its stopped parts, has to be paid back."""
    report = job.trainer.report if job.trainer else None
    parts = [one.emissions_kg for one in last_run(job.folders)]
    roi = compared.roi(
        batch_size=1,
        distillation_kg=None if None in parts or not parts else sum(filter(None, parts)),
        g_per_kwh=report.intensity_g_per_kwh if report else None,
        pue=report.pue if report else 1.0,
        inferences_per_day=job.settings.inferences_per_day,
    )
    facts = done.outputs.facts
    found: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "settings": job.settings.model_dump(mode="json"),
        "temperature": recipe.temperature,
        "alpha": recipe.alpha,
        "teacher_outputs": {
            **facts.model_dump(mode="json", exclude={"schema_version", "filled", "batch_size"}),
            "bytes_a_position": done.outputs.bytes_a_position,
        },
        "losses": done.losses,
        **compared.as_json(),
        "roi": {**roi, "of": "the whole run: teacher's training, its outputs, student's training, comparison"},
    }
    found["notes"] = [*found["notes"], *done.notes]
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
        f"paid back after {paid['value']:,} inferences ({paid['low'] or 0:,} to {most})",
        f"at {roi['inferences_per_day']:,.0f} inferences a day (assumed), {significant(roi['yearly_savings_kg'])} kg "
        "CO2e are saved in a year",
    ]
