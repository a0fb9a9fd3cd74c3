"""Which checkups a stack, or a machine without a project, gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from greenai_infra.doctor import machine
from greenai_infra.doctor.aws import check_aws
from greenai_infra.doctor.checkup import Checkup
from greenai_infra.doctor.gcp import LOG_IN, authorized, check_gcp
from greenai_infra.doctor.needs import AwsNeeds, needs_of
from greenai_infra.project.stack_files import passed_start, read_project, stack_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from greenai_infra.doctor.needs import GcpNeeds


def examine(project_dir: Path | None, stack: str | None, now: datetime, cache_url: str | None) -> Iterator[Checkup]:
    """Checks the machine, then the project's stack and its cloud. Yields each checkup as soon as it is known.

    Raises InputError if the project or a stack's config can't be read.
    """
    yield from machine.check_machine(now)
    if cache_url:
        yield machine.redis(cache_url)
    if project_dir is None or stack is None:
        return
    project = read_project(project_dir)
    file = stack_file(project, stack)
    state = machine.backend(project.content)
    yield state
    if found := machine.passphrase(file, state):
        yield found
    needs = needs_of(file)
    if needs is None:
        yield Checkup("stack", "unknown", f"program {file.program} is your own", "its needs are not known here")
        return
    if start := passed_start(project_dir, stack, now):
        yield Checkup(
            "start", "error", f"the planned start, {start:%Y-%m-%d %H:%M} UTC, has passed", "plan and select again"
        )
    provider = "aws" if isinstance(needs, AwsNeeds) else "gcp"
    yield machine.sdk(provider)
    yield from _aws(needs) if isinstance(needs, AwsNeeds) else _gcp(needs)


def _aws(needs: AwsNeeds) -> Iterator[Checkup]:
    try:
        import boto3
    except ImportError:
        yield Checkup("AWS account", "unknown", "boto3 is not installed", "pip install 'greenai-infra[aws]'")
        return
    session: Any = boto3.session.Session(region_name=os.environ.get("AWS_REGION") or needs.region)
    yield from check_aws(session, needs)


def _gcp(needs: GcpNeeds) -> Iterator[Checkup]:
    try:
        from google.auth.exceptions import GoogleAuthError
    except ImportError:
        yield Checkup(
            "Google Cloud project", "unknown", "google-auth is not installed", "pip install google-auth requests"
        )
        return
    try:
        yield from check_gcp(needs, authorized())
    except GoogleAuthError as error:
        yield Checkup("Google Cloud project", "error", f"no credentials: {error}", LOG_IN)
