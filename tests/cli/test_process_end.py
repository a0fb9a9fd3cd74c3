"""How the process ends: what was printed arrives, whoever reads it, and the exit code is the command's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.previews.offline_project import write_project

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


INTERRUPTED_AT = """
import os, signal, sys

class AtImport:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in a shell's background
sys.meta_path.insert(0, AtImport())
sys.argv[1:] = ["regions", "--source", "embedded"]
from greenai_infra.cli.start import run_process
run_process()
"""


@pytest.mark.parametrize("module", ["greenai_infra.cli.main", "click", "greenai_infra.cli.regions", "numpy"])
def test_ctrl_c_amid_an_import_ends_in_a_word(module: str) -> None:
    program = INTERRUPTED_AT.format(module=module)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "aborted")


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">&-", 1, "error: standard output is closed; redirect it to a file or /dev/null\n"),
        (">&- 2>&-", 1, ""),
        ("2>&- >/dev/null", 0, ""),
        ("<&- >/dev/null", 0, ""),
    ],
)
def test_closed_streams_end_without_a_traceback(redirection: str, code: int, said: str) -> None:
    command = f"{sys.executable} -m greenai_infra catalog accelerators {redirection}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (code, "", said)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_is_not_utf_8_gets_all_of_it(encoding: str) -> None:
    command = [sys.executable, "-m", "greenai_infra", "regions", "--source", "embedded"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)

    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode(encoding)
    assert "S\\u00e3o Paulo" in shown if encoding == "ascii" else "S\u00e3o Paulo" in shown
