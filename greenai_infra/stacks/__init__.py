"""The parts of the programs, each a Pulumi component."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any


def public(package: str, homes: Mapping[str, str], name: str) -> Any:
    """A cloud's component, or its `Args`, by name; `homes` names the module of each. Imports that module only now."""
    home = homes.get(name.removesuffix("Args"))
    if home is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(import_module(f"{package}.{home}"), name)
