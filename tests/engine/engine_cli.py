"""The engine's command line for tests: a private backend, passphrase and plugin search path; no network."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from .language_host import EXEC_VARIABLE
from .warm import Warm, tell

ROOT = Path(__file__).resolve().parents[2]
FINDER = ROOT / ".ci" / "pulumi"
EXEC_SCRIPT = "pulumi-language-python-exec"

PLUGINS = {
    "pulumi-language-python": "from tests.engine.language_host import main; main()",
    "pulumi-resource-aws": "from tests.engine.provider_double import main; main('aws')",
    "pulumi-resource-gcp": "from tests.engine.provider_double import main; main('gcp')",
}
"""Executables put on PATH, and the Python statement each runs."""

COMMAND_SECONDS = 300
FOREIGN = ("PULUMI_", "AWS_", "GOOGLE_", "CLOUDSDK_")
"""Settings of whoever runs the tests, which must not reach them."""


def find_engine() -> tuple[Path | None, str]:
    """The engine's binary that `.ci/pulumi` knows of, or None and the reason. Builds nothing."""
    done = subprocess.run([sys.executable, str(FINDER), "--print"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, f"no Pulumi engine ({done.stderr.strip()}); build one with .ci/pulumi"
    binary = Path(done.stdout.strip())
    if exec_script(binary) is None:
        return None, f"{binary} has no {EXEC_SCRIPT} beside it"
    return binary, ""


def exec_script(binary: Path) -> Path | None:
    """The script that runs Python programs, beside the binary or beside what it links to."""
    folders = (binary.parent, binary.resolve().parent)
    return next((folder / EXEC_SCRIPT for folder in folders if (folder / EXEC_SCRIPT).is_file()), None)


def write_plugins(folder: Path) -> None:
    """Put the stand-ins of PLUGINS into a folder, as executables that run with the current interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, statement in PLUGINS.items():
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {statement}"
        shim = folder / name
        shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)} "$@"\n')
        shim.chmod(0o755)


@dataclass(frozen=True)
class Engine:
    """Runs plain `pulumi` commands; `environment` is complete (PATH with the stand-ins, backend, passphrase).

    With `warm` it attaches to what stands in there for plugins, else it starts them as a user's engine does.
    """

    binary: Path
    environment: dict[str, str]
    warm: Warm | None = None

    @classmethod
    def in_folder(cls, binary: Path, folder: Path, warm: Warm | None = None) -> Self:
        """An engine that keeps its state, its plugins and its settings in a folder."""
        write_plugins(folder / "bin")
        for name in ("state", "home"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        path = [str(folder / "bin"), str(binary.parent), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
        settings = {
            "PATH": os.pathsep.join(path),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase for tests",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            EXEC_VARIABLE: str(exec_script(binary)),
            **(warm.settings if warm else {}),
        }
        return cls(binary, {**inherited, **settings}, warm)

    def apart(self, folder: Path) -> Self:
        """The same with state, plugins and settings in another folder."""
        return self.in_folder(self.binary, folder, self.warm)

    def pulumi(
        self,
        *arguments: str,
        cwd: Path,
        stack: str | None = None,
        check: bool = True,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `pulumi ARGUMENTS` in a project's folder; with `check`, AssertionError with the output if it fails."""
        selected = ["--stack", stack] if stack else []
        environment = {**self.environment, **(env or {})}
        tell(environment)
        done = subprocess.run(
            [str(self.binary), *arguments, *selected, "--non-interactive", "--color", "never"],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if check and done.returncode != 0:
            said = done.stdout + done.stderr
            raise AssertionError(f"pulumi {' '.join(arguments)} ended with {done.returncode}\n{said}")
        return done

    def json(self, *arguments: str, cwd: Path, stack: str, env: dict[str, str] | None = None) -> Any:
        """What `pulumi ARGUMENTS --json` prints, parsed."""
        return json.loads(self.pulumi(*arguments, "--json", cwd=cwd, stack=stack, env=env).stdout)

    def changes(self, command: str, *options: str, cwd: Path, stack: str) -> dict[str, int]:
        """How many resources `up`, `refresh` or `destroy` create, change and so on, by the engine's own count.

        Read where the backend keeps it; `pulumi stack history` prints the same.
        """
        self.pulumi(command, "--yes", "--skip-preview", *options, cwd=cwd, stack=stack)
        backend = Path(self.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
        latest = max(backend.glob(f".pulumi/history/*/{stack}/*.history.json"))
        return dict(json.loads(latest.read_text())["resourceChanges"])

    def resources(self, cwd: Path, stack: str) -> list[dict[str, Any]]:
        """The resources in the stack's state, secrets encrypted."""
        state = json.loads(self.pulumi("stack", "export", cwd=cwd, stack=stack).stdout)
        return list(state["deployment"].get("resources", []))
