"""The ways to a model in INT8 that torch and torchao offer, each as a `Method`; fp32 itself is the first.

To add one: a function that quantises, and a line in METHODS. A method that can't be imported, or not used with a model,
raises; whoever tries the methods keeps the reason.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Run: TypeAlias = Callable[[Tensor], Any]
"""A callable model: inputs of shape (batch, ...) to logits."""

REMOVAL = "torch.ao.quantization is deprecated: torch says that it will be removed, and to move to torchao"


@dataclass(frozen=True, slots=True)
class Method:
    """A way to quantise, save and load. `quantize` gets a copy of the model that it may change, and calibration inputs.

    `write` and `read` know the file; `read` gets a model of the same architecture with any weights, and inputs.
    """

    name: str
    what: str
    needs: str
    suffix: str
    quantize: Callable[[nn.Module, Tensor], nn.Module]
    write: Callable[[nn.Module, Tensor, Path], None]
    read: Callable[[nn.Module, Tensor, Path], nn.Module]
    compiled: bool = False
    note: str = ""

    @property
    def file_name(self) -> str:
        """Of the saved model; a compiled method saves what it compiles."""
        return self.name.removesuffix(COMPILED).replace(" ", "-").replace(".", "-") + self.suffix


COMPILED = " compiled"


def _as_it_is(model: nn.Module, calibration: Tensor) -> nn.Module:
    return model


def _torch_ao_dynamic(model: nn.Module, calibration: Tensor) -> nn.Module:
    from torch.ao.quantization import quantize_dynamic

    return quantize_dynamic(model, dtype=torch.qint8)


def _torch_ao_static(model: nn.Module, calibration: Tensor) -> nn.Module:
    from torch.ao.quantization import get_default_qconfig_mapping
    from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

    mapping = get_default_qconfig_mapping(torch.backends.quantized.engine)
    prepared = prepare_fx(model, mapping, (calibration[:2],))
    prepared(calibration)
    return convert_fx(prepared)


def _torchao_dynamic(model: nn.Module, calibration: Tensor) -> nn.Module:
    from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

    quantize_(model, Int8DynamicActivationInt8WeightConfig())
    return model


def _torchao_weights(model: nn.Module, calibration: Tensor) -> nn.Module:
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    quantize_(model, Int8WeightOnlyConfig())
    return model


def _pt2e_static(model: nn.Module, calibration: Tensor) -> nn.Module:
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (
        X86InductorQuantizer,
        get_default_x86_inductor_quantization_config,
    )

    # Without VNNI the 8-bit products of two neighbours may overflow 16 bits, so that activations get 7 bits.
    reduce_range = not torch.cpu.get_capabilities().get("avx512_vnni", False)
    quantizer = X86InductorQuantizer()
    quantizer.set_global(get_default_x86_inductor_quantization_config(reduce_range=reduce_range))
    prepared = prepare_pt2e(_exported(model, calibration).module(), quantizer)
    prepared(calibration)
    converted = convert_pt2e(prepared)
    _drop_unused(converted)
    return converted


def _exported(model: nn.Module, inputs: Tensor) -> Any:
    """Exported for every batch size from 1 on."""
    example = inputs[:2].clone()  # a view would bring the whole storage into the file
    return torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))


def _drop_unused(module: nn.Module) -> None:
    """Removes the fp32 weights that `convert_pt2e` leaves in addition to the INT8 weights."""
    used = {str(node.target) for node in module.graph.nodes if node.op == "get_attr"}
    for name in [name for name, _ in module.named_parameters() if name not in used]:
        owner, _, leaf = name.rpartition(".")
        delattr(module.get_submodule(owner), leaf)


def _write_safetensors(model: nn.Module, inputs: Tensor, path: Path) -> None:
    from safetensors.torch import save_model

    save_model(model, str(path))


def _read_safetensors(model: nn.Module, inputs: Tensor, path: Path) -> nn.Module:
    from safetensors.torch import load_model

    load_model(model, path)
    return model


def _write_state(model: nn.Module, inputs: Tensor, path: Path) -> None:
    torch.save(model.state_dict(), path)


def _reader(quantize: Callable[[nn.Module, Tensor], nn.Module], assign: bool) -> Callable[..., nn.Module]:
    """Quantise a model with any weights, for its structure, and put the saved state into it."""

    def read(model: nn.Module, inputs: Tensor, path: Path) -> nn.Module:
        structure = quantize(model, inputs)
        structure.load_state_dict(torch.load(path, weights_only=True), assign=assign)
        return structure

    return read


def _write_program(model: nn.Module, inputs: Tensor, path: Path) -> None:
    torch.export.save(_exported(model, inputs), path)


def _read_program(model: nn.Module, inputs: Tensor, path: Path) -> nn.Module:
    return torch.export.load(path).module()


@contextmanager
def quiet() -> Iterator[None]:
    """Hides the libraries' warnings for developers; the methods' notes hold what concerns a user."""
    loggers = [logging.getLogger(name) for name in ("torch.utils._pytree", "torch._inductor", "torch._dynamo")]
    levels = [one.level for one in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in loggers:
            one.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for one, level in zip(loggers, levels, strict=True):
                one.setLevel(level)


def compiled(model: nn.Module, batches: list[Tensor]) -> Run:
    """Compile with constant weights ("freezing"), as the INT8 kernels of PT2E need.

    For the shapes of `batches` at once, for others at their first call; after eight shapes torch compiles no more.
    """
    from torch._inductor import config

    run = torch.compile(model, dynamic=False)  # with any shape allowed, PT2E's convolutions do not compile
    seen: set[torch.Size] = set()

    def call(inputs: Tensor) -> Any:
        with torch.no_grad():
            if inputs.shape in seen:
                return run(inputs)
            seen.add(inputs.shape)
            with quiet(), config.patch(freezing=True):  # 15 microseconds, so not in every call
                return run(inputs)

    for batch in batches:
        call(batch)
    return call


_FP32 = (".safetensors", _as_it_is, _write_safetensors, _read_safetensors)
_PT2E = (".pt2", _pt2e_static, _write_program, _read_program)
_COMPILER = "torch.compile: a C++ compiler on the machine that serves, and seconds before the first answer"
_ARCHIVE = "the file is an archive of torch.export, read by torch.export.load: load only files of your own"

METHODS = (
    Method("fp32", "the model as it was trained", "torch", *_FP32),
    Method("fp32 compiled", "fp32 through torch.compile with constant weights, so that what compiling gains is not "
           "counted as gained by INT8", _COMPILER, *_FP32, compiled=True),
    Method("torch.ao dynamic", "weights of linear and recurrent layers in INT8, activations quantised in each call",
           "torch", ".pt", _torch_ao_dynamic, _write_state, _reader(_torch_ao_dynamic, False), note=REMOVAL),
    Method("torch.ao static", "weights and activations in INT8 (FX), ranges of activations from calibration",
           "torch; a model that torch.fx can trace", ".pt", _torch_ao_static, _write_state,
           _reader(_torch_ao_static, False), note=REMOVAL),
    Method("torchao dynamic", "Int8DynamicActivationInt8Weight: linear layers in INT8, activations in each call",
           "torchao", ".pt", _torchao_dynamic, _write_state, _reader(_torchao_dynamic, True),
           note="runs under torch.no_grad, not under torch.inference_mode"),
    Method("torchao weight-only", "Int8WeightOnly: weights of linear layers in INT8, arithmetic in fp32",
           "torchao", ".pt", _torchao_weights, _write_state, _reader(_torchao_weights, True),
           note="runs under torch.no_grad, not under torch.inference_mode"),
    Method("pt2e static", "torch.export with the x86 quantizer, run operator by operator: INT8 is only simulated",
           "torchao; a model that torch.export can take", *_PT2E, note=_ARCHIVE),
    Method("pt2e static compiled", "torch.export with the x86 quantizer, compiled to INT8 kernels",
           f"torchao; {_COMPILER}", *_PT2E, compiled=True, note=_ARCHIVE),
)  # fmt: skip
