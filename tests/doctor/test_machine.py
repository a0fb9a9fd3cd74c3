"""What `doctor` says of this machine, by an environment and programs of the test's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.doctor import machine
from greenai_infra.doctor.checkup import Checkup
from greenai_infra.project.stack_files import StackFile

STATE_IN_A_FOLDER = Checkup("state", "ok", "file://~")


def stack(text: str = "") -> StackFile:
    return StackFile("dev", Path("Pulumi.dev.yaml"), text, {}, "shop")


@pytest.mark.parametrize(
    ("printed", "state"), [("v3.181.0", "ok"), ("v3.250.1", "ok"), ("v4.0.0", "ok"), ("v3.99.9", "error")]
)
def test_the_command_line_must_be_new_enough(
    printed: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pulumi"
    program.write_text(f"#!/bin/sh\necho {printed}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    assert machine.command_line().state == state


def test_a_command_line_that_fails_or_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.command_line().said == "there is no `pulumi` on PATH"

    (tmp_path / "pulumi").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert machine.command_line().state == "error"


def test_the_backend_is_looked_for_where_the_engine_does(tmp_path: Path) -> None:
    home = {"PULUMI_HOME": str(tmp_path)}
    assert machine.backend({}, home).state == "error"

    (tmp_path / "credentials.json").write_text(json.dumps({"current": f"file://{tmp_path}"}))
    assert machine.backend({}, home).said == f"file://{tmp_path}"
    assert machine.backend({"backend": {"url": "s3://state"}}, home).said == "s3://state"
    assert (
        machine.backend({"backend": {"url": "s3://state"}}, {**home, "PULUMI_BACKEND_URL": "gs://x"}).said == "gs://x"
    )


def test_a_backend_s_folder_must_be_there_and_its_password_is_not_shown(tmp_path: Path) -> None:
    found = machine.backend({}, {"PULUMI_BACKEND_URL": f"file://{tmp_path}/none"})
    assert (found.state, found.remedy) == ("error", f"mkdir -p {tmp_path}/none")

    hidden = machine.backend({}, {"PULUMI_BACKEND_URL": "postgres://ann:hush@db/state?sslpassword=hush"})
    assert hidden.said == "postgres://db/state"


@pytest.mark.parametrize(
    ("text", "state", "environment", "expected"),
    [
        ("", "file://~", {}, "error"),
        ("", "file://~", {"PULUMI_CONFIG_PASSPHRASE": ""}, "ok"),
        ("", "file://~", {"PULUMI_CONFIG_PASSPHRASE_FILE": "/none"}, "error"),
        ("secretsprovider: awskms://alias/x\n", "file://~", {}, None),
        ("", "https://api.pulumi.com", {}, None),
        ("encryptionsalt: v1:abc\n", "https://api.pulumi.com", {}, "error"),
    ],
)
def test_a_passphrase_is_needed_unless_a_service_keeps_the_key(
    text: str, state: str, environment: dict[str, str], expected: str | None
) -> None:
    found = machine.passphrase(stack(text), Checkup("state", "ok", state), environment)
    assert (found.state if found else None) == expected


def test_a_sdk_that_is_not_installed_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    assert machine.sdk("gcp").remedy == "pip install 'greenai-infra[gcp]'"


def test_a_cache_that_does_not_answer(unused_port: int) -> None:
    pytest.importorskip("redis")
    found = machine.redis(f"redis://ann:hush@127.0.0.1:{unused_port}")
    assert found.state == "error"
    assert "hush" not in str(found)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        number: Any = one.getsockname()[1]
    return int(number)
