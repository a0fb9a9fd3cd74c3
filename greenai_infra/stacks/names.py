"""How the components of a program, and what is in them, are called."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.fields import Tagged

LONGEST = 40
"""With what is appended, a name still fits into a bucket's and a role's."""
_ALLOWED = re.compile(rf"[a-z][a-z0-9-]{{1,{LONGEST - 2}}}[a-z0-9]")
_DIGEST_LENGTH = 4


def component_name(name: str, config: Tagged) -> str:
    """Returns the component's name if it is valid in the names of its resources. Raises InputError."""
    if _ALLOWED.fullmatch(name):
        return name
    raise InputError(
        f"component '{name}' of workload {config.workload}: its name begins the names of all that it builds; take 3 to "
        f"{LONGEST} lower-case letters, digits and hyphens, beginning with a letter"
    )


def regional_name(name: str, region: str) -> str:
    """Returns `NAME-REGION`, for a component with several regions; a long name is cut and kept distinct by a digest."""
    if len(whole := f"{name}-{region}") <= LONGEST:
        return whole
    digest = sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]
    kept = name[: LONGEST - len(region) - _DIGEST_LENGTH - 2].rstrip("-")
    return f"{kept}-{digest}-{region}"
