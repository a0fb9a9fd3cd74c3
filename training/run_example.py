"""An example, run in this process: tracked, stopped and resumed, with a card at its end."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from training.card import write_card
from training.cluster import Cluster
from training.job import Job, finished_model, read_settings
from training.stopping import say
from training.tracked import part_of, tracker
from training.world import joined

if TYPE_CHECKING:
    from training.command import Options, Run
    from training.contract import Folders
    from training.examples import Example
    from training.stopping import StopRequest


def run_example(run: Run, example: Example, folders: Folders, options: Options, stop: StopRequest) -> int:
    """Runs the example; returns 0, or raises the exception that ends it."""
    settings = read_settings(example.Settings, run.hyperparameters, run.name)
    first = os.environ.get("RANK", "0") == "0"
    if model := finished_model(folders, {"program": run.name, **settings.as_json()}):
        if first:
            say(f"{run.name} has finished before: {model}. Nothing is done; name another folder to train again")
        return 0
    with joined() as world:
        job: Job[Any] = Job(run.name, settings, folders, world, stop)
        with ExitStack() as stack:
            if first:
                job.trainer = stack.enter_context(part_of(run, folders, options, Cluster()))
            elif world.local_rank == 0:
                job.trainer = tracker(run, folders, options, Cluster())
            if job.trainer is not None:
                stack.enter_context(job.trainer)
            then = example.run(job)
        if first:
            write_card(folders)
            if then is not None:
                then()
    return 0
