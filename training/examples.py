"""The examples by name. Each module has `Settings`, its hyperparameters, and `run(job)`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from greenai_infra.errors import GreenAIError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from training.job import Job, Settings

EXAMPLES = {
    "digits": "training.digits",
    "charlm": "training.charlm",
    "distill-digits": "training.distill_digits",
    "distill-charlm": "training.distill_charlm",
    "quantize-digits": "training.quantize_digits",
}


class Example(Protocol):
    """What a module of an example holds."""

    Settings: type[Settings]

    def run(self, job: Job[Any]) -> Callable[[], None] | None:
        """Train, and save the model. What it returns is called once the tracker has stopped and its report is there."""
        ...


def load(name: str) -> Example:
    """The example. Raises InputError for an unknown name, GreenAIError where torch is not installed."""
    if name not in EXAMPLES:
        raise InputError(f"unknown example {name!r}: there are {', '.join(EXAMPLES)}; your own: --script FILE")
    try:
        return import_module(EXAMPLES[name])
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("torch", "safetensors", "torchao"):
            raise
        raise GreenAIError(f"{error.name} is not installed: pip install 'greenai-infra[training]'") from None
