"""Every comment of a run: one a stack, each with its hidden marker and its verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.monitoring.emissions_runs import read_emissions
from greenai_infra.monitoring.run_report import read_report
from greenai_infra.monitoring.run_totals import measured_by_reports
from greenai_infra.reporting.comment.emissions import view_emissions
from greenai_infra.reporting.comment.figures import ROWS
from greenai_infra.reporting.comment.markdown import Markdown, code
from greenai_infra.reporting.comment.regions import regions_of
from greenai_infra.reporting.comment.render import render_comment, render_emissions
from greenai_infra.reporting.comment.verdict import judge
from greenai_infra.reporting.comment.view import Facts, marker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from greenai_infra.contracts.plan import PlanFile
    from greenai_infra.contracts.preview import Preview
    from greenai_infra.project.stack_files import StackFile
    from greenai_infra.reporting.comment.verdict import Verdict


@dataclass(frozen=True)
class Comment:
    """A comment on one stack; without a verdict it is no gate. Unless `worth` it, it only replaces an older one."""

    key: str
    marker: str
    body: str
    verdict: Verdict | None
    worth: bool = True


@dataclass(frozen=True)
class When:
    """Which changes are worth a new comment: all, or those of at least so many kg CO2e or USD. A stopped one always is.

    `only_changes` alone: whatever changes figures, resources or findings.
    """

    only_changes: bool = False
    at_least_kg: float | None = None
    at_least_usd: float | None = None

    def worth(self, facts: Facts) -> bool:
        """Whether a preview gets a comment. A difference that is not known may be any, and so is worth one."""
        limits = {"_kg": self.at_least_kg, "_usd": self.at_least_usd}
        if not self.only_changes and limits == {"_kg": None, "_usd": None}:
            return True
        verdict = facts.verdict
        if verdict.stopped or verdict.loosens_gate or facts.base is None:
            return True
        difference = facts.difference
        if limits == {"_kg": None, "_usd": None}:
            lists = [*difference["resources"].values(), *difference["findings"].values()]
            return any(lists) or any(found["change"] != 0 for _, found in _figures(difference))
        return any(
            found["change"] is None or abs(found["change"]) >= limit
            for name, found in _figures(difference)
            for ending, limit in limits.items()
            if limit is not None and ending in name
        )


def _figures(difference: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and difference of each figure that one side knows."""
    for part, figure, _ in ROWS:
        found = (difference.get(part) or {}).get(figure)
        if found is not None and (found["base"], found["head"]) != (None, None):
            yield figure, found


def gate_comments(
    heads: Sequence[Preview],
    bases: Sequence[Preview] | None,
    plans: Sequence[PlanFile],
    stacks: Sequence[StackFile],
    fail_on: str,
    *,
    all_stacks: bool = True,
    scope: str = "",
    when: When | None = None,
) -> tuple[list[Comment], list[str]]:
    """The comment on each head, and what else the user should hear. Without `bases` nothing is compared.

    `all_stacks`: whether the heads are all that the change has, so that a stack of the base that is not there is gone.
    `scope` tells projects of one name in one repository apart: it stands in the marker.
    """
    before = {one.key: one for one in bases or ()}
    comments = []
    for head in heads:
        plan = next((one for one in plans if one.plan_id == head.plan_id), None)
        regions = regions_of(head, plan, stacks)
        verdict = judge(head, fail_on, bases or ())
        facts = Facts(head, before.get(head.key), bases is not None, verdict, regions, plan, scope)
        worth = when is None or when.worth(facts)
        comments.append(Comment(head.key, marker(head.key, scope), render_comment(facts), verdict, worth))
    gone = [one for one in before.values() if all_stacks and one.key not in {head.key for head in heads}]
    notes = [
        f"{one.key} is previewed on the base branch only; what it has built stays until: "
        f"greenai-infra destroy --stack {one.stack}"
        for one in gone
    ]
    pinned = {one.plan_id for one in heads}
    notes += [f"no previewed stack is pinned from plan {one.plan_id}" for one in plans if one.plan_id not in pinned]
    return comments, notes


def measured_comment(
    head: Preview, emissions: Sequence[Path], reports: Sequence[Path] = (), scope: str = ""
) -> Comment:
    """What a run of the stack has emitted by the emissions.csv, or report, of each of its jobs, beside the plan."""
    sign = marker(f"{head.key} emissions", scope)
    measured = measured_by_reports(reports) if reports else read_emissions(emissions)
    planned = head.standing.planned_run if head.standing else None
    subject = Markdown(f"{code(head.stack)} of {code(head.project)}")
    single = read_report(reports[0]) if len(reports) == 1 else None
    return Comment(head.key, sign, render_emissions(view_emissions(sign, subject, planned, measured, single)), None)


def report_comment(reports: Sequence[Path], scope: str = "") -> Comment:
    """What runs have emitted that no stack is known of, as on a laptop: one comment a name, that of the last report."""
    last = read_report(reports[-1])
    measured = measured_by_reports(reports)
    key = re.sub(r"[^A-Za-z0-9_.-]", "-", last.name)[:80] or "run"
    sign = marker(f"{key} emissions", scope)
    single = last if len(reports) == 1 else None
    planned = single.planned if single else None
    view = view_emissions(sign, Markdown(f"Run {code(last.name)}"), planned, measured, single)
    return Comment(key, sign, render_emissions(view), None)
