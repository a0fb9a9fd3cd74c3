"""What this machine has of what `up`, live intensity, a cache and a monitor need."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.doctor.checkup import Checkup
from greenai_infra.engine.errors import BACKEND, INSTALL_CLI, MINIMUM_CLI, PASSPHRASE
from greenai_infra.errors import DataUnavailable, GreenAIError
from greenai_infra.intensity.choice.check_sources import NOT_SET_UP, statuses
from greenai_infra.intensity.choice.user_settings import read_settings
from greenai_infra.monitoring.gpu.open import open_reader
from greenai_infra.web.address import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from greenai_infra.project.stack_files import StackFile

CLI_TIMEOUT_S = 30


def check_machine(now: datetime) -> Iterator[Checkup]:
    """The parts that no stack decides."""
    yield command_line()
    yield intensity_keys(now)
    yield gpu()


def command_line() -> Checkup:
    """Pulumi's CLI, and whether it is new enough."""
    part = "Pulumi CLI"
    if shutil.which("pulumi") is None:
        return Checkup(part, "error", "there is no `pulumi` on PATH", INSTALL_CLI)
    try:
        said = subprocess.run(
            ["pulumi", "version"], capture_output=True, text=True, timeout=CLI_TIMEOUT_S, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        return Checkup(part, "error", f"`pulumi version` fails: {error}", INSTALL_CLI)
    if _version(said) < _version(MINIMUM_CLI):
        return Checkup(part, "error", f"{said} is older than {MINIMUM_CLI}", INSTALL_CLI)
    return Checkup(part, "ok", said)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)[:3]))


def sdk(provider: str) -> Checkup:
    """The SDK of the stack's cloud."""
    package = f"pulumi_{provider}"
    if find_spec(package) is None:
        return Checkup("Pulumi SDK", "error", f"{package} is not installed", f"pip install 'greenai-infra[{provider}]'")
    return Checkup("Pulumi SDK", "ok", package)


def backend(project: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Checkup:
    """Where Pulumi keeps its state, in the order in which the engine looks."""
    of_project = project.get("backend")
    url = environment.get("PULUMI_BACKEND_URL") or (of_project.get("url") if isinstance(of_project, dict) else None)
    if not url:
        home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
        try:
            url = json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current")
        except (OSError, ValueError, AttributeError):
            url = None
    if not url and environment.get("PULUMI_ACCESS_TOKEN"):
        url = "https://api.pulumi.com"
    if not url:
        return Checkup("state", "error", "Pulumi has no backend", BACKEND)
    folder = Path(url.removeprefix("file://")).expanduser()
    if url.startswith("file://") and not folder.is_dir():
        return Checkup("state", "error", f"{url} is no folder", f"mkdir -p {folder}")
    return Checkup("state", "ok", shown(url))


def passphrase(file: StackFile, state: Checkup, environment: Mapping[str, str] = os.environ) -> Checkup | None:
    """Checks the passphrase of the stack's secrets; None if Pulumi's service or a key service keeps the secrets."""
    provider = re.search(r"^secretsprovider:\s*(\S+)", file.text, re.MULTILINE)
    kept_elsewhere = provider and provider[1] not in ("passphrase", '"passphrase"', "default")
    if kept_elsewhere or (state.said.startswith("http") and "encryptionsalt" not in file.text):
        return None
    if "PULUMI_CONFIG_PASSPHRASE" in environment:
        return Checkup("passphrase", "ok", "PULUMI_CONFIG_PASSPHRASE is set")
    if named := environment.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        if os.access(named, os.R_OK):
            return Checkup("passphrase", "ok", "PULUMI_CONFIG_PASSPHRASE_FILE can be read")
        return Checkup("passphrase", "error", "PULUMI_CONFIG_PASSPHRASE_FILE can't be read", PASSPHRASE)
    return Checkup("passphrase", "error", "there is no passphrase for the stack's secrets", PASSPHRASE)


def intensity_keys(now: datetime) -> Checkup:
    """Counts the live sources that are set up, without showing their keys or calling them."""

    ready = [source.name for source in statuses(read_settings(), now, check=False) if source.state != NOT_SET_UP]
    live = [name for name in ready if name != "embedded"]
    if not live:
        return Checkup(
            "live intensity", "warning", "no source is set up: plans use yearly means", "greenai-infra sources"
        )
    return Checkup("live intensity", "ok", f"set up: {', '.join(live)}")


def gpu() -> Checkup:
    """Checks whether a local GPU can be read; the cloud's machines have separate GPUs."""

    try:
        reader = open_reader()
    except DataUnavailable:
        return Checkup("GPU", "ok", "none on this machine, which only `train` and `gpu` would use")
    return Checkup("GPU", "ok", f"read by {type(reader).__name__.removesuffix('Reader')}")


def redis(url: str) -> Checkup:
    """Whether the cache of answers at a URL can be reached."""
    where = shown(url)
    try:
        from greenai_infra.serving.sweep import Sweep

        Sweep(url)
    except ModuleNotFoundError:
        return Checkup("Redis", "error", "redis-py is not installed", "pip install 'greenai-infra[serving]'")
    except GreenAIError as error:
        return Checkup("Redis", "error", f"{where}: {error}", "start it, or correct GREENAI_CACHE_URL")
    return Checkup("Redis", "ok", where)
