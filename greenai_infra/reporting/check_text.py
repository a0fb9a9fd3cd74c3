"""The carbon gate as text of 80 columns: the verdict first, then what broke which rule, then all rules."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.preview_codes import STOPPED
from greenai_infra.numbers import counted
from greenai_infra.policy.judged import not_judged_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenai_infra.contracts.declared import Finding
    from greenai_infra.contracts.gate import GateReport, RuleResult

WIDTH = 80


def check_lines(report: GateReport) -> Iterator[str]:
    """The report, line by line."""
    place = f"{report.project}/{report.stack}" + (f" in {report.region}" if report.region else "")
    verdict = "open" if report.gate_open else "SHUT"
    by = f" {shut_reasons(report.stopping)}" if report.shut_by and not report.broken else ""
    yield from _wrap(f"Carbon gate {verdict} for {place}{by}", "", "  ")
    if report.broken:
        yield from _wrap(f"{STOPPED[report.broken_code]}, so no rule could run: {report.broken}", "  ", "  ")
    yield ""
    for rule in report.rules:
        yield _rule_line(rule)
        for finding in report.findings:
            if finding.code == rule.id:
                yield from _finding_lines(finding, rule.severity)
    for finding in report.findings:
        if finding.code not in {rule.id for rule in report.rules}:
            yield from _wrap(f"warning: {finding.message}", "", "  ")
            yield from _wrap(finding.remedy, "  -> ", "     ")
    if report.not_judged:
        yield ""
        yield from _wrap(not_judged_text(report.not_judged), "", "  ")
    if report.other_errors:
        yield ""
        errors = "an error" if report.other_errors == 1 else f"{report.other_errors} errors"
        command = f"greenai-infra preview --offline --stack {report.stack}"
        yield from _wrap(f"Not passed: the preview also has {errors}, apart from the rules: {command}", "", "  ")


def shut_reasons(stopping: Mapping[str, bool]) -> str:
    """`by encryption; could not run: carbon-tags`, of each rule that shuts the gate and whether it is broken."""
    broken = ", ".join(rule for rule, is_broken in stopping.items() if is_broken)
    not_run = ", ".join(rule for rule, is_broken in stopping.items() if not is_broken)
    if not broken:
        return f"as mandatory rules could not run: {not_run}" if not_run else ""
    return f"by {broken}" + (f"; could not run: {not_run}" if not_run else "")


def _rule_line(rule: RuleResult) -> str:
    counts = [
        counted(rule.violations, "violation") if rule.violations else "",
        f"could not run ({rule.not_run})" if rule.not_run else "",
        f"{rule.exempted} exempted" if rule.exempted else "",
    ]
    said = ", ".join(filter(None, counts)) or "kept"
    state = said if rule.in_force else "-"
    return f"  {rule.id:<21} {rule.severity:<10} {state}"


def _finding_lines(finding: Finding, severity: str) -> Iterator[str]:
    name = finding.urn.rsplit("::", 1)[-1]
    where = f"{name}: " if name else ""
    source = f" ({finding.source})" if finding.source else ""
    mark = "x" if severity == "mandatory" else "!"
    place = f"{finding.property}: " if finding.property else ""
    yield from _wrap(f"{where}{place}{finding.message}{source}", f"    {mark} ", "      ")
    yield from _wrap(finding.remedy, "      -> ", "         ")


def rule_lines(rules: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Every rule with its purpose, settings and remedy."""
    for rule in rules:
        yield f"{rule['id']} ({rule['severity']})"
        yield from _wrap(rule["title"], "  ", "  ")
        yield from _wrap(rule["why"], "  why: ", "       ")
        yield from _wrap(rule["remedy"], "  remedy: ", "          ")
        settings = {key: value for key, value in rule["settings"].items() if key != "severity"}
        if settings:
            shown = ", ".join(f"{key}: {_shown(value)}" for key, value in settings.items())
            yield from _wrap(shown, "  settings: ", "            ")
        yield ""


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "not set" if value is None else str(value)


def _wrap(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )
