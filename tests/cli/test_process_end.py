"""How the process ends: what was printed arrives, whoever reads it, and the exit code is the command's."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.offline_project import write_project

FAILS_HALFWAY = """
from greenai_infra.cli import main
from greenai_infra.errors import Refused

def command(standalone_mode):
    print("the first half")
    raise Refused("and no more")

main.main = command
main.run_process()
"""


def test_what_was_printed_before_an_error_arrives() -> None:
    done = subprocess.run([sys.executable, "-c", FAILS_HALFWAY], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (1, "the first half\n", "error: and no more\n")


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["--help"], 0), (["nonsense"], 2)])
def test_the_exit_code_is_the_commands(arguments: list[str], code: int) -> None:
    done = subprocess.run([sys.executable, "-m", "greenai_infra", *arguments], capture_output=True, check=False)

    assert done.returncode == code
    assert done.stdout or done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "greenai_infra", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (1, "error: the output can't be written: No space left on device\n")


@pytest.mark.parametrize("command", [("preview", "--offline"), ("check",)])
def test_what_a_programs_child_processes_write_is_no_part_of_the_report(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    pytest.importorskip("pulumi_aws")
    write_project(tmp_path, 'import os, subprocess; os.system("echo one"); subprocess.run(["echo", "two"])')

    words = [sys.executable, "-m", "greenai_infra", *command, "--json"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert json.loads(done.stdout)["stack"] == "dev"
    assert done.stderr.split()[:2] == ["one", "two"]
