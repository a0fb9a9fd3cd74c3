"""A stack's whole life with plain `pulumi`: preview, up, up again, an edit of its config, refresh, destroy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tests.stacks.changes import replaced

if TYPE_CHECKING:
    from .project import Project


@dataclass(frozen=True)
class Life:
    """What differs from stack to stack: how many resources it has, its outputs, and what the edit led to.

    `planned` counts what the preview was to create, `changed` the resources by kind of step, as the engine counts.
    """

    planned: int
    outputs: dict[str, Any]
    changed: dict[str, int]


def whole_life(project: Project, section: str, changes: dict[str, Any]) -> Life:
    """Let a stack live, with these changes of a section of its config on the way; nothing may be left of it.

    What holds for every stack is asserted here: `up` builds what the preview shows and is done, and `refresh` finds
    what `up` has built. What the changes lead to is the test's to say.
    """
    planned = [step for step in project.preview()["steps"] if step["op"] == "create"]
    created = project.changes("up")
    outputs = project.engine.json("stack", "output", cwd=project.folder, stack=project.stack)
    unchanged = project.changes("up")
    edit_config(project, section, changes)
    changed = project.changes("up")
    refreshed = project.changes("refresh")
    destroyed = project.changes("destroy")

    standing = sum(changed.values()) - changed.get("delete", 0)
    assert created == {"create": len(planned)}
    assert unchanged == {"same": len(planned)}
    assert refreshed == {"same": standing}
    assert destroyed == {"delete": standing}
    assert project.resources() == []
    return Life(len(planned), outputs, changed)


def edit_config(project: Project, section: str, changes: dict[str, Any]) -> None:
    """Change keys of a section of the stack's config as `replaced` does."""
    file = project.folder / f"Pulumi.{project.stack}.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    key = f"greenai-infra:{section}"
    document["config"][key] = replaced(document["config"][key], changes)
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
