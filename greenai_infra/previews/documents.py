"""Documents built from values that exist only after `up`: run the program again with stand-ins for those values.

A policy that contains a bucket's ARN is unknown as a whole before `up`, in the engine's preview too. With a stand-in
for the ARN the program writes the complete document, which can then be checked. The rest of that run is discarded.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN_MARK, Finding, has_unknown
from greenai_infra.policy.documents import holds_policy
from greenai_infra.policy.resource_types import COMPOSITE_ALARM, DASHBOARD, STATE_MACHINE, WORKFLOW
from greenai_infra.previews.checks.policies import DOCUMENTS
from greenai_infra.previews.offline.program import run_program
from greenai_infra.previews.offline.stand_ins import make_stand_ins
from greenai_infra.previews.sdk import wire
from greenai_infra.previews.sdk.providers import Providers

if TYPE_CHECKING:
    from greenai_infra.previews.offline.recorded import Recorded, Registration
    from greenai_infra.project.project import StackProgram

OTHER_DOCUMENTS = {
    STATE_MACHINE: ("definition",),
    COMPOSITE_ALARM: ("alarmRule",),
    DASHBOARD: ("dashboardBody",),
    WORKFLOW: ("sourceContents",),
}
"""Documents other than policies."""


def render_documents(program: StackProgram, recorded: Recorded) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    """Inputs with stand-ins for the resources whose documents are unknown, and findings for those that stay so."""
    waiting = [urn for urn, one in recorded.registrations.items() if _has_unknown_document(one)]
    if not waiting:
        return {}, []
    providers = Providers(program.config)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stderr(nowhere):
        again, failure = run_program(program, providers.check, make_stand_ins(program.region))
    rendered = {urn: wire.decode_struct(one.inputs) for urn, one in again.registrations.items()}
    unread = [
        Finding(
            "warning",
            "document-not-checked",
            urn,
            "",
            "a document of this resource depends on values that exist only after up; it was not checked"
            + (f" ({failure.message})" if failure else ""),
            "check it in the engine's preview",
        )
        for urn in waiting
        if urn not in rendered or _has_unknown_document(again.registrations[urn])
    ]
    return rendered, unread


def _has_unknown_document(one: Registration) -> bool:
    paths = OTHER_DOCUMENTS.get(one.request.type) or DOCUMENTS.get(one.request.type, ())
    if not paths:  # a type that the table doesn't know, with a document by the name of its property
        unknown = (name for name, value in one.inputs.fields.items() if UNKNOWN_MARK in value.string_value)
        return any(holds_policy(name) for name in unknown)
    inputs = wire.decode_struct(one.inputs)
    return any(has_unknown(inputs.get(path.split("[")[0].split(".")[0])) for path in paths)
