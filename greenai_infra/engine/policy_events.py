"""Policy packs under the engine: which packs to run, and what the engine's events about them mean.

The engine lets a preview pass when a mandatory policy "can't run". For our own gate that is a failure.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.engine.errors import causes
from greenai_infra.errors import EngineError, InputError, Refused
from greenai_infra.previews.gate import PACK_FILE, PACK_NAME, open_gate, project_pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.project.project import StackProgram

CAN_NOT_RUN = "can't run policy"
"""How the SDK begins its words about a policy that met an unknown value."""
SHOWN = 12


@dataclass
class PolicyEvents:
    """What the engine said of policies while it ran."""

    broken: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)

    def note(self, event: Any) -> None:
        """Keep an event that a gate must not pass over."""
        message = " ".join(_without_description(event.message).split())
        if event.enforcement_level == "mandatory":
            name = (event.resource_urn or "").rsplit("::", 1)[-1]
            self.broken.append(f"[{event.policy_name}] {name}: {message}" if name else message)
        elif event.policy_pack_name == PACK_NAME and message.startswith(CAN_NOT_RUN):
            self.not_run.append(message)

    def require_kept(self, stack: str, errors: Sequence[str]) -> None:
        """Raises Refused if mandatory policies were broken and the engine reports no other error."""
        if self.broken and not causes(errors):
            raise Refused(
                f"{stack}: mandatory policies are violated.\n{_listed(self.broken)}\n"
                f"what each asks for:  greenai-infra check --stack {stack}"
            )

    def require_all_ran(self, stack: str) -> None:
        """Raises Refused if a rule of our own gate could not run: the engine ignores this."""
        if self.not_run:
            raise Refused(
                f"{stack}: rules of the carbon gate could not run, so the gate stays shut.\n{_listed(self.not_run)}\n"
                "let what they look at be known at preview, such as a value of the stack's config"
            )


def policy_packs(program: StackProgram, chosen: Sequence[Path] | None) -> list[Path]:
    """The packs to run, checked before the engine starts. Raises InputError, EngineError if the SDK is missing."""
    own = project_pack(program)
    packs = ([own] if own else []) if chosen is None else [one.resolve() for one in chosen]
    for pack in packs:
        if not (pack / PACK_FILE).is_file():
            raise InputError(f"--policy-pack {pack}: there is no {PACK_FILE} in it")
    if own and own in packs:
        open_gate(own)  # reports invalid settings here, in one line
        if find_spec("pulumi_policy") is None:
            raise EngineError(
                f"the carbon gate {own} needs pulumi-policy, which is not installed.\n"
                "to mend it: pip install 'greenai-infra[aws]'  (or go without the gate: --no-policy)"
            )
    return packs


def own_python_first(path: str) -> str:
    """PATH with the folder of the running interpreter in front."""
    return os.pathsep.join(filter(None, (str(Path(sys.executable).parent), path)))


def _without_description(message: str) -> str:
    """Drops the policy's description, the first line of a pack's message. If the policy could not run, it is absent."""
    message = re.sub(r"\x1b\[[0-9;]*m|<\{%.*?%\}>", "", message).strip()
    _, newline, rest = message.partition("\n")
    return rest if newline and not message.startswith(CAN_NOT_RUN) else message


def _listed(lines: Sequence[str]) -> str:
    shown = [f"  | {one}" for one in dict.fromkeys(lines)]
    more = [f"  | and {len(shown) - SHOWN} more"] if len(shown) > SHOWN else []
    return "\n".join([*shown[:SHOWN], *more])
