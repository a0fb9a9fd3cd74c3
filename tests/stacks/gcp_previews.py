"""Offline previews of the example stacks on Google Cloud, with changes of their config."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import yaml

from greenai_infra.previews.run import preview

from .changes import replaced
from .declare import CONFIGS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.contracts.declared import DeclaredResource, Finding
    from greenai_infra.previews.result import PreviewResult


def changed(stack: str, section: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The whole config file of an example stack; `server.port` reaches into a section, None takes a key out."""
    document: dict[str, Any] = yaml.safe_load((CONFIGS / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    key = f"greenai-infra:{section}"
    document["config"][key] = replaced(document["config"][key], changes)
    return document


def show(folder: Path, document: dict[str, Any]) -> PreviewResult:
    """The offline preview of a stack with this config."""
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(
        ROOT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(document))
    return preview(folder, "dev")


def mistakes(result: PreviewResult) -> list[Finding]:
    """All findings but that the example's plan, or its intensity, is of another week than the test."""
    return [one for one in result.findings if one.code != "plan-age"]


def of(result: PreviewResult, kind: str) -> list[DeclaredResource]:
    """All resources of a kind such as `V2Vm`."""
    return [one for one in result.built if one.type.endswith(f":{kind}")]


def one_of(result: PreviewResult, kind: str) -> DeclaredResource:
    """The only resource of a kind."""
    [found] = of(result, kind)
    return found


def refusal(result: PreviewResult) -> str:
    """Why the program stopped; nothing may have been declared by then."""
    assert not result.built
    [finding] = [one for one in result.findings if one.severity == "error"]
    return finding.message
