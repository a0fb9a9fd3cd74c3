"""PyYAML's safe loader, written in C where PyYAML has it, and one kind of error for all that it can't read."""

from __future__ import annotations

from typing import Any

import yaml

SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Any:
    """The value of a YAML or JSON text. Raises yaml.YAMLError, also for a date that there is not and for a deep one."""
    try:
        return yaml.load(text, SafeLoader)
    except ValueError as error:
        raise yaml.YAMLError(str(error)) from None
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
