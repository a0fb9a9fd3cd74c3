"""Example: the network of `digits` in INT8, measured on this machine, and what is better than fp32 by batch size.

The model of an earlier run is taken from the data channel `model`, where there is one; else it is trained here first.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_model

from greenai_infra.errors import InputError
from greenai_infra.files import write_whole
from greenai_infra.typed_yaml.section import Positive
from training import digits
from training.job import MODEL
from training.quantize import MAX_ACCURACY_DROP, quantize, save
from training.quantize_table import table

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from training.job import Job

FILE_NAME = "quantization.json"
CALIBRATION = 256
"""Images of the training part that set the ranges of activations."""


class Settings(digits.Settings, frozen=True, kw_only=True):
    """`max_accuracy_drop` is a share: 0.02 is two points of a hundred. `compile_too`: also what needs a compiler."""

    max_accuracy_drop: Annotated[float, Meta(ge=0, lt=1)] = MAX_ACCURACY_DROP
    compile_too: bool = True
    rounds: Annotated[int, Meta(ge=6)] = 11
    block_s: Positive = 0.1


def run(job: Job[Settings]) -> None:
    """Train or load, quantise, print the table, write `quantization.json` and the picked models."""
    settings = job.settings
    channel = job.folders.channels.get("model")
    model = digits.trained(job) if channel is None else _loaded(channel / MODEL)
    if not job.world.writes:
        return
    images, labels = (part.to(job.world.device) for part in digits.read_digits())
    result = quantize(
        model,
        calibration=images[: min(settings.samples, CALIBRATION)],
        inputs=images[-digits.HELD_OUT :],
        labels=labels[-digits.HELD_OUT :],
        max_accuracy_drop=settings.max_accuracy_drop,
        compile_too=settings.compile_too,
        rounds=settings.rounds,
        block_s=settings.block_s,
        check=job.check_alone,
    )
    print("\n" + "\n".join(table(result)))
    path = job.folders.output / FILE_NAME
    write_whole(path, json.dumps(result.as_json(), indent=2, allow_nan=False) + "\n")
    written = save(result, job.folders.model, job.identity())
    print(f"\n  {path}\n  {job.folders.model}: {', '.join(file.name for file in written)}")


def _loaded(path: Path) -> nn.Module:
    """The model that `digits` has written. Raises InputError naming the file."""
    try:
        with safe_open(path, framework="pt") as file:
            told = json.loads((file.metadata() or {})["greenai"])
        model = digits.network(int(told["width"]), float(told["dropout"]))
        load_model(model, path)
    except (OSError, SafetensorError, RuntimeError, LookupError, ValueError, TypeError) as error:
        raise InputError(f"{path} is not the model of a digits run: {error or type(error).__name__}") from None
    return model
