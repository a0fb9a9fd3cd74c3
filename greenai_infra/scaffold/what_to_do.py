"""What the user of an upgraded project has to do with each file that is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.scaffold.components import ROOT, components_in

if TYPE_CHECKING:
    from collections.abc import Mapping

COPIED = ("stacks/components/", "stacks/programs/")
"""The folders of version 0.1 that go."""


def what_to_do(name: str, written: Mapping[str, str]) -> str:
    """How the user's change to a file that moves gets into the upgraded project."""
    if name.startswith(COPIED[0]):
        found = components_in(ROOT / name.removeprefix(COPIED[0]))
        if found:
            return f"then init --eject {found[0]}, and make your change there"
        return "then init --eject the component that uses it, and import your file there"
    program = name.rpartition("/")[2].rpartition("_")[2]
    if name.startswith(COPIED[1]) and f"stacks/{program}" in written:
        return f"make your change in stacks/{program}"
    if name == "stacks/programs/__init__.py":
        return "a program is a file in stacks/ now, and needs no list"
    return f"make your change in {name}" if name in written else "its contents come with the package now"


def what_to_do_with_own(name: str) -> str:
    """Returns what to do with a file that imports removed modules, or lies in a folder that is no longer read."""
    imports = "import greenai_infra.stacks in place of components and programs"
    if name.startswith(COPIED[1]) and name.endswith(".py"):
        return f"if it is a program, move it to stacks/{name.removeprefix(COPIED[1])}; {imports}"
    return imports if name.endswith(".py") else "nothing reads it there any more"
