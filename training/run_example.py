"""An example, run in this process: tracked, stopped and resumed, with a card at its end."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import GreenAIError
from greenai_infra.files import write_whole
from greenai_infra.monitoring.run_report import FILE_NAME
from training import checkpoints
from training.job import Job, finished_model, read_settings
from training.stopping import say
from training.tracked import keep_earlier_report, tracker
from training.world import joined

if TYPE_CHECKING:
    from training.command import Options, Run
    from training.contract import Folders
    from training.examples import Example
    from training.stopping import StopRequest

CARD = "model_card.md"


def run_example(run: Run, example: Example, folders: Folders, options: Options, stop: StopRequest) -> int:
    """Run it; returns 0, or raises what ends it."""
    settings = read_settings(example.Settings, run.hyperparameters, run.name)
    first = os.environ.get("RANK", "0") == "0"
    if model := finished_model(folders, {"program": run.name, **settings.model_dump(mode="json")}):
        if first:
            say(f"{run.name} has finished before: {model}. Nothing is done; name another folder to train again")
        return 0
    with joined() as world:
        job: Job[Any] = Job(run.name, settings, folders, world, stop)
        with ExitStack() as stack:
            if world.local_rank == 0:
                part = _part(folders)
                kept = keep_earlier_report(folders) if first and part else None
                if kept:
                    say(f"the report of the part before is kept: {kept}")
                job.trainer = stack.enter_context(tracker(run, folders, options, part))
            example.run(job)
        if first:
            _write_card(run.name, folders)
    return 0


def _part(folders: Folders) -> str:
    """Names the part of a run that resumes, by the steps that were done before; "" from the beginning."""
    stages = [folders.checkpoints, *(one for one in folders.checkpoints.iterdir() if one.is_dir())]
    found = [path.stem for stage in stages for path in checkpoints.newest_first(stage)[:1]]
    return f"after-{max(found)}" if found else ""


def _write_card(name: str, folders: Folders) -> None:
    """The model card's front matter, beside the report."""
    from greenai_infra.reporting.card.formats import hugging_face
    from greenai_infra.reporting.card.from_report import facts_of_report

    report, card = folders.output / FILE_NAME, folders.output / CARD
    try:
        write_whole(card, hugging_face(facts_of_report(report, training_type="pre-training")))
    except GreenAIError as error:
        say(f"no card: {error}")
        return
    print(f"  card: {card}")
