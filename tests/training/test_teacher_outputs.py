"""The store of teacher outputs: computed once, resumed bit for bit, and refused where it belongs to something else."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from greenai_infra.errors import InputError
from training.contract import TrainingFailed
from training.teacher_fill import fill
from training.teacher_outputs import FACTS, ROWS, TeacherOutputs, digest, digest_of

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = torch.randn(150, 6, generator=torch.Generator().manual_seed(0))


class Teacher(nn.Module):
    """Counts its inputs; of shape (n, 6) to `classes` logits, or to (n, 6, classes)."""

    def __init__(self, classes: int = 300, tokens: bool = False) -> None:
        super().__init__()
        torch.manual_seed(classes)
        self.layer = nn.Linear(1 if tokens else 6, classes)
        self.tokens, self.seen = tokens, 0

    def forward(self, inputs: torch.Tensor) -> Any:
        self.seen += len(inputs)
        return 3 * self.layer(inputs[..., None] if self.tokens else inputs)


class Killed(BaseException):
    """What ends a process."""


def _fill(folder: Path, teacher: nn.Module | None = None, **stated: Any) -> TeacherOutputs:
    stated = {"temperature": 2.0, "batch_size": 16, "seed": 3, **stated}
    return fill(folder, teacher or Teacher(), stated.pop("inputs", INPUTS), **stated)


def test_the_teacher_runs_once(tmp_path: Path) -> None:
    teacher = Teacher(10)
    outputs = _fill(tmp_path, teacher)
    again = _fill(tmp_path, teacher)
    assert teacher.seen == len(INPUTS)
    at = torch.tensor([149, 0, 7])
    with torch.no_grad():
        expected = torch.softmax(teacher(INPUTS) / 2, -1)[at]
    assert outputs.facts.kind == "exact"  # ten classes
    assert torch.allclose(outputs[at].weights, expected, atol=1e-7)
    assert torch.equal(again[at].weights, outputs[at].weights)
    assert len(outputs) == 150


@pytest.mark.parametrize("tokens", [False, True])
def test_many_classes_are_sampled(tmp_path: Path, tokens: bool) -> None:
    outputs = _fill(tmp_path, Teacher(tokens=tokens))
    assert outputs.facts.kind == "sampled"
    assert not outputs.facts.biased
    targets = outputs[torch.tensor([5, 2])]
    assert targets.weights.shape == (2, 6, 20) if tokens else (2, 20)
    assert targets.weights.sum(-1).flatten().tolist() == pytest.approx(
        [1.0] * targets.weights.shape[:-1].numel(), abs=0.05
    )
    size = (tmp_path / ROWS).stat().st_size
    assert size == 150 * (6 if tokens else 1) * outputs.bytes_a_position
    assert outputs.bytes_a_position <= 64


def test_a_mean_over_seeds_comes_to_the_teacher(tmp_path: Path) -> None:
    """Through the whole store: sampled 30 times with 12 draws, the mean is within 5 standard errors of p."""
    teacher, found = Teacher(40), torch.zeros(150, 40)
    for seed in range(30):
        outputs = _fill(tmp_path / str(seed), teacher, kind="sampled", k=12, seed=seed)
        found += outputs[torch.arange(150)].dense() / 30
    with torch.no_grad():
        p = torch.softmax(teacher(INPUTS) / 2, -1)
    error = (p * (1 / 12 - p).clamp_min(0) / 30).sqrt()  # at most, as the threshold is no more than 1 / 12
    assert float(((found - p).abs() / (error + 1e-4)).max()) < 5


@pytest.mark.parametrize("stop_after", [1, 4, 9])
@pytest.mark.parametrize("kind", ["exact", "sampled", "top_k"])
def test_an_interrupted_fill_goes_on_to_the_same_bytes(tmp_path: Path, kind: str, stop_after: int) -> None:
    teacher = Teacher(30)
    whole = _fill(tmp_path / "whole", teacher, kind=kind)
    left = [stop_after]

    def check() -> None:
        left[0] -= 1
        if not left[0]:
            raise Killed

    with pytest.raises(Killed):
        _fill(tmp_path / "cut", teacher, kind=kind, check=check)
    with pytest.raises(InputError, match=f"outputs of {16 * stop_after} of 150 inputs"):
        TeacherOutputs(tmp_path / "cut")
    teacher.seen = 0
    _fill(tmp_path / "cut", teacher, kind=kind, batch_size=50)  # the first batch size holds
    assert teacher.seen == 150 - 16 * stop_after
    for name in (ROWS, FACTS):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert len(whole) == 150


def test_rows_written_after_the_last_note_are_written_again(tmp_path: Path) -> None:
    """As after kill -9: more rows than `filled` says, the last one cut."""
    _fill(tmp_path / "whole")
    _fill(tmp_path / "cut")
    facts = json.loads((tmp_path / "cut" / FACTS).read_text())
    (tmp_path / "cut" / FACTS).write_text(json.dumps({**facts, "filled": 32}))
    os.truncate(tmp_path / "cut" / ROWS, (tmp_path / "cut" / ROWS).stat().st_size // 2 + 1)
    _fill(tmp_path / "cut")
    assert (tmp_path / "cut" / ROWS).read_bytes() == (tmp_path / "whole" / ROWS).read_bytes()


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"temperature": 3.0}, "temperature 2.0 there, 3.0 now"),
        ({"kind": "top_k"}, "kind sampled there, top_k now"),
        ({"k": 12}, "k 30 there, 12 now"),
        ({"seed": 4}, "seed 3 there, 4 now"),
        ({"inputs": INPUTS + 1}, "data_sha256 [0-9a-f]{12} there"),
        ({"inputs": INPUTS[:-1]}, "items 150 there, 149 now"),
        ({"inputs": INPUTS.double()}, "data_sha256"),
    ],
)
def test_outputs_of_something_else_are_refused(tmp_path: Path, stated: dict[str, Any], said: str) -> None:
    _fill(tmp_path)
    with pytest.raises(InputError, match=said):
        _fill(tmp_path, **stated)


def test_outputs_of_another_teacher_are_refused_whether_whole_or_begun(tmp_path: Path) -> None:
    _fill(tmp_path)
    other = Teacher()
    with torch.no_grad():
        other.layer.bias[7] += 1e-6
    with pytest.raises(InputError, match=r"teacher_sha256 [0-9a-f]{12} there, [0-9a-f]{12} now.*name another folder"):
        _fill(tmp_path, other)
    facts = json.loads((tmp_path / FACTS).read_text())
    (tmp_path / FACTS).write_text(json.dumps({**facts, "filled": 16}))
    with pytest.raises(InputError, match=r"teacher_sha256"):
        _fill(tmp_path, other)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    _fill(tmp_path)
    size = (tmp_path / ROWS).stat().st_size
    os.truncate(tmp_path / ROWS, size - 1)
    with pytest.raises(InputError, match=rf"has {size - 1:,} bytes, not {size:,}: it was cut"):
        _fill(tmp_path)
    facts = json.loads((tmp_path / FACTS).read_text())
    (tmp_path / FACTS).write_text(json.dumps({**facts, "filled": 149}))
    os.truncate(tmp_path / ROWS, 10)
    with pytest.raises(InputError, match="has 10 bytes: it was cut"):
        _fill(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 2}'])
def test_facts_that_can_not_be_read_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FACTS).write_text(text)
    with pytest.raises(InputError, match=f"{FACTS} can't be used.*remove"):
        _fill(tmp_path)


def test_a_teacher_that_gives_no_numbers_is_named_with_its_inputs(tmp_path: Path) -> None:
    inputs = INPUTS.clone()
    inputs[70] = float("nan")
    with pytest.raises(TrainingFailed, match=r"not numbers .* inputs 64 to 79"):
        _fill(tmp_path, inputs=inputs)
    with pytest.raises(InputError, match="64 of 150"):
        TeacherOutputs(tmp_path)


def test_a_full_disk_is_said_and_the_fill_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource
    import signal

    teacher = Teacher(30)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr(signal, "SIGXFSZ", signal.SIGXFSZ)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(TrainingFailed, match=r"outputs can't be written to .*: File too large"):
            _fill(tmp_path / "full", teacher)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    _fill(tmp_path / "full", teacher)
    _fill(tmp_path / "whole", teacher)
    assert (tmp_path / "full" / ROWS).read_bytes() == (tmp_path / "whole" / ROWS).read_bytes()


def test_a_teacher_is_left_as_it_was_and_may_wrap_its_logits(tmp_path: Path) -> None:
    class Wrapped(Teacher):
        def forward(self, inputs: torch.Tensor) -> Any:
            assert not self.training
            return type("Output", (), {"logits": super().forward(inputs)})()

    teacher = Wrapped(10)
    teacher.train()
    _fill(tmp_path, teacher)
    assert teacher.training


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"temperature": 0.0}, "temperature"),
        ({"k": 0}, "k must be"),
        ({"kind": "best"}, "unknown kind"),
        ({"inputs": INPUTS[:0]}, "need inputs"),
        ({"kind": "exact"}, "exact outputs of 300 classes"),
    ],
)
def test_bad_input_is_refused(tmp_path: Path, stated: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        _fill(tmp_path, **stated)


def test_a_teacher_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"logits of shape \(96,\) for 16 inputs"):
        _fill(tmp_path, nn.Flatten(0))


def test_digests_see_values_types_shapes_and_names() -> None:
    values = torch.arange(6, dtype=torch.float32)
    others = [values.view(2, 3), values.double(), values + 1e-6, values.flip(0)]
    assert len({digest(one) for one in (values, *others)}) == 5
    assert digest(values.view(2, 3).t().contiguous().t()) == digest(values.view(2, 3))
    assert digest(values.bfloat16()) == digest(values.bfloat16())
    assert digest(torch.zeros(0)) != digest(torch.zeros(0, 1))
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    assert digest_of(first) != digest_of(second)
    second.load_state_dict(first.state_dict())
    assert digest_of(first) == digest_of(second)
    assert digest_of(nn.Sequential(first)) != digest_of(first)
