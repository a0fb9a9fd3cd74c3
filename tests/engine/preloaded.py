"""What a fork server loads before it forks the first program: of the SDKs, what the programs of `stacks/` use."""

import contextlib
import gc
import importlib
import re
from pathlib import Path

import grpc  # noqa: F401
import pulumi  # noqa: F401

STACKS = Path(__file__).resolve().parents[2] / "stacks"
PARTS = re.compile(r"\b(aws|gcp)\.([a-z0-9]+)\.[A-Z]")
OWN = re.compile(r"^from (greenai_infra\.[\w.]+) import", re.MULTILINE)


def wanted() -> list[str]:
    """Modules that the programs and the policy pack import, whichever SDKs are installed."""
    text = "\n".join(file.read_text() for file in sorted(STACKS.rglob("*.py")))
    parts = {f"pulumi_{sdk}.{part}" for sdk, part in PARTS.findall(text)}
    return ["pulumi_policy", "pulumi.policy", *sorted(parts), *sorted(set(OWN.findall(text)))]


for name in wanted():
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
gc.freeze()  # what a fork does not touch it need not copy
