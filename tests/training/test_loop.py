"""The loop: stopped at any step it goes on to the same bits; what is damaged, foreign or not a number is said."""

from __future__ import annotations

import resource
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import torch

from greenai_infra.errors import InputError
from tests.training.jobs import BATCH, EPOCHS, SAMPLES, STEPS, Stopping, job, same, train
from training import checkpoints
from training.contract import TrainingFailed
from training.job import Settings, opened
from training.loop import batches, steps_an_epoch
from training.stopping import Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return train(job(tmp_path_factory.mktemp("unbroken")))


@pytest.mark.parametrize("step", range(1, EPOCHS * STEPS + 1))
def test_stopped_after_any_step_it_goes_on_to_the_same_bits(
    tmp_path: Path, unbroken: dict[str, Any], step: int
) -> None:
    with pytest.raises(Stopped) as stopped:
        train(job(tmp_path, Stopping(after=step)))

    assert stopped.value.code == 143
    assert same(train(job(tmp_path)), unbroken)


def test_stopped_after_each_step_in_turn(tmp_path: Path, unbroken: dict[str, Any]) -> None:
    for _ in range(EPOCHS * STEPS):
        with pytest.raises(Stopped):
            train(job(tmp_path, Stopping(after=1)))

    assert same(train(job(tmp_path)), unbroken)


def test_what_the_loop_resumes_is_needed(tmp_path: Path, unbroken: dict[str, Any]) -> None:
    """The comparison notices a generator that is not restored."""
    with pytest.raises(Stopped):
        train(job(tmp_path, Stopping(after=7)))
    newest = checkpoints.newest_first(tmp_path / "checkpoints")[0]
    state = torch.load(newest, weights_only=True)
    version, numbers, gauss = state["of_ranks"][0]["random"]["python"]
    state["of_ranks"][0]["random"]["python"] = (version, (*numbers[:-1], 0), gauss)
    checkpoints.save(tmp_path / "checkpoints", 8, state)

    assert not same(train(job(tmp_path)), unbroken)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_newest_checkpoint_is_passed_over(
    tmp_path: Path, unbroken: dict[str, Any], capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    with pytest.raises(Stopped):
        train(job(tmp_path, Stopping(after=2 * STEPS + 2)))
    newest, before = checkpoints.newest_first(tmp_path / "checkpoints")[:2]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes({"cut": bytes(content[:500]), "flipped": bytes(content), "empty": b""}[damage])

    assert same(train(job(tmp_path)), unbroken)
    said = capfd.readouterr().err
    assert f"{newest} is damaged" in said
    assert f"goes on from {before.name}" in said


def test_with_no_whole_checkpoint_it_begins_anew(tmp_path: Path, unbroken: dict[str, Any]) -> None:
    with pytest.raises(Stopped):
        train(job(tmp_path, Stopping(after=3)))
    for path in checkpoints.newest_first(tmp_path / "checkpoints"):
        path.write_bytes(b"x")

    assert same(train(job(tmp_path)), unbroken)


def test_a_checkpoint_of_other_hyperparameters_is_refused_with_both(tmp_path: Path) -> None:
    train(job(tmp_path))

    with pytest.raises(InputError, match=r"another run \(seed 3 there, 4 now\)"):
        train(job(tmp_path, seed=4))


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    train(job(tmp_path))

    with pytest.raises(InputError, match=r"checkpoint of another model \(.*size mismatch"):
        train(job(tmp_path), width=6)


def test_each_epoch_leaves_a_checkpoint_and_the_newest_are_kept(tmp_path: Path) -> None:
    train(job(tmp_path), keep=2)

    names = [path.name[:13] for path in checkpoints.newest_first(tmp_path / "checkpoints")]
    assert names == ["step-00000015", "step-00000010"]


def test_a_long_epoch_is_kept_in_between(tmp_path: Path) -> None:
    train(job(tmp_path), keep=99, checkpoint_every_s=0.0)

    steps = {int(path.name[5:13]) for path in checkpoints.newest_first(tmp_path / "checkpoints")}
    assert steps == set(range(1, EPOCHS * STEPS + 1))


def test_a_loss_that_is_no_number_stops_with_its_step_and_keeps_no_checkpoint_of_it(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match=r"the loss is nan at step 7 \(epoch 2, batch 2\)"):
        train(job(tmp_path), poison_at=7)

    newest, state = checkpoints.load_newest(tmp_path / "checkpoints") or (None, {})
    assert newest is not None
    assert state["steps"] == STEPS
    assert all(torch.isfinite(value).all() for value in state["model"].values())


def newest_steps(folder: Path) -> list[int]:
    return [int(path.name[5:13]) for path in checkpoints.newest_first(folder)]


@contextmanager
def _full_disk(limit: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_fails_with_the_step_and_leaves_the_older_checkpoint(
    tmp_path: Path, unbroken: dict[str, Any]
) -> None:
    with pytest.raises(Stopped):
        train(job(tmp_path, Stopping(after=4)))
    (older,) = checkpoints.newest_first(tmp_path / "checkpoints")

    with (
        _full_disk(5_000),
        pytest.raises(TrainingFailed, match=r"step 5 can't be written .*File too large; step-.* is kept"),
    ):
        train(job(tmp_path))

    assert list((tmp_path / "checkpoints").iterdir()) == [older]
    assert same(train(job(tmp_path)), unbroken)


def test_a_finished_training_is_not_trained_again(tmp_path: Path, unbroken: dict[str, Any]) -> None:
    train(job(tmp_path))

    assert same(train(job(tmp_path), poison_at=1), unbroken)


def test_an_end_that_an_epoch_calls_is_kept(tmp_path: Path) -> None:
    ended = train(job(tmp_path), after_epoch=lambda epoch, loss: epoch == 2)

    assert len(checkpoints.newest_first(tmp_path / "checkpoints")) == 2
    assert same(train(job(tmp_path), poison_at=1), ended)


def test_trainings_of_one_program_are_kept_apart(tmp_path: Path, unbroken: dict[str, Any]) -> None:
    train(job(tmp_path), width=7, stage="teacher")

    assert same(train(job(tmp_path), stage="student"), unbroken)


def test_parts_of_a_batch_add_up_to_it(tmp_path: Path) -> None:
    """Without chance and batch statistics the gradient over parts is that of the whole batch."""
    from torch import nn
    from torch.nn import functional

    from training.loop import fit

    data = torch.randn(SAMPLES, 4, generator=torch.Generator().manual_seed(1))

    def weights(root: Path, accumulate: int) -> torch.Tensor:
        model = nn.Linear(4, 1)
        nn.init.constant_(model.weight, 0.1)
        nn.init.constant_(model.bias, 0.0)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        fit(
            job(root), model, optimizer, lambda module, i: functional.mse_loss(module(data[i])[:, 0], data[i].sum(1)),
            count=SAMPLES, batch_size=BATCH, accumulate=accumulate,
        )  # fmt: skip
        return model.weight.detach()

    torch.testing.assert_close(weights(tmp_path / "whole", 1), weights(tmp_path / "parts", 3))


def test_every_sample_is_in_one_batch_of_an_epoch_and_epochs_differ() -> None:
    first, second = (batches(21, 8, seed=5, epoch=epoch) for epoch in (0, 1))

    assert [len(one) for one in first] == [8, 8, 5]
    assert sorted(torch.cat(first).tolist()) == list(range(21))
    assert torch.cat(first).tolist() != torch.cat(second).tolist()
    assert (steps_an_epoch(21, 8), steps_an_epoch(17, 8, processes=2), steps_an_epoch(16, 8)) == (3, 2, 2)


def test_a_program_of_ones_own_stops_at_sigterm_and_goes_on(
    tmp_path: Path, unbroken: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the environment that `train --script` gives it."""
    folders = {"SM_MODEL_DIR": "model", "SM_OUTPUT_DATA_DIR": "out", "GREENAI_CHECKPOINT_DIR": "kept"}
    for name, folder in folders.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("SM_HPS", '{"epochs": "3", "seed": "3"}')
    before = signal.getsignal(signal.SIGTERM)

    with opened(Settings) as mine, pytest.raises(Stopped) as stopped:
        train(mine, after_epoch=lambda epoch, loss: signal.raise_signal(signal.SIGTERM))
    with opened(Settings) as mine:
        assert same(train(mine), unbroken)

    assert stopped.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    assert newest_steps(tmp_path / "kept") == [15, 10, 6]
