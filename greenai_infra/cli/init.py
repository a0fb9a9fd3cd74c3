"""`init DIR`: write a project that previews offline at once. `init ci`, `init image`: its CI jobs, its container."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from greenai_infra.cli.project_dir import PROJECT_DIR
from greenai_infra.clock import now

PLAN = "plan.json"


PARTS = ("ci", "image")
FLAGS = ("--upgrade", "--eject")


class InitGroup(click.Group):
    """`init ci`, `init image`, and `init DIR` for every other word. A project in a folder named ci is `init ./ci`.

    `--upgrade` and `--eject` are commands too, and may stand behind the folder.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Inserts the command name `project` before a folder, also before a folder named `project`."""
        at = next((number for number, word in enumerate(args) if word.partition("=")[0] in FLAGS), None)
        if at is not None and args[0] not in PARTS:
            flag, _, value = args[at].partition("=")
            args = ["--", flag, *([value] if value else []), *args[at + 1 :], *args[:at]]
        elif args and args[0] not in PARTS and args[0] not in ctx.help_option_names:
            args = ["project", *args]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The part of the usage line after `init`."""
        return ["DIR | --upgrade [DIR] | --eject COMPONENT [DIR] | ci --github | ci --gitlab | image --variant VARIANT"]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the three forms."""
        forms = [
            ("DIR", "Write a project."),
            ("--upgrade [DIR]", "Move a project that an older version wrote to this one; shows the diff first."),
            ("--eject COMPONENT [DIR]", "Copy one component's source into the project, to own it."),
            ("ci", "Write the CI jobs of a project: init ci --help."),
            ("image", "Write the Dockerfile of the training image: init image --help."),
        ]
        with formatter.section("Commands"):
            formatter.write_dl(forms)


EXAMPLE = "Example:  greenai-infra init my-project && cd my-project && greenai-infra preview --offline"


@click.group(cls=InitGroup, epilog=EXAMPLE)
def init() -> None:
    """Write a project: Pulumi program, example workload, its plan, stacks, training container; or parts of one."""


@init.command("project", hidden=True, epilog=EXAMPLE)
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
def project(target: Path) -> None:
    """Write a project: Pulumi program, example workload, its plan, pinned stacks and training container.

    The plan uses embedded data and needs no account or network. Existing files are never overwritten.
    """
    from greenai_infra.scaffold.starter import WORKLOAD, write_project

    names = write_project(target, plan_and_pin)
    click.echo(f"wrote {target}: {', '.join(names)}")
    click.echo("\nLook at what the pinned stack would build, without an account:")
    click.echo(f"  cd {shlex.quote(str(target))}")
    click.echo("  greenai-infra preview --offline")
    click.echo("\nBuild and push the image of training/Dockerfile once the stack is built: select says how.")
    click.echo(f"\nThen make {WORKLOAD} your own and plan it:")
    click.echo(f"  greenai-infra plan {WORKLOAD} --hardware --out {PLAN} && greenai-infra select {PLAN}")


PROJECT = click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=Path())


@init.command("--upgrade", hidden=True, epilog="Example:  greenai-infra init --upgrade my-project")
@PROJECT
@click.option("--yes", is_flag=True, help="Do not ask.")
def upgrade_project(folder: Path, yes: bool) -> int:
    """Move a project that an older version wrote to this one: `greenai-infra init --upgrade [DIR]`.

    Copied components go, as they come with the package; the short programs come. Shows what changes, and asks. A file
    that you have changed is kept in before-upgrade/, and whatever is your own stays. Without a terminal it needs --yes.
    """
    import sys

    from greenai_infra.scaffold.upgrade import upgrade_of

    upgrade = upgrade_of(folder)
    if not upgrade.needed:
        click.echo(f"{folder.resolve()} is up to date")
        return 0
    click.echo(upgrade.text(), nl=False)
    if not yes and not sys.stdin.isatty():
        click.echo("nothing was changed, as there is no terminal to ask on; to make this change add --yes", err=True)
        return 1
    if not yes and not click.confirm("\nChange the project?"):
        click.echo("nothing was changed", err=True)
        return 1
    upgrade.apply()
    click.echo("\nupgraded; look at what its stacks would build now: greenai-infra preview --offline")
    click.echo("Whatever else installs greenai-infra for it needs this version too; init ci writes its CI files again.")
    if upgrade.kept:
        click.echo(f"What you had changed is in {upgrade.kept_in}/: put it back in as said above.")
    return 0


@init.command("--eject", hidden=True, epilog="Example:  greenai-infra init --eject TrainingRegion")
@click.argument("component")
@PROJECT
def eject_component(component: str, folder: Path) -> None:
    """Copy one component's source into stacks/own/, to change it: `greenai-infra init --eject COMPONENT [DIR]`.

    Programs of the project that import the component import the copy from then on, and build the same under the same
    names. The rest of the component's parts stays in the package. Upgrades no longer reach the copy.
    """
    from greenai_infra.scaffold.eject import eject

    ejected = eject(folder, component)
    click.echo(f"wrote {ejected.file}: {ejected.component} is yours now")
    for file in ejected.changed:
        click.echo(f"changed {file}, which imports it")
    if not ejected.changed:
        click.echo(f"No program of the project imports it from the package. Where you want it:\n  {ejected.line}")
    if ejected.users:
        users = ", ".join(ejected.users)
        click.echo(f"In the package these take the package's own; ejected too, they take yours: {users}")


def plan_and_pin(folder: Path) -> None:
    """Plan the folder's workload on embedded data and pin the plan's first regions there."""
    from greenai_infra.contracts.plan import read_plan_file
    from greenai_infra.files import write_all
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.pinning.select import select
    from greenai_infra.planning.make import plan as plan_of
    from greenai_infra.scaffold.starter import WORKLOAD
    from greenai_infra.scaffold.training_image import image_files, variant_for
    from greenai_infra.scaffold.written_files import write_files

    at = now()
    (folder / PLAN).write_text(plan_of(folder / WORKLOAD, source="embedded", at=at).text(), encoding="utf-8")
    plan = read_plan_file(folder / PLAN)
    write_all(select(plan, folder, Options(), at).texts)
    if variant := variant_for(plan.placement.accelerator):
        write_files(folder, image_files(variant), force=False)


@init.command("ci", epilog="Example:  greenai-infra init ci --github --cloud aws")
@click.option("--github", is_flag=True, help="Workflows for GitHub Actions.")
@click.option("--gitlab", is_flag=True, help="A file to include for GitLab CI/CD.")
@PROJECT_DIR
@click.option(
    "--cloud",
    "clouds",
    multiple=True,
    type=click.Choice(["aws", "gcp"]),
    help="Cloud of the stacks; repeatable. Default: from the stack files, else aws.",
)
@click.option("--offline-only", is_flag=True, help="Leave out jobs that need credentials: engine preview and training.")
@click.option(
    "--install",
    metavar="SOURCE",
    help="Where the jobs get greenai-infra: repository, git+https://HOST/OWNER/REPOSITORY@COMMIT, or pypi after "
    "a release. Default: this repository if it holds greenai-infra, else the commit of this installation.",
)
@click.option(
    "--comment-when",
    type=click.Choice(["always", "changed"]),
    default="always",
    show_default=True,
    help="Comment on every pull request, or only where figures, resources or findings change.",
)
@click.option("--fail-on", type=click.Choice(["error", "warning", "never"]), default="error", show_default=True)
@click.option("--force", is_flag=True, help="Overwrite files that are there with other content.")
def ci(
    github: bool,
    gitlab: bool,
    project_dir: Path,
    clouds: tuple[str, ...],
    offline_only: bool,
    install: str | None,
    comment_when: str,
    fail_on: str,
    force: bool,
) -> None:
    """Write the CI jobs of a project: offline preview and carbon gate with a comment, engine preview, training.

    The offline preview and the gate need no credentials. Engine preview and training log in to the cloud with OpenID
    Connect; this command names the variables to set. Existing files are kept unless you give --force.
    """
    from greenai_infra.scaffold.ci_files import (
        Choices,
        clouds_of,
        git_source,
        known_source,
        place_in_repository,
        settings_to_make,
        write_ci,
    )

    forges = [name for name, wanted in (("github", github), ("gitlab", gitlab)) if wanted]
    if not forges:
        raise click.UsageError("say --github or --gitlab (a project in a folder named ci: greenai-infra init ./ci)")
    root, project = place_in_repository(project_dir)
    chosen = tuple(dict.fromkeys(clouds)) or clouds_of(project_dir)
    source = git_source(install) if install else known_source(root)
    choices = Choices(project, chosen, not offline_only, source, fail_on, comment_when)
    for path, action in write_ci(root, choices, forges, force):
        click.echo(f"{action} {path}")
    click.echo("\nSet up by hand:")
    for line in settings_to_make(choices, forges):
        click.echo(f"  {line}")


@init.command("image", epilog="Example:  greenai-infra init image --variant neuron")
@click.option(
    "--variant", type=click.Choice(["gpu", "neuron", "cpu"]), required=True, help="Chips that the image is for."
)
@PROJECT_DIR
@click.option("--force", is_flag=True, help="Overwrite files that are there with other content.")
def image(variant: str, project_dir: Path, force: bool) -> None:
    """Write training/Dockerfile, its pinned requirements and .dockerignore, and training/ if it is missing.

    Build the image from the project's folder; the stack's outputs build_image and push_image hold the commands.
    Existing files are kept unless you give --force.
    """
    from greenai_infra.scaffold.starter import copy_folder
    from greenai_infra.scaffold.training_image import FOLDER, image_files
    from greenai_infra.scaffold.written_files import write_files
    from greenai_infra.templates import shipped

    written = write_files(project_dir, image_files(variant), force)
    if not (project_dir / FOLDER / "__init__.py").exists():
        copy_folder(shipped(FOLDER), project_dir / FOLDER)
        written.append((f"{FOLDER}/", "wrote"))
    for path, action in written:
        click.echo(f"{action} {path}")
    click.echo("\nBuild it from this folder; the stack's output build_image fills in its repository and plan:")
    click.echo("  docker build --platform linux/amd64 --file training/Dockerfile --tag training:v1 .")
