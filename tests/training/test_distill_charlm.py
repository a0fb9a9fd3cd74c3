"""The example `distill-charlm`: sampled outputs of a causal model, and a return that is not known without a tracker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file

from greenai_infra.errors import InputError
from tests.training.jobs import Stopping
from training.charlm import CharacterModel
from training.contract import folders_of
from training.distill_charlm import Settings, run
from training.job import Job
from training.world import World

if TYPE_CHECKING:
    from pathlib import Path


def job(root: Path, **settings: Any) -> Job[Settings]:
    folders = folders_of(root, {})
    folders.make()
    models = {"teacher_width": 16, "teacher_layers": 1, "student_width": 8, "context": 16}
    stated: dict[str, Any] = {"epochs": 2, "seed": 1, "characters": 3000, "rounds": 6, "block_s": 0.06}
    stated |= {**models, **settings}
    return Job("distill-charlm", Settings(**stated), folders, World(0, 1, 0, torch.device("cpu")), Stopping())


def test_it_learns_from_sampled_outputs_and_says_what_is_not_known(tmp_path: Path) -> None:
    then = run(job(tmp_path))
    assert then is not None
    then()
    found = json.loads((tmp_path / "output" / "data" / "distillation.json").read_text())
    outputs = found["teacher_outputs"]
    assert (outputs["kind"], outputs["kept"], outputs["item_shape"], outputs["classes"]) == ("sampled", 30, [16], 97)
    assert found["test_examples"] == 18 * 16  # a tenth of 187 pieces
    assert found["losses"][1] < found["losses"][0]
    assert found["roi"]["unknown"] == "the grid's intensity is not known"
    student = CharacterModel(8, 1, 16)
    student.load_state_dict(load_file(tmp_path / "model" / "model.safetensors"))


def test_a_text_that_is_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="text of 1000 characters is too short for a context of 999"):
        run(job(tmp_path, characters=1000, context=999))
