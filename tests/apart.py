"""Tools of the tests that have an environment of their own (`.ci/apart`)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FINDER = Path(__file__).resolve().parents[1] / ".ci" / "apart"


def find_tool(name: str) -> tuple[Path | None, str]:
    """The command that `.ci/apart` knows of, or None and the reason. Installs nothing."""
    done = subprocess.run([sys.executable, str(FINDER), name, "--print"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, f"{done.stderr.strip()}; install it with .ci/apart {name}"
    return Path(done.stdout.strip()), ""
