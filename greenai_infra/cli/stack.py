"""`preview`, `up` and `destroy`: one stack, or the first ranked region that has capacity."""

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
    """Which stack of which project; without --stack, the only one or the chosen one."""
    which = click.option("--stack", metavar="NAME", help="Default: the only stack, or the one that select chose.")
    return which(PROJECT_DIR(command))


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which policy packs hold; by default the project's own carbon gate."""
    own = click.option("--no-policy", is_flag=True, help="Leave the project's carbon gate (stacks/policy) out.")
    other = click.option(
        "--policy-pack",
        "policy_packs",
        metavar="DIR",
        multiple=True,
        type=click.Path(path_type=Path, file_okay=False),
        help="Use this policy pack instead of stacks/policy. May be repeated.",
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
    help="With --offline: show what has changed since this preview (--json); an empty file is no stack.",
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

    With --offline the program runs against an in-process monitor, with checks of names, types, values and regions;
    without, the Pulumi engine compares it with what is there (it needs the CLI, a backend and credentials). A stack
    that the backend does not know yet is entered there, empty. Either way the rules of the project's carbon gate are
    run, and a mandatory one that is broken, or could not run, ends with exit code 1; a stack config that can't be used
    with 2.
    """
    from greenai_infra.project.stack_files import require_stack

    name = require_stack(project_dir, stack)
    packs = chosen_packs(no_policy, policy_packs)
    if offline:
        from greenai_infra.cli.preview_offline import run_offline

        return run_offline(project_dir, name, as_json, base, packs)
    if base is not None:
        raise InputError("--base compares offline previews; use it with --offline")
    engine = open_engine(project_dir, name, packs)
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
    help="Pin this plan's regions as select does, and build the first that has capacity.",
)
@click.option("--top", type=click.IntRange(1, 50), default=3, show_default=True, help="With --plan: how many regions.")
@click.option("--clean-up", is_flag=True, help="With --plan: remove what was built in a region without capacity.")
@click.option("--no-budget", is_flag=True, help="Leave the carbon ledger out: check and reserve nothing.")
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

    With --plan, a region without capacity or quota, or one that the account may not use, is left for the next of the
    ranking, which is said; any other failure stops. Only a job that starts with `up` (launch: now) meets a lack of
    capacity here; a scheduled one meets it at its planned start, in the stack's state machine. The carbon gate is run
    first: nothing is built past a mandatory rule. Where a carbon ledger is configured (GREENAI_LEDGER, or budget-ledger
    in Pulumi.yaml) the plan's emissions are reserved in it under the plan_id; what does not fit is not built.
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
                f"{error.said}: {error}\nto go on in the next ranked region:  greenai-infra up --plan plan.json"
            ) from None
        return
    if stack is not None:
        raise InputError("--plan says which stacks to build; leave --stack away, or --plan")
    from greenai_infra.cli.up_plan import up_plan

    up_plan(project_dir, plan_file, top, clean_up, yes, packs, ledger)


@click.command(epilog="Example:  greenai-infra destroy --stack finetune-7b-eu-north-1")
@stack_options
@YES
def destroy(project_dir: Path, stack: str | None, yes: bool) -> None:
    """Remove what a stack has built. Shows what will go, then asks. The stack's config file stays.

    Where there is more than one stack, --stack is needed.
    """
    from greenai_infra.project.stack_files import read_project, require_stack

    require_answer(yes)
    names = read_project(project_dir).stack_names()
    if stack is None and len(names) > 1:
        raise InputError(f"there are {len(names)} stacks here; say which to remove with --stack: {', '.join(names)}")
    name = require_stack(project_dir, stack)
    if remove(project_dir, name, yes):
        click.echo(
            f"{name} is removed; forget its history too with:\n"
            f"  pulumi stack rm {name} --preserve-config{in_dir('--cwd', project_dir)}"
        )
    else:
        click.echo(f"nothing is built in {name}; there is nothing to remove")


def chosen_packs(no_policy: bool, policy_packs: Sequence[Path]) -> Sequence[Path] | None:
    """The packs that the options name, none of them for --no-policy, None for the project's own. Raises InputError."""
    if no_policy and policy_packs:
        raise InputError("--no-policy runs no policy pack; leave it or --policy-pack away")
    if no_policy:
        click.echo("warning: the carbon gate is left out (--no-policy)", err=True)
    return () if no_policy else policy_packs or None


def chosen_ledger(project_dir: Path, no_budget: bool) -> str | None:
    """The configured carbon ledger; None without one, or with --no-budget."""
    from greenai_infra.project.budget_ledger import configured_ledger

    ledger = configured_ledger(project_dir)
    if ledger and no_budget:
        click.echo("warning: the carbon ledger is left out (--no-budget)", err=True)
    return None if no_budget else ledger
