"""`comment`: report the carbon and cost of a pull request on it, and act as the gate."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from greenai_infra.cli.number import NumberRange

EXISTING = click.Path(path_type=Path, exists=True)
SAFE_SCOPE = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog="Example:  greenai-infra comment previews/head --base previews/base --plan plan.json --dry-run")
@click.argument("head", metavar="[PREVIEW...]", nargs=-1, type=EXISTING)
@click.option("--base", multiple=True, type=EXISTING, help="Previews of the base branch to compare with; repeatable.")
@click.option("--plan", "plan_files", multiple=True, type=FILE, help="plan.json for the table of regions; repeatable.")
@click.option(
    "--dir",
    "project_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Project whose stack files rank the regions without a plan. Default: the current folder, if it is a project.",
)
@click.option(
    "--emissions",
    multiple=True,
    type=FILE,
    help="emissions.csv of a run of the stack: comment the measurement instead; repeatable, no gate.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=FILE,
    help="emissions_report.json of a tracked run of the stack, or of any run without PREVIEW; repeatable, no gate.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    show_default=True,
    help="What causes exit code 1, after the comment is posted.",
)
@click.option(
    "--to", type=click.Choice(["github", "gitlab"]), help="Where to comment. Default: detected from the CI job."
)
@click.option("--pr", "number", type=click.IntRange(1), help="Pull or merge request. Default: the job's.")
@click.option("--author", metavar="LOGIN", help="Author of earlier comments to edit. Default: the token's user.")
@click.option("--require-comment", is_flag=True, help="Fail where the token may not post, as on forks.")
@click.option(
    "--max-wait",
    metavar="SECONDS",
    type=NumberRange(1, 3600),
    default=120.0,
    show_default=True,
    help="Time limit for posting, waits for rate limits included.",
)
@click.option(
    "--scope", metavar="FOLDER", default="", help="Folder of the project, to tell apart projects of the same name."
)
@click.option(
    "--when",
    type=click.Choice(["always", "changed"]),
    default="always",
    show_default=True,
    help="Comment always, or only if figures, resources or findings change. An existing comment is updated.",
)
@click.option(
    "--at-least-kg", metavar="KG", type=NumberRange(0), help="Add a comment only from this change in kg CO2e."
)
@click.option("--at-least-usd", metavar="USD", type=NumberRange(0), help="Add a comment only from this change in USD.")
@click.option("--dry-run", is_flag=True, help="Print the Markdown, post nothing.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the Markdown there, post nothing.")
@click.option("--html", type=click.Path(path_type=Path), help="Write an HTML page there, post nothing.")
def comment(
    head: tuple[Path, ...],
    base: tuple[Path, ...],
    plan_files: tuple[Path, ...],
    project_dir: Path | None,
    emissions: tuple[Path, ...],
    reports: tuple[Path, ...],
    fail_on: str,
    to: str | None,
    number: int | None,
    author: str | None,
    require_comment: bool,
    max_wait: float,
    scope: str,
    when: str,
    at_least_kg: float | None,
    at_least_usd: float | None,
    dry_run: bool,
    out: Path | None,
    html: Path | None,
) -> int:
    """Comment what previewed stacks emit, cost and violate on a pull or merge request; each push edits the comment.

    PREVIEW is the output of `preview --offline --json`, or a folder of such files: one comment per stack. Exit code: 0
    if the gate passes, 1 if the gate or posting fails. A read-only token (pull requests of forks) is not a failure: the
    comment goes to the job's summary instead.

    GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_EVENT_PATH, GITHUB_API_URL. GitLab: GITLAB_TOKEN (a job token can't
    write notes), CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID.
    """
    from greenai_infra.contracts.plan import read_plan_file
    from greenai_infra.contracts.preview import read_previews
    from greenai_infra.monitoring.run_report import is_report
    from greenai_infra.project.stack_files import stack_files
    from greenai_infra.reporting.comment.making import When, gate_comments, measured_comment, report_comment

    if scope and not SAFE_SCOPE.fullmatch(scope):
        raise click.BadParameter(
            f"{scope!r} is not a folder name of letters, digits, and _ . - /", param_hint="--scope"
        )
    heads = read_previews(head) if head else []
    notes: list[str] = []
    tracked = tuple(path for path in emissions if is_report(path))
    reports, emissions = reports + tracked, tuple(path for path in emissions if path not in tracked)
    if emissions or reports:
        which = "--emissions" if emissions or tracked else "--report"
        if emissions and reports:
            raise click.UsageError("an emissions.csv and a report measure the same runs: give only one of the two")
        if base or (len(heads) != 1 and (heads or emissions)):
            raise click.UsageError(f"{which} belongs to one run: give the PREVIEW of its stack alone, without --base")
        comments = [measured_comment(heads[0], emissions, reports, scope) if heads else report_comment(reports, scope)]
    elif not heads:
        raise click.UsageError("give a PREVIEW (output of preview --offline --json), or the --report of a run")
    else:
        plans = [read_plan_file(path, if_edited=notes.append) for path in plan_files]
        if project_dir is None and Path("Pulumi.yaml").is_file():
            project_dir = Path()
        stacks = stack_files(project_dir) if project_dir is not None else []
        bases = read_previews(base, may_be_empty=True) if base else None
        whole = any(path.is_dir() for path in head)  # single files may be only a part of the stacks
        worth = When(when == "changed", at_least_kg, at_least_usd)
        comments, of_stacks = gate_comments(
            heads, bases, plans, stacks, fail_on, all_stacks=whole, scope=scope, when=worth
        )
        notes += of_stacks
    for note in notes:
        click.echo(f"note: {note}", err=True)
    bodies = [comment.body for comment in comments]
    if dry_run or out or html:
        _show(bodies, dry_run, out, html)
    else:
        from greenai_infra.review.deliver import Delivery, deliver
        from greenai_infra.review.post import Text

        texts = [Text(comment.marker, comment.body, comment.worth) for comment in comments]
        delivery = Delivery(to, number, author, require_comment, max_wait)
        for line in deliver(texts, delivery, os.environ):
            click.echo(line)
    failing = [f"{one.key}{one.verdict.why_words}" for one in comments if one.verdict and one.verdict.fails]
    for line in failing:
        click.echo(f"the carbon gate fails: {line}", err=True)
    return 1 if failing else 0


def _show(bodies: list[str], dry_run: bool, out: Path | None, html: Path | None) -> None:
    """Print the comments, or write them as Markdown or as a page."""
    from greenai_infra.files import write_whole
    from greenai_infra.reporting.comment.page import as_page

    text = "\n".join(bodies)
    if dry_run:
        click.echo(text, nl=False)
    if out:
        write_whole(out, text)
    if html:
        write_whole(html, as_page(bodies))
