"""The command that builds a stack's training image, labelled with its plan."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig
    from greenai_infra.contracts.stack.training import TrainingConfig

ARM = ("ml.p6e-gb200.", "a4x-")
"""Machines whose processor is NVIDIA's Grace; all others that train are x86."""


def build_command(config: TrainingConfig | GcpTrainingConfig, machine: str, repository: Any, name: str) -> Any:
    """`docker build` in the project's folder, for the machine's processor; an output, as the repository is."""
    facts = {
        "PLAN_ID": config.planned.plan_id,
        "WORKLOAD": config.workload,
        "PROJECT": config.project,
        "TEAM": config.team,
        "REGION": config.region,
    }
    platform = "linux/arm64" if machine.startswith(ARM) else "linux/amd64"
    stated = "".join(f" --build-arg {shlex.quote(f'{key}={value}')}" for key, value in facts.items())
    return pulumi.Output.concat(
        f"docker build --platform {platform} --file training/Dockerfile{stated} --tag ", repository, f"{name} ."
    )
