"""What quantising has picked, written to a folder and loaded from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch

from greenai_infra.errors import InputError
from greenai_infra.files import write_whole
from training.job import PICKS
from training.quantize_methods import METHODS, Run, compiled, quiet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

    from training.quantize import Quantized

SCHEMA_VERSION = 1


def save(result: Quantized, folder: Path, identity: Mapping[str, Any] | None = None) -> list[Path]:
    """Write each model that was picked, and last `picks.json`, which says how to load them; the files written.

    fp32 is a safetensors file; a .pt is a state that `torch.load(weights_only=True)` reads; a .pt2 of PT2E is an
    archive of torch.export. That is bound to its release of torch, so that fp32 is written beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    methods = {method.name: method for method in METHODS}
    written: list[Path] = []
    names = list(dict.fromkeys(one.candidate for one in result.picks))
    if any(methods[name].suffix == ".pt2" for name in names):
        names.append(result.candidates[0].name)
    for name in names:
        path = folder / methods[name].file_name
        if path not in written:
            unfinished = path.with_name(f".{path.stem}.unfinished{path.suffix}")
            with quiet(), torch.no_grad():
                methods[name].write(result.models[name], result.example, unfinished)
            unfinished.replace(path)
            written.append(path)
    told = {
        "schema_version": SCHEMA_VERSION,
        "identity": dict(identity or {}),
        "versions": versions(),
        "input": {"shape": list(result.example.shape[1:]), "dtype": str(result.example.dtype).removeprefix("torch.")},
        "picks": {
            str(one.batch_size): {"candidate": one.candidate, "file": methods[one.candidate].file_name}
            for one in result.picks
        },
        "load": "training.quantize.load(folder, model of the same architecture, batch_size)",
    }
    write_whole(folder / PICKS, json.dumps(told, indent=2) + "\n")
    return [*written, folder / PICKS]


def load(folder: Path, model: nn.Module, batch_size: int = 1) -> Run:
    """The pick for a batch size, ready to be called: that of the largest measured size which is not larger, else of the
    smallest. `model` has the saved architecture and any weights; it is used up. Raises InputError naming the file."""
    path = folder / PICKS
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        picks = {int(size): one for size, one in told["picks"].items()}
        size = max((size for size in picks if size <= batch_size), default=min(picks))
        method = next(one for one in METHODS if one.name == picks[size]["candidate"])
        dtype, shape = getattr(torch, told["input"]["dtype"]), told["input"]["shape"]
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        raise InputError(f"{path} was not written by quantize: {type(error).__name__}: {error}") from None
    example = torch.zeros(max(2, batch_size), *shape, dtype=dtype)
    with quiet(), torch.no_grad():
        try:
            found = method.read(model.eval(), example, folder / picks[size]["file"])
        except (OSError, RuntimeError, LookupError) as error:
            raise InputError(f"{folder / picks[size]['file']} can't be loaded: {reason_of(error)}") from None
        return compiled(found, [example[:batch_size]]) if method.compiled else found


def versions() -> dict[str, str]:
    """Versions of the quantisation libraries."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"torch": str(torch.__version__), "quantized_engine": str(torch.backends.quantized.engine)}
    try:
        found["torchao"] = version("torchao")
    except PackageNotFoundError:
        return found
    return found


def reason_of(error: Exception) -> str:
    """The first line of a library's message."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return first if isinstance(error, InputError) else f"{type(error).__name__}: {first}"[:200]
