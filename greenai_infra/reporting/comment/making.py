"""Every comment of a run: one a stack, each with its hidden marker and its verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.monitoring.emissions_runs import read_emissions
from greenai_infra.monitoring.run_report import read_report
from greenai_infra.monitoring.run_totals import measured_by_reports
from greenai_infra.reporting.comment.emissions import view_emissions
from greenai_infra.reporting.comment.markdown import Markdown, code
from greenai_infra.reporting.comment.regions import regions_of
from greenai_infra.reporting.comment.render import render_comment, render_emissions
from greenai_infra.reporting.comment.verdict import judge
from greenai_infra.reporting.comment.view import Facts, marker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from greenai_infra.contracts.plan import PlanFile
    from greenai_infra.project.stack_files import StackFile
    from greenai_infra.reporting.comment.preview_file import Preview
    from greenai_infra.reporting.comment.verdict import Verdict


@dataclass(frozen=True)
class Comment:
    """A comment on one stack; without a verdict it is no gate."""

    key: str
    marker: str
    body: str
    verdict: Verdict | None


def gate_comments(
    heads: Sequence[Preview],
    bases: Sequence[Preview] | None,
    plans: Sequence[PlanFile],
    stacks: Sequence[StackFile],
    fail_on: str,
    *,
    all_stacks: bool = True,
) -> tuple[list[Comment], list[str]]:
    """The comment on each head, and what else the user should hear. Without `bases` nothing is compared.

    `all_stacks`: whether the heads are all that the change has, so that a stack of the base that is not there is gone.
    """
    before = {one.key: one for one in bases or ()}
    comments = []
    for head in heads:
        plan = next((one for one in plans if one.plan_id == head.plan_id), None)
        regions = regions_of(head, plan, stacks)
        verdict = judge(head, fail_on, bases or ())
        body = render_comment(Facts(head, before.get(head.key), bases is not None, verdict, regions, plan))
        comments.append(Comment(head.key, marker(head.key), body, verdict))
    gone = [one for one in before.values() if all_stacks and one.key not in {head.key for head in heads}]
    notes = [
        f"{one.key} is previewed on the base branch only; what it has built stays until: "
        f"greenai-infra destroy --stack {one.stack}"
        for one in gone
    ]
    pinned = {one.plan_id for one in heads}
    notes += [f"no previewed stack is pinned from plan {one.plan_id}" for one in plans if one.plan_id not in pinned]
    return comments, notes


def measured_comment(head: Preview, emissions: Sequence[Path], reports: Sequence[Path] = ()) -> Comment:
    """What a run of the stack has emitted by the emissions.csv, or report, of each of its jobs, beside the plan."""
    sign = marker(f"{head.key} emissions")
    measured = measured_by_reports(reports) if reports else read_emissions(emissions)
    planned = head.standing.planned_run if head.standing else None
    subject = Markdown(f"{code(head.stack)} of {code(head.project)}")
    return Comment(head.key, sign, render_emissions(view_emissions(sign, subject, planned, measured)), None)


def report_comment(reports: Sequence[Path]) -> Comment:
    """What runs have emitted that no stack is known of, as on a laptop: one comment a name, that of the last report."""
    last = read_report(reports[-1])
    measured = measured_by_reports(reports)
    key = re.sub(r"[^A-Za-z0-9_.-]", "-", last.name)[:80] or "run"
    sign = marker(f"{key} emissions")
    planned = last.planned if len(reports) == 1 else None
    view = view_emissions(sign, Markdown(f"Run {code(last.name)}"), planned, measured)
    return Comment(key, sign, render_emissions(view), None)
