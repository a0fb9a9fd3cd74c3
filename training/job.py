"""What an example is given: its hyperparameters, checked, its folders, the processes it runs in, and when to stop."""

from __future__ import annotations

import difflib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import safetensors.torch
from msgspec import Meta, Struct, to_builtins
from safetensors import SafetensorError, safe_open

from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.values import Unreadable, read_values
from training.contract import TrainingFailed, folders_of, read_json
from training.stopping import Stopped, StopRequest, say
from training.world import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import torch

    from greenai_infra.tracking.trainer import GreenTrainer
    from training.contract import Folders
    from training.world import World

MODEL = "model.safetensors"
PICKS = "picks.json"
"""Beside quantised models: which serves which batch size, and whose they are."""


class Settings(Struct, frozen=True, kw_only=True):
    """Hyperparameters of every example; an example with more derives a class. Strings are read as numbers."""

    epochs: Annotated[int, Meta(ge=1)] = 10
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0

    def as_json(self) -> dict[str, Any]:
        """All of them, as JSON has them."""
        values: dict[str, Any] = to_builtins(self)
        return values


S = TypeVar("S", bound=Settings)


def read_settings(kind: type[S], values: Mapping[str, str], program: str) -> S:
    """Raises InputError that names the unknown hyperparameter and the known ones, or the value that can't be used."""
    known = kind.__struct_fields__
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(f"unknown hyperparameter {name!r}: {program} knows {', '.join(known)}{hint}")
    try:
        return read_values(dict(values), kind)
    except Unreadable as error:
        lines = described(error.problems, "", values, kind).splitlines()
        raise InputError("\n".join(f"hyperparameter {line}" for line in lines)) from None


@dataclass
class Job(Generic[S]):
    """A run of an example. `trainer` is None in the processes that don't measure."""

    program: str
    settings: S
    folders: Folders
    world: World
    stop: StopRequest
    trainer: GreenTrainer | None = None
    notes: list[str] = field(default_factory=list)

    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree with to be continued."""
        return {"program": self.program, **self.settings.as_json()}

    def must_stop(self) -> int:
        """The exit code that the run has to end with, 0 while it may go on. In this process: see World.highest."""
        from greenai_infra.tracking.limit import BUDGET_REACHED

        code = self.stop.code()
        return code or (BUDGET_REACHED if self.trainer is not None and self.trainer.budget_reached else 0)

    def check(self) -> None:
        """End the run if it must stop; for phases that keep no checkpoint of their own. All processes must ask."""
        if code := self.world.highest(self.must_stop()):
            self.end(code)

    def check_alone(self) -> None:
        """Like `check`, for work of a single process: the other processes are not asked."""
        if code := self.must_stop():
            self.end(code)

    def end(self, code: int) -> None:
        """Raises the exception that ends the run with this code."""
        if self.world.writes:
            say(f"{self.stop.why(code)}: stopped")
        raise Stopped(code)

    def save_model(self, model: torch.nn.Module, name: str = MODEL) -> Path | None:
        """Write the finished model whole, with its identity. In rank 0 only; others get None."""
        if not self.world.writes:
            return None
        path = self.folders.model / name
        temporary = path.with_name(f".{name}.{os.getpid()}")
        told = {"greenai": json.dumps(self.identity())}  # a single entry: the order of several entries varies
        try:
            self.folders.model.mkdir(parents=True, exist_ok=True)
            safetensors.torch.save_model(model, str(temporary), metadata=told)
            temporary.replace(path)
        except (OSError, SafetensorError) as error:
            temporary.unlink(missing_ok=True)
            raise TrainingFailed(f"the model can't be written to {path}: {error}") from None
        return path


@contextmanager
def opened(kind: type[S], program: str = "own") -> Iterator[Job[S]]:
    """A job for a program of your own, by the environment that `train --script` gives it; for `training.loop.fit`.

    SIGTERM and the end of the slice stop it at the next step. Energy is measured by the process that has started it.
    Raises InputError for hyperparameters that `kind` does not know.
    """
    values = {str(name): str(value) for name, value in json.loads(os.environ.get("SM_HPS", "{}")).items()}
    settings = read_settings(kind, values, program)
    folders = folders_of(None, os.environ)
    folders.make()
    stop = StopRequest(os.environ)
    with stop.listening(), joined() as world:
        yield Job(program, settings, folders, world, stop)


def finished_model(folders: Folders, identity: Mapping[str, Any], name: str = MODEL) -> Path | None:
    """The model of this very run, if it is finished. Raises InputError if the folder holds another run's model."""
    path, picks = folders.model / name, folders.model / PICKS
    if picks.is_file() and not path.is_file():
        told = read_json(picks).get("identity")
        if told == dict(identity):
            return picks
        raise InputError(f"{picks} is another run's ({differs(told, identity)}); remove it, or name another folder")
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            told = json.loads((file.metadata() or {}).get("greenai", "null"))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is there and can't be read ({error}); remove it, or name another folder") from None
    if told != dict(identity):
        raise InputError(
            f"{path} is another run's model ({differs(told, identity)}); remove it, or name another folder"
        )
    return path


def differs(told: Mapping[str, Any] | None, identity: Mapping[str, Any]) -> str:
    """In which names two identities differ, as `epochs 3 there, 5 now`."""
    if not isinstance(told, dict):
        return "it does not say whose it is"
    names = [name for name in {**told, **identity} if told.get(name) != identity.get(name)]
    return ", ".join(f"{name} {told.get(name)} there, {identity.get(name)} now" for name in names)
