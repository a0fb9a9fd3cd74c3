"""Whether a workload's file rules out the region of its stack or plan.

A plan keeps `where` as of planning time, and a stack keeps its region. If the workload's file in the project has
since denied the region, the file counts. It is any workload file in FOLDERS with the workload's name; files elsewhere
are not found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from greenai_infra import safe_yaml
from greenai_infra.errors import InputError
from greenai_infra.footprint.budget import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDERS = (".", "workloads")
"""Of a project; `init` puts it into the first."""
LARGEST_BYTES = 1_000_000


def ruled_out(project_dir: Path, workload: str, region_key: str) -> str:
    """Returns why a region (`aws:eu-north-1`) is ruled out for a workload, in words; empty if it is allowed.

    Raises InputError if the workload's file can't be read: the denied regions are then unknown.
    """
    for file in _files_of(project_dir, workload):
        # Imported here: most projects' previews don't need the planner.
        from greenai_infra.catalog.regions import find_region
        from greenai_infra.planning.candidates import PlaceRules
        from greenai_infra.planning.workload_file import read_workload

        try:
            region = find_region(region_key)
        except InputError:
            return ""  # a workload file can't name it either
        if broken := sorted(PlaceRules(read_workload(file)).removing(region)):
            keys, name = " and ".join(broken), file.relative_to(project_dir)
            return (
                f"{region_key} is ruled out by {keys} in {name} now; plan and select again "
                f"(greenai-infra plan {name} --out plan.json), or change {keys} there"
            )
    return ""


def _files_of(project_dir: Path, workload: str) -> Iterator[Path]:
    for folder in FOLDERS:
        for file in sorted([*(project_dir / folder).glob("*.yaml"), *(project_dir / folder).glob("*.yml")]):
            if not file.name.startswith("Pulumi.") and _is_of(file, workload):
                yield file


def _is_of(file: Path, workload: str) -> bool:
    try:
        if file.stat().st_size > LARGEST_BYTES:
            return False
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False
    if workload not in text:
        return False
    try:
        content = safe_yaml.load(text)
    except yaml.YAMLError:  # broken, but still the workload's file
        return bool(re.search(rf"^name:\s*[\"']?{re.escape(workload)}[\"']?\s*$", text, re.MULTILINE)) and bool(
            re.search(rf"^kind:\s*[\"']?({'|'.join(KINDS)})\b", text, re.MULTILINE)
        )
    return isinstance(content, dict) and content.get("name") == workload and content.get("kind") in KINDS
