"""Removes the answers of a tenant, a model or a version, and nothing else, without blocking the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.serving.keys import ROOT, part

if TYPE_CHECKING:
    from greenai_infra.serving.sweep import Sweep

ANY = "?" * len(part(None))
LOCK = b":lock"
BESIDE = (b":journal", b":checks")
"""Additional keys of a semantic cache: removed with its answers, and not counted."""


def patterns(tenant: str | None, model: str | None, version: str | None, *, without_tenant: bool = False) -> list[str]:
    """Patterns of the matching keys; None is any. Raises InputError for a tenant together with `without_tenant`."""
    if tenant is not None and without_tenant:
        raise InputError("give a tenant or without_tenant, not both")
    parts = [
        part(tenant) if tenant is not None or without_tenant else ANY,
        *(ANY if value is None else part(value) for value in (model, version)),
    ]
    return [":".join([ROOT, *parts, "*"])]


def purge(sweep: Sweep, wanted: list[str], *, dry_run: bool = False) -> int:
    """The number of entries removed, or to remove; new entries may stay. Locks of running calls stay."""
    removed = 0
    for node in sweep.nodes:
        for pattern in wanted:
            seen: set[bytes] = set()
            for names in node.keys(pattern):
                names = [name for name in names if not name.endswith(LOCK)]
                if dry_run:
                    seen.update(name for name in names if not name.endswith(BESIDE))
                elif names:  # one key a command: keys of a cluster's node may lie in different slots
                    gone = node.ask(*(("UNLINK", name) for name in names))
                    removed += sum(
                        int(reply) for name, reply in zip(names, gone, strict=True) if not name.endswith(BESIDE)
                    )
            removed += len(seen)
    return removed
