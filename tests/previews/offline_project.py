"""A small Pulumi project in a temporary folder, for previewing programs of a few lines."""

import textwrap
from pathlib import Path

from greenai_infra.contracts.declared import DeclaredResource, Finding
from greenai_infra.previews.result import PreviewResult
from greenai_infra.previews.run import preview

HEADER = """\
import json
import pulumi
import pulumi_aws as aws
"""
REGION = "config:\n  aws:region: eu-north-1\n"


def write_project(folder: Path, program: str, config: str = REGION, project: str = "runtime: python\n") -> Path:
    """Write Pulumi.yaml, Pulumi.dev.yaml and the program (with its imports) and return the folder."""
    (folder / "Pulumi.yaml").write_text(f"name: shop\n{project}")
    (folder / "Pulumi.dev.yaml").write_text(config)
    (folder / "__main__.py").write_text(HEADER + textwrap.dedent(program))
    return folder


def preview_program(folder: Path, program: str, config: str = REGION) -> PreviewResult:
    """The offline preview of a program of a few lines."""
    return preview(write_project(folder, program, config))


def resource(result: PreviewResult, name: str) -> DeclaredResource:
    """The only built resource of that name."""
    (found,) = [one for one in result.built if one.name == name]
    return found


def only_finding(result: PreviewResult) -> Finding:
    """The finding of a preview that must have exactly one."""
    assert len(result.findings) == 1, result.findings
    return result.findings[0]


def name_of(finding: Finding) -> str:
    """Name of the resource that a finding is about."""
    return finding.urn.rsplit("::", 1)[-1]
