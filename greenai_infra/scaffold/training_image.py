"""The training image: which Dockerfile a plan's chips need, its files, and the step that builds and pushes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import greenai_infra
from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.scaffold.written_files import render

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.contracts.plan import Placement

FOLDER = "training"
DOCKERFILE = f"{FOLDER}/Dockerfile"
UV = "ghcr.io/astral-sh/uv:0.11.3"
PYTHON = "3.12.13"
HARDWARE = {"gpu": "NVIDIA GPUs", "neuron": "Trainium and Inferentia", "cpu": "CPUs"}
"""The variants, and what they train on."""
BASES = {
    "gpu": "nvidia/cuda:13.0.1-base-ubuntu24.04",
    "neuron": "public.ecr.aws/neuron/pytorch-training-neuronx:2.9.0-neuronx-py312-sdk2.28.0-ubuntu24.04",
    "cpu": f"python:{PYTHON}-slim-bookworm",
}

DOCKERIGNORE = """\
# Only what the training image is made of; nothing else of the project reaches a layer.
*
!training
**/__pycache__
**/.*
"""
WHEELS = """\
A wheel of greenai-infra {version} in this folder is what the image installs; without it, that of the package index.
From a clone of greenai-infra: pip wheel --no-deps --wheel-dir training/wheels PATH_OF_THE_CLONE
"""


def variant_for(accelerator: str | None) -> str | None:
    """Returns the variant for a chip of the catalog; None if the toolkit lacks a Dockerfile, as for TPUs."""
    family = find_accelerator(accelerator).family if accelerator else ""
    return family if family in HARDWARE else None


def image_files(variant: str) -> dict[str, str]:
    """Path below the project's folder -> text, beside the code in `training/`."""
    return {
        DOCKERFILE: _render("Dockerfile.j2", variant),
        f"{FOLDER}/requirements.txt": _render(f"requirements-{variant}.txt", variant),
        f"{FOLDER}/wheels/README.md": WHEELS.format(version=greenai_infra.__version__),
        ".dockerignore": DOCKERIGNORE,
    }


def image_step(project_dir: Path, placement: Placement, stack: str, own_image: bool) -> list[str]:
    """Returns the steps for the image of a training stack, as lines for a person; empty if the stack names an image."""
    chip = placement.accelerator
    if own_image:
        return []
    if chip is None:
        return ["Build and push the training image of these machines: see training/README.md"]
    variant = variant_for(chip)
    push = [
        f'  eval "$(pulumi stack output build_image --stack {stack})"',
        f'  eval "$(pulumi stack output push_image --stack {stack})"',
    ]
    if variant is None:
        return [
            f"Build and push a training image for {chip}: no Dockerfile of greenai-infra is for it.",
            "training/README.md says what yours must honour; tag and push it as the stack's output push_image has it:",
            push[1],
        ]
    found = _variant_of(project_dir / DOCKERFILE)
    write = f"  greenai-infra init image --variant {variant}"
    if found == variant:
        first = [f"Next: build and push the image ({DOCKERFILE}, for {HARDWARE[variant]}), once the stack is built:"]
    elif found is None:
        first = [
            f"Next: build and push the image for {chip}. once the stack is built:",
            write,
        ]
    else:
        first = [f"Next: build and push the image. {DOCKERFILE} is for {HARDWARE[found]}, the plan for {chip}:"]
        first.append(f"{write} --force")
    return [*first, *push]


def _variant_of(dockerfile: Path) -> str | None:
    """Returns the variant of the project's Dockerfile; None without a Dockerfile, or for the user's own."""
    try:
        head = dockerfile.read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError):
        return None
    return next((one for one in HARDWARE if head.endswith(f"--variant {one}")), None)


def _render(name: str, variant: str) -> str:
    facts = {
        "variant": variant, "hardware": HARDWARE[variant], "base": BASES[variant], "uv": UV, "python": PYTHON,
        "version": greenai_infra.__version__,
    }  # fmt: skip
    return render(f"docker/{name}", facts)
