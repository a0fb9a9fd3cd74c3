"""The example `quantize-digits`: as a process, and which images it calibrates and judges with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from greenai_infra.errors import InputError
from training import digits, quantize_digits
from training.quantize import load

TINY: dict[str, Any] = {"width": 8, "dropout": 0.0}


def test_it_writes_the_picked_models_the_figures_and_the_report(tmp_path: Path) -> None:
    settings = ["--epochs=2", "--samples=256", "--width=8", "--rounds=6", "--block_s=0.01", "--compile_too=false"]
    command = [sys.executable, "-m", "training", "quantize-digits", "--root", str(tmp_path), *settings]
    done = subprocess.run(
        command,
        cwd=Path(digits.__file__).parents[1],
        env={"OMP_NUM_THREADS": "1", "GREENAI_INTENSITY_G_PER_KWH": "100", "PATH": "/usr/bin:/bin", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    found = json.loads((tmp_path / "output" / "data" / "quantization.json").read_text())
    assert found["test_examples"] == 360
    assert found["calibration_examples"] == 256
    working = {one["name"] for one in found["candidates"] if not one["unavailable"]}
    assert working >= {"fp32", "torch.ao static", "pt2e static"}
    report = json.loads((tmp_path / "output" / "data" / "emissions_report.json").read_text())
    kg = report["energy_kwh"] * report["pue"] * report["intensity_g_per_kwh"] / 1000
    assert report["emissions_kg"] == pytest.approx(kg)
    assert report["intensity_g_per_kwh"] == pytest.approx(100)
    images, labels = digits.read_digits()
    for one in found["picks"]:
        run = load(tmp_path / "model", digits.network(8), one["batch_size"])
        with torch.no_grad():
            right = float((run(images[-360:]).argmax(1) == labels[-360:]).double().mean())
        told = next(each for each in found["candidates"] if each["name"] == one["candidate"])
        assert right == pytest.approx(told["accuracy"]["value"], abs=1e-6)
    again = subprocess.run(command, cwd=Path(digits.__file__).parents[1], capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert "has finished before" in again.stderr + again.stdout
    assert json.loads((tmp_path / "output" / "data" / "emissions_report.json").read_text()) == report


class Wanted(Exception):
    """Ends the run with what quantize was given."""


def job_with(folder: Path) -> Any:
    return SimpleNamespace(
        settings=quantize_digits.Settings(**TINY),
        folders=SimpleNamespace(channels={"model": folder}, output=folder, model=folder),
        world=SimpleNamespace(writes=True, device="cpu"),
        check_alone=lambda: None,
    )


def test_a_model_of_the_channel_is_calibrated_with_training_images_and_judged_by_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import save_model

    model = digits.network(8)
    save_model(model, str(tmp_path / "model.safetensors"), metadata={"greenai": json.dumps(TINY)})
    got: dict[str, Any] = {}

    def quantize(model: torch.nn.Module, **given: Any) -> None:
        got.update(given, model=model)
        raise Wanted

    monkeypatch.setattr(quantize_digits, "quantize", quantize)
    with pytest.raises(Wanted):
        quantize_digits.run(job_with(tmp_path))
    images, labels = digits.read_digits()
    assert torch.equal(got["calibration"], images[:256])
    assert torch.equal(got["inputs"], images[1437:])
    assert torch.equal(got["labels"], labels[1437:])
    assert all(torch.equal(a, b) for a, b in zip(got["model"].parameters(), model.parameters(), strict=True))


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_channel_without_such_a_model_is_named(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors is not the model of a digits run"):
        quantize_digits.run(job_with(tmp_path))
