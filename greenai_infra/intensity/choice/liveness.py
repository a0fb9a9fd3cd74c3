"""`--require-live`: refuses every value except a service's answer to a question asked just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.errors import Refused
from greenai_infra.intensity.model.values import Kind
from greenai_infra.intensity.sources.live import is_live

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.intensity.model.values import Provenance


def refuse_unless_live(answered_by: str, provenances: Mapping[str, Provenance], notes: Sequence[str]) -> None:
    """Raises Refused, with what was tried, if a value has a flag, is not live, or its source asks no service.

    A forecast, or a climatology of a service's history, counts as live if it has no flags.
    """
    tried = "".join(f"\n  {note}" for note in notes)
    if not is_live(answered_by):
        raise Refused(f"--require-live: the answer comes from {answered_by or 'no source'}, not from a service{tried}")
    for zone, provenance in sorted(provenances.items()):
        if provenance.flags:
            flags = ", ".join(sorted(provenance.flags))
            detail = f" ({provenance.detail})" if provenance.detail else ""
            raise Refused(f"--require-live: {zone} is {flags}{detail}{tried}")
        if provenance.kind is Kind.LATEST:
            raise Refused(
                f"--require-live: {zone} is the latest value, not known to be live: {provenance.detail}{tried}"
            )
