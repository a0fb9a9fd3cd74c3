"""Quantising: every back end on a real network, what is saved, and the picks on measurements that are made up."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from greenai_infra.errors import InputError
from greenai_infra.tracking.meter import Reading, Told
from training.measure import Interval, Measured, Speed
from training.quantize import Candidate, Pick, Quantized, load, pick, quantize, save
from training.quantize_methods import METHODS
from training.quantize_table import table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

INT8 = ["torch.ao dynamic", "torch.ao static", "torchao dynamic", "torchao weight-only", "pt2e static"]
FAST: dict[str, Any] = {"rounds": 6, "block_s": 0.002, "batch_sizes": (1, 16), "compile_too": False}


class NoMeter:
    """A meter that says nothing of energy, at once."""

    def start(self, on_reading: Callable[[Reading], None]) -> None:
        on_reading(Reading(0.0, {"cpu": 0.0}))

    def read(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def told(self) -> Told:
        return Told({"cpu": ("estimated", "nothing")})


def network(seed: int = 1) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(32, 256), nn.ReLU(), nn.Dropout(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 4))


def examples(model: nn.Module, count: int = 600) -> tuple[Tensor, Tensor]:
    """Inputs that the model is sure of, and its answers."""
    inputs = torch.randn(8 * count, 32, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        logits = copy.deepcopy(model).eval()(inputs)
    best = logits.topk(2, dim=1).values
    sure = (best[:, 0] - best[:, 1]).argsort(descending=True)[:count]
    return inputs[sure], logits.argmax(1)[sure]


@pytest.fixture(scope="module")
def model() -> nn.Sequential:
    return network()


@pytest.fixture(scope="module")
def found(model: nn.Sequential) -> Quantized:
    inputs, labels = examples(model)
    return quantize(model, calibration=inputs[:200], inputs=inputs[200:], labels=labels[200:], meter=NoMeter(), **FAST)


def of(result: Quantized, name: str) -> Candidate:
    return next(one for one in result.candidates if one.name == name)


def all_of(result: Quantized, name: str) -> Quantized:
    """As if this candidate had been picked."""
    return replace(result, picks=[Pick(size, name, "time", "", {}) for size in (1, 16)])


@pytest.mark.parametrize("name", INT8)
def test_each_back_end_is_near_fp32_in_a_third_of_its_size(name: str, model: nn.Sequential, found: Quantized) -> None:
    one, baseline = of(found, name), of(found, "fp32")
    assert not one.unavailable
    assert one.size_bytes is not None
    assert baseline.size_bytes is not None
    assert baseline.size_bytes == pytest.approx(4 * sum(p.numel() for p in model.parameters()), rel=0.01)
    assert one.size_bytes < baseline.size_bytes / 2
    inputs, _ = examples(model, 50)
    with torch.no_grad():
        error = (found.models[name](inputs) - copy.deepcopy(model).eval()(inputs)).abs().max()
    assert 0 < error < 0.05
    assert one.accuracy is not None
    assert one.accuracy.value > 0.99


@pytest.mark.parametrize("name", ["fp32", *INT8])
def test_what_is_saved_gives_the_same_answers_in_a_network_of_other_weights(
    name: str, model: nn.Sequential, found: Quantized, tmp_path: Path
) -> None:
    files = save(all_of(found, name), tmp_path)
    assert {file.name for file in files} == {file.name for file in tmp_path.iterdir()}
    assert any(file.suffix in (".safetensors", ".pt") for file in files)  # also beside what is bound to one torch
    inputs, _ = examples(model, 20)
    with torch.no_grad():
        again = load(tmp_path, network(seed=2), 16)(inputs)
        assert torch.equal(again, found.models[name](inputs))


def test_the_saved_state_holds_the_trained_weights_to_half_a_step(
    model: nn.Sequential, found: Quantized, tmp_path: Path
) -> None:
    save(all_of(found, "torch.ao dynamic"), tmp_path)
    state = torch.load(tmp_path / "torch-ao-dynamic.pt", weights_only=True)
    weight, bias = state["3._packed_params._packed_params"]
    assert weight.int_repr().dtype == torch.int8
    assert (weight.dequantize() - model[3].weight).abs().max() <= weight.q_scale() / 2 + 1e-6
    assert torch.equal(bias, model[3].bias)


def test_the_model_itself_is_not_changed(model: nn.Sequential, found: Quantized) -> None:
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), network().parameters(), strict=True))
    assert model.training


def first_step(model: nn.Module) -> float:
    """Of the inputs' quantisation: a buffer in torch.ao, an argument in PT2E's graph."""
    for key, value in model.state_dict().items():
        if "input_scale" in key:
            return float(value)
    graph: Any = model.graph
    return next(float(node.args[1]) for node in graph.nodes if "quantize_per_tensor" in str(node.target))


@pytest.mark.parametrize("name", ["torch.ao static", "pt2e static"])
def test_ranges_come_from_the_calibration_examples(name: str, model: nn.Sequential, found: Quantized) -> None:
    """Calibrated with inputs a hundred times as small, the step between two numbers is a hundred times as small."""
    inputs, labels = examples(model)
    methods = [one for one in METHODS if one.name in ("fp32", name)]
    given = {**FAST, "methods": methods, "meter": NoMeter()}
    small = quantize(model, calibration=inputs[:200] / 100, inputs=inputs[200:], labels=labels[200:], **given)

    span = float(inputs[:200].max() - inputs[:200].min())
    step = first_step(found.models[name])
    assert step == pytest.approx(100 * first_step(small.models[name]), rel=0.02)
    assert span / 255 * 0.5 < step < span / 127 * 1.05  # 8 or 7 bits


class OnItsWay(nn.Module):
    """Looks at its values to choose the way, which no tracer can follow; and has no layer that is quantised."""

    def __init__(self, linear: bool) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(32))
        self.last = nn.Linear(32, 4) if linear else nn.Identity()

    def forward(self, inputs: Tensor) -> Any:
        return self.last(inputs * self.scale if float(inputs.detach().sum()) > 0 else inputs - self.scale)


def test_a_back_end_that_cannot_do_the_model_is_listed_with_its_reason() -> None:
    inputs, labels = torch.randn(20, 32), torch.zeros(20, dtype=torch.int64)
    torn = quantize(OnItsWay(True), calibration=inputs, inputs=inputs, labels=labels, meter=NoMeter(), **FAST)
    assert {one.name for one in torn.candidates if not one.unavailable} == {"fp32", *INT8[:1], *INT8[2:4]}
    assert "'Proxy'" in of(torn, "torch.ao static").unavailable
    assert of(torn, "pt2e static").unavailable
    assert of(torn, "fp32 compiled").unavailable == "not tried: nothing was to be compiled"
    plain = quantize(OnItsWay(False), calibration=inputs, inputs=inputs, labels=labels, meter=NoMeter(), **FAST)
    assert of(plain, "torchao dynamic").unavailable.startswith("it quantises no layer of this model")
    assert [one.candidate for one in plain.picks] == ["fp32", "fp32"]


def test_without_torchao_the_rest_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchao"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "torchao", None)
    inputs, labels = torch.randn(20, 32), torch.zeros(20, dtype=torch.int64)
    rest = quantize(
        nn.Sequential(nn.Linear(32, 4)), calibration=inputs, inputs=inputs, labels=labels, meter=NoMeter(), **FAST
    )
    assert {one.name for one in rest.candidates if not one.unavailable} == {"fp32", *INT8[:2]}
    assert "torchao" in of(rest, "torchao dynamic").unavailable


def test_nothing_of_the_libraries_reaches_the_terminal(
    capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    inputs, labels = torch.randn(20, 32), torch.zeros(20, dtype=torch.int64)
    quantize(nn.Linear(32, 4), calibration=inputs, inputs=inputs, labels=labels, meter=NoMeter(), **FAST)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list
    assert all("deprecated" in one.note for one in METHODS if one.name.startswith("torch.ao"))


def test_pt2e_compiled_runs_in_int8_kernels_and_loads_again(model: nn.Sequential, tmp_path: Path) -> None:
    inputs, labels = examples(model)
    methods = [one for one in METHODS if one.name in ("fp32", "pt2e static compiled")]
    given = {**FAST, "compile_too": True}
    compiled = quantize(
        model,
        calibration=inputs[:200],
        inputs=inputs[200:],
        labels=labels[200:],
        methods=methods,
        meter=NoMeter(),
        **given,
    )
    name = "pt2e static compiled"
    assert not of(compiled, name).unavailable
    save(all_of(compiled, name), tmp_path)
    run = load(tmp_path, network(seed=2), 16)
    for size in (16, 1, 5):  # also sizes that were not compiled before
        with torch.no_grad():
            assert torch.allclose(run(inputs[:size]), compiled.models[name](inputs[:size]), atol=0.02)


def speed(time: tuple[float, float, float], energy: tuple[float, float, float] | None = None) -> Speed:
    return Speed(1, 10, 1.0, 2.0, 3.0, 4.0, Interval(*time), Interval(*energy) if energy else None)


def candidate(name: str, most_lost: float = 0.0) -> Candidate:
    size = 900 if name == "small" else 1000
    return Candidate(name, "", "", "", "", size, Interval(0.9, 0.8, 1.0), Interval(0.0, 0.0, most_lost), 0.1)


CLEAR, CLEARER = (0.5, 0.45, 0.6), (0.3, 0.28, 0.33)


def picked(how: str = "estimated", **speeds: tuple[Speed, float]) -> Pick:
    """The pick among fp32 and others, each with the points that it may lose."""
    measured = Measured(
        {"fp32": {1: speed((1, 1, 1), (1, 1, 1))}, **{name: {1: one} for name, (one, _) in speeds.items()}},
        {"cpu": (how, ""), "ram": ("estimated", "")},
    )
    candidates = [candidate("fp32"), *(candidate(name, lost) for name, (_, lost) in speeds.items())]
    return pick(candidates, measured, 1, 0.02, 0.05)


def test_the_clearly_fastest_with_its_accuracy_kept_is_picked() -> None:
    found = picked(a=(speed(CLEAR), 0.01), b=(speed(CLEARER), 0.021), c=(speed((0.9, 0.8, 0.96)), 0.0))
    assert found.candidate == "a"
    assert found.verdicts["b"].startswith("may lose 2.10 points of accuracy, more than 2;")
    assert found.verdicts["c"].startswith("gains nothing beyond doubt")  # it ends above 0.95


def test_worse_is_an_answer() -> None:
    found = picked(slow=(speed((21.0, 20.0, 22.0)), 0.0), noisy=(speed((0.9, 0.5, 1.4)), 0.0))
    assert found.candidate == "fp32"
    assert found.verdicts["slow"] == "is worse; 21 times the time of fp32 (20 to 22)"
    assert "noisy" in found.reason


def test_a_counter_of_energy_decides_and_an_estimate_does_not() -> None:
    """One is faster, the other takes less energy."""
    faster, leaner = (speed(CLEARER, CLEAR), 0.0), (speed(CLEAR, CLEARER), 0.0)
    assert picked("estimated", faster=faster, leaner=leaner).candidate == "faster"
    decided = picked("measured", faster=faster, leaner=leaner)
    assert (decided.candidate, decided.decided_by) == ("leaner", "energy")


def test_of_two_that_do_not_differ_beyond_doubt_the_smaller_is_picked() -> None:
    near, far = (0.31, 0.29, 0.34), (0.4, 0.35, 0.45)
    assert picked(a=(speed(CLEARER), 0.0), small=(speed(near), 0.0)).candidate == "small"
    assert picked(a=(speed(CLEARER), 0.0), small=(speed(far), 0.0)).candidate == "a"


def test_a_file_bound_to_its_torch_must_gain_more_than_one_that_is_not() -> None:
    near, far = (0.29, 0.28, 0.31), (0.2, 0.19, 0.22)

    def beside(ratio: tuple[float, float, float], **others: tuple[Speed, float]) -> str:
        both: dict[str, Any] = {**others, "pt2e static compiled": (speed(ratio), 0.0)}
        return picked(**both).candidate

    assert beside(near, a=(speed(CLEARER), 0.0)) == "a"
    assert beside(far, a=(speed(CLEARER), 0.0)) == "pt2e static compiled"
    assert beside(near) == "pt2e static compiled"


def test_each_batch_size_loads_its_own_pick(found: Quantized, tmp_path: Path) -> None:
    picks = [Pick(1, "fp32", "", "", {}), Pick(16, "torch.ao dynamic", "", "", {})]
    save(replace(found, picks=picks), tmp_path)
    inputs = torch.randn(4, 32)
    with torch.no_grad():
        for size, name in ((1, "fp32"), (15, "fp32"), (16, "torch.ao dynamic"), (900, "torch.ao dynamic")):
            assert torch.equal(load(tmp_path, network(2), size)(inputs), found.models[name](inputs)), size


@pytest.mark.parametrize("text", ["", "{}", '{"picks": {}}', '{"picks": {"1": {"candidate": "magic"}}}'])
def test_a_broken_pick_file_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "picks.json").write_text(text)
    with pytest.raises(InputError, match=r"picks\.json was not written by quantize"):
        load(tmp_path, network())


def test_a_model_of_another_architecture_is_refused(found: Quantized, tmp_path: Path) -> None:
    save(all_of(found, "torch.ao dynamic"), tmp_path)
    with pytest.raises(InputError, match=r"torch-ao-dynamic\.pt can't be loaded"):
        load(tmp_path, nn.Sequential(nn.Linear(32, 8), nn.ReLU(), nn.Linear(8, 4)), 16)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_accuracy_drop": float("nan")}, "max_accuracy_drop must be a share from 0 to below 1, not nan"),
        ({"max_accuracy_drop": 2}, "0.02 is two points"),
        ({"min_gain": -0.1}, "min_gain must be"),
        ({"batch_sizes": ()}, "batch sizes must be 1 or more"),
        ({"batch_sizes": (8, 0)}, r"not \[8, 0\]"),
        ({"calibration": torch.zeros(1, 32)}, "calibration needs at least 2 examples"),
        ({"labels": torch.zeros(3, dtype=torch.int64)}, "20 examples, 3 labels"),
    ],
)
def test_bad_input_is_named(given: dict[str, Any], said: str) -> None:
    inputs = torch.zeros(20, 32)
    good: dict[str, Any] = {"calibration": inputs, "inputs": inputs, "labels": torch.zeros(20, dtype=torch.int64)}
    with pytest.raises(InputError, match=said):
        quantize(nn.Linear(32, 4), **{**good, **given})


def test_the_table_fits_80_columns_and_the_json_holds_every_figure(found: Quantized) -> None:
    lines = table(found)
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "Not available here:" in text
    assert all(name in text for name in INT8)
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    dynamic = next(one for one in told["candidates"] if one["name"] == "torch.ao dynamic")
    assert [one["batch_size"] for one in dynamic["speeds"]] == [1, 16]
    assert dynamic["accuracy"]["low"] <= dynamic["accuracy"]["value"] <= dynamic["accuracy"]["high"]
    assert [one["batch_size"] for one in told["picks"]] == [1, 16]
