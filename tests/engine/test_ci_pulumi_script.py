"""`.ci/pulumi` with made-up `pulumi` and `go` executables: which engine it takes, when it builds, what it says."""

import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from .engine_cli import EXEC_SCRIPT, FINDER

VERSION = "v3.259.0"

GO = """#!{python}
import pathlib, sys, time
calls = pathlib.Path({calls!r})
with calls.open("a") as log:
    print(sys.argv[1], file=log)
if sys.argv[1] == "list":
    print({sdk!r})
else:
    time.sleep({seconds})
    if {broken!r}:
        sys.exit("undefined: something")
    binary = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
    binary.write_text("#!/bin/sh\\necho {version}\\n")
    binary.chmod(0o755)
"""


@dataclass(frozen=True)
class Machine:
    """A PATH and a cache of their own, both empty at first."""

    folder: Path

    @property
    def cached(self) -> Path:
        return self.folder / "cache" / "greenai-infra" / "engine" / VERSION

    @property
    def go_calls(self) -> list[str]:
        calls = self.folder / "go-calls"
        return calls.read_text().split() if calls.exists() else []

    def install(self, name: str, text: str) -> Path:
        executable = self.folder / "bin" / name
        executable.write_text(text)
        executable.chmod(0o755)
        return executable

    def install_pulumi(self, version: str) -> Path:
        return self.install("pulumi", f"#!/bin/sh\necho {version}\n")

    def install_go(self, broken: bool = False, seconds: float = 0.0, version: str = VERSION) -> None:
        script = self.folder / "sdk" / "python" / "cmd" / EXEC_SCRIPT
        script.parent.mkdir(parents=True)
        script.write_text("a script\n")
        values = {"calls": str(self.folder / "go-calls"), "sdk": str(self.folder / "sdk")}
        self.install("go", GO.format(python=sys.executable, broken=broken, seconds=seconds, version=version, **values))

    def start(self, *options: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": str(self.folder / "bin"),
            "HOME": str(self.folder / "home"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, str(FINDER), *options], env=environment, text=True, stdout=pipe, stderr=pipe
        )

    def run(self, *options: str) -> tuple[int, str]:
        """Exit code and standard output."""
        process = self.start(*options)
        output, _ = process.communicate(timeout=30)
        return process.returncode, output


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    return Machine(tmp_path)


@pytest.mark.parametrize("version", [VERSION, "v3.260.1", "v3.300.0-alpha.1"])
def test_a_pulumi_on_path_of_at_least_the_pinned_version_is_used(machine: Machine, version: str) -> None:
    machine.install_go()
    binary = machine.install_pulumi(version)

    assert machine.run("--print") == (0, f"{binary}\n")
    assert machine.run("--require") == (0, f"engine: {binary} ({version}, on PATH)\n")
    assert machine.go_calls == []


@pytest.mark.parametrize("version", ["v3.258.9", "v4.0.0", "dev"])
def test_an_unsuitable_pulumi_on_path_is_refused_with_the_reason(machine: Machine, version: str) -> None:
    binary = machine.install_pulumi(version)

    assert machine.run("--print") == (1, "")
    code, output = machine.run()
    assert code == 0
    assert str(binary) in output
    assert "there is no Go" in output


def test_without_go_it_says_so_and_fails_only_if_required(machine: Machine) -> None:
    assert machine.run("--require")[0] == 1
    code, output = machine.run()
    assert code == 0
    assert "there is no Go to build the engine with" in output
    assert "the tests marked `engine` will skip" in output


def test_print_never_builds(machine: Machine) -> None:
    machine.install_go()

    assert machine.run("--print") == (1, "")
    assert machine.go_calls == []
    assert not machine.cached.exists()


def test_it_builds_once_and_then_uses_the_cache(machine: Machine) -> None:
    machine.install_go()

    code, output = machine.run("--require")
    assert code == 0
    assert "once, about five minutes" in output
    assert machine.run() == (0, f"engine: no pulumi on PATH\nengine: {machine.cached}/pulumi ({VERSION}, built here)\n")
    assert machine.run("--print") == (0, f"{machine.cached}/pulumi\n")
    assert machine.go_calls == ["build", "list"]
    assert stat.S_IMODE((machine.cached / EXEC_SCRIPT).stat().st_mode) == 0o755


def test_a_failed_build_says_so_with_the_compilers_words_and_leaves_nothing(machine: Machine) -> None:
    machine.install_go(broken=True)

    assert machine.run("--require")[0] == 1
    code, output = machine.run()
    assert code == 0
    assert "build FAILED" in output
    assert "undefined: something" in output
    assert machine.run("--print") == (1, "")
    assert [entry.name for entry in machine.cached.parent.iterdir()] == [f"{VERSION}.lock"]


def test_a_binary_of_another_version_is_a_failed_build(machine: Machine) -> None:
    machine.install_go(version="v3.1.0")

    code, output = machine.run("--require")

    assert code == 1
    assert "the binary says 'v3.1.0'" in output


def test_of_two_at_once_one_builds_and_the_other_waits(machine: Machine) -> None:
    machine.install_go(seconds=1.0)

    both = [machine.start("--require"), machine.start("--require")]
    outputs = [process.communicate(timeout=30)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert machine.go_calls == ["build", "list"]
    assert sum("another process builds" in output for output in outputs) == 1


def test_a_build_without_its_script_is_built_again(machine: Machine) -> None:
    machine.install_go()
    machine.run()
    (machine.cached / EXEC_SCRIPT).unlink()

    assert machine.run("--print") == (1, "")
    assert machine.run("--require")[0] == 0
    assert machine.go_calls == ["build", "list"] * 2
