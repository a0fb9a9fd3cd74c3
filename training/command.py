"""The command: which program is run, with which hyperparameters, tracked, and how it ends."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import GreenAIError, InputError
from training import cluster
from training.contract import file_hyperparameters, folders_of
from training.stopping import StopRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.contract import Folders

DEFAULT_SCRIPT = "train.py"
OWN = ("example", "script", "zone", "max_kg", "processes")
"""Hyperparameters that are options of this command, as a cloud can state nothing else."""


@dataclass(frozen=True)
class Options:
    """What the command line states; `arguments` is the rest of it."""

    root: Path | None = None
    script: str | None = None
    example: str | None = None
    zone: str | None = None
    max_kg: float | None = None
    ledger: str | None = None
    processes: int | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """What is run: an example by its name, or a script with its arguments; with which hyperparameters."""

    name: str
    script: str | None
    arguments: tuple[str, ...]
    hyperparameters: dict[str, str]
    zone: str | None
    max_kg: float | None
    processes: int


def main(options: Options) -> int:
    """Run it; returns the exit code (see training.stopping). A failure is also written where SageMaker looks."""
    stop = StopRequest(os.environ)
    folders = folders_of(options.root, os.environ)
    with stop.listening():  # from now on: a run that is stopped while torch is loading still writes its report
        return _main(options, folders, stop)


def _main(options: Options, folders: Folders, stop: StopRequest) -> int:
    try:
        if folders.failure is not None:
            folders.failure.unlink(missing_ok=True)  # of an earlier try
        run = _chosen(options, folders)
        folders.make()
        return _start(run, folders, options, stop)
    except GreenAIError as error:
        folders.tell_failure(str(error))
        raise
    except Exception as error:  # noqa: BLE001 - an error of the program: its trace, and the reason where the cloud looks
        traceback.print_exc()
        folders.tell_failure(f"{type(error).__name__}: {error}")
        return 1


def _chosen(options: Options, folders: Folders) -> Run:
    """By the command line, else by the hyperparameters, else the script `train.py`."""
    stated = file_hyperparameters(folders)
    own = {name: stated.pop(key) for key in list(stated) if (name := key.replace("-", "_")) in OWN}
    script = options.script or (None if options.example else own.get("script"))
    words: tuple[str, ...] = options.arguments
    example = options.example
    if script is None:
        words, given = _parsed(words)
        stated |= given
        if words[:1] == ("train",):
            words = words[1:]  # SageMaker's word
        if len(words) > 1 or (words and example):
            raise InputError(f"one example at a time, not {', '.join((*filter(None, [example]), *words))}")
        example = example or (words[0] if words else own.get("example"))
        if example is None and Path(DEFAULT_SCRIPT).is_file():
            script = DEFAULT_SCRIPT
        elif example is None:
            raise InputError(
                f"nothing to train: name an example ({_examples()}) or --script FILE; in a container the "
                f"hyperparameter example or script does it, or a {DEFAULT_SCRIPT} in the working folder"
            )
    elif options.example:
        raise InputError(f"either the example {options.example} or --script {script}, not both")
    if script is not None and not Path(script).is_file():
        raise InputError(f"there is no script {script}")
    processes = options.processes or _number(own, "processes", int)
    return Run(
        name=example or Path(script or "").stem,
        script=script,
        arguments=words if script else (),
        hyperparameters=stated,
        zone=options.zone or own.get("zone"),
        max_kg=options.max_kg or _number(own, "max_kg", float),
        processes=processes or max(1, cluster.gpus(os.environ)),
    )


def _examples() -> str:
    from training.examples import EXAMPLES

    return ", ".join(EXAMPLES)


def _number(own: dict[str, str], name: str, kind: Any) -> Any:
    try:
        return kind(own[name]) if name in own else None
    except ValueError:
        raise InputError(f"hyperparameter {name} must be a number, not {own[name]!r}") from None


def _parsed(words: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The words, and the hyperparameters among them: `--NAME=VALUE` or `--NAME VALUE`."""
    rest, found = [], {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--"):
            rest.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not waiting:
                raise InputError(f"{word} has no value: write {word}=VALUE")
            value = waiting.pop(0)
        found[name.replace("-", "_")] = value
    return tuple(rest), found


def _start(run: Run, folders: Folders, options: Options, stop: StopRequest) -> int:
    if run.script is not None:
        from training.script import run_script

        return run_script(run, folders, options, stop)
    from training.examples import load

    example = load(run.name)  # before torchrun, so that an unknown example is reported once
    arguments = cluster.torchrun_arguments(cluster.read_cluster(folders, os.environ), run.processes)
    if arguments and "RANK" not in os.environ:
        root = [] if options.root is None else ["--root", str(options.root)]
        given = [f"--{name}={value}" for name, value in run.hyperparameters.items()]
        own = [f"--zone={run.zone}"] if run.zone else []
        own += [f"--max-kg={run.max_kg}"] if run.max_kg else []
        own += [f"--ledger={options.ledger}"] if options.ledger else []
        paths = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        return cluster.run_torchrun(arguments, ["-m", "training", run.name, *root, *own, *given])
    from training.run_example import run_example

    return run_example(run, example, folders, options, stop)
