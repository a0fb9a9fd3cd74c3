"""`preview`, `up` and `destroy`: one stack, or the first ranked region with capacity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenai_infra.cli.building import build, open_engine, remove, require_answer, show_built
from greenai_infra.cli.project_dir import PROJECT_DIR, in_dir
from greenai_infra.errors import InputError, NoCapacity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options for stack and project. Without --stack: the only stack, or the chosen stack."""
    which = click.option(
        "--stack", metavar="NAME", help="Stack to use. Default: the only stack, or the stack that select chose."
    )
    return which(PROJECT_DIR(command))


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options for policy packs; by default the project's carbon gate."""
    own = click.option("--no-policy", is_flag=True, help="Skip the project's carbon gate (stacks/policy).")
    other = click.option(
        "--policy-pack",
        "policy_packs",
        metavar="DIR",
        multiple=True,
        type=click.Path(path_type=Path, file_okay=False),
        help="Use this policy pack instead of stacks/policy; repeatable.",
    )
    return own(other(command))


YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command(epilog="Example:  greenai-infra preview --offline --stack finetune-7b-eu-north-1")
@stack_options
@click.option("--offline", is_flag=True, help="No Pulumi CLI, no account, no network.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--base",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --offline: show changes since this preview (--json); an empty file stands for no stack.",
)
@policy_options
def preview(
    project_dir: Path,
    stack: str | None,
    offline: bool,
    as_json: bool,
    base: Path | None,
    no_policy: bool,
    policy_packs: tuple[Path, ...],
) -> int:
    """Show what a stack would build. Nothing is built.

    With --offline the program runs against an in-process monitor that checks names, types, values and regions. Without
    it, the Pulumi engine compares the program with what exists; this needs the CLI, a backend and credentials, and adds
    an empty stack to the backend if the stack is new. Both run the rules of the project's carbon gate. Exit code 1 if a
    mandatory rule is violated or could not run, 2 if the stack config can't be used.
    """
    packs = chosen_packs(no_policy, policy_packs)
    if offline:
        from greenai_infra.cli.preview_offline import run_offline

        return run_offline(project_dir, stack, as_json, base, packs)
    if base is not None:
        raise InputError("--base compares offline previews; add --offline")
    from greenai_infra.project.stack_files import require_stack

    engine = open_engine(project_dir, require_stack(project_dir, stack), packs)
    if as_json:
        click.echo(engine.preview_json())
    else:
        engine.preview()
    return 0


@click.command(epilog="Example:  greenai-infra up --stack finetune-7b-eu-north-1 --yes")
@stack_options
@click.option(
    "--plan",
    "plan_file",
    metavar="PLAN",
    type=click.Path(path_type=Path),
    help="Pin this plan's regions as select does, and build the first with capacity.",
)
@click.option("--top", type=click.IntRange(1, 50), default=3, show_default=True, help="With --plan: how many regions.")
@click.option("--clean-up", is_flag=True, help="With --plan: remove what was built in a region without capacity.")
@click.option("--no-budget", is_flag=True, help="Skip the carbon ledger: check and reserve nothing.")
@policy_options
@YES
def up(
    project_dir: Path,
    stack: str | None,
    plan_file: Path | None,
    top: int,
    clean_up: bool,
    no_budget: bool,
    no_policy: bool,
    policy_packs: tuple[Path, ...],
    yes: bool,
) -> None:
    """Build a stack, or the first ranked region with capacity. Shows what will change, then asks.

    With --plan, a region without capacity, quota or permission is skipped, with a message, for the next region of the
    ranking; any other failure stops. Only a job that starts with `up` (launch: now) can lack capacity here; a scheduled
    job meets a lack of capacity at its planned start, in the stack's state machine. The carbon gate runs first: a
    violated mandatory rule stops the build. If a carbon ledger is configured (GREENAI_LEDGER, or budget-ledger in
    Pulumi.yaml), the plan's emissions are reserved in it under the plan_id; a plan that exceeds the budget is not
    built.
    """
    require_answer(yes)
    packs = chosen_packs(no_policy, policy_packs)
    ledger = chosen_ledger(project_dir, no_budget)
    if plan_file is None:
        from greenai_infra.project.stack_files import require_stack

        name = require_stack(project_dir, stack)
        try:
            show_built(project_dir, name, build(project_dir, name, yes, packs, ledger))
        except NoCapacity as error:
            raise NoCapacity(
                f"{error.said}: {error}\nto try the next ranked region:  greenai-infra up --plan plan.json"
            ) from None
        return
    if stack is not None:
        raise InputError("--plan says which stacks to build; give --stack or --plan, not both")
    from greenai_infra.cli.up_plan import up_plan

    up_plan(project_dir, plan_file, top, clean_up, yes, packs, ledger)


@click.command(epilog="Example:  greenai-infra destroy --stack finetune-7b-eu-north-1")
@stack_options
@YES
def destroy(project_dir: Path, stack: str | None, yes: bool) -> None:
    """Remove what a stack has built. Shows what will be removed, then asks. The stack's config file stays.

    A project with several stacks needs --stack.
    """
    from greenai_infra.project.stack_files import read_project, require_stack

    require_answer(yes)
    names = read_project(project_dir).stack_names()
    if stack is None and len(names) > 1:
        raise InputError(
            f"this project has {len(names)} stacks; name the stack to remove with --stack: {', '.join(names)}"
        )
    name = require_stack(project_dir, stack)
    if remove(project_dir, name, yes):
        click.echo(
            f"{name} is removed; to remove its history too:\n"
            f"  pulumi stack rm {name} --preserve-config{in_dir('--cwd', project_dir)}"
        )
    else:
        click.echo(f"{name} has nothing built; there is nothing to remove")


def chosen_packs(no_policy: bool, policy_packs: Sequence[Path]) -> Sequence[Path] | None:
    """The packs that the options name: empty for --no-policy, None for the project's pack. Raises InputError."""
    if no_policy and policy_packs:
        raise InputError("give --no-policy or --policy-pack, not both")
    if no_policy:
        click.echo("warning: the carbon gate is skipped (--no-policy)", err=True)
    return () if no_policy else policy_packs or None


def chosen_ledger(project_dir: Path, no_budget: bool) -> str | None:
    """The configured carbon ledger; None without one, or with --no-budget."""
    from greenai_infra.project.budget_ledger import configured_ledger

    ledger = configured_ledger(project_dir)
    if ledger and no_budget:
        click.echo("warning: the carbon ledger is skipped (--no-budget)", err=True)
    return None if no_budget else ledger
