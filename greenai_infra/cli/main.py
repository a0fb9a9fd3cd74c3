"""Entry point: a group that imports a command's module only when that command is run."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from greenai_infra import __version__
from greenai_infra.errors import GreenAIError, missing_extra
from greenai_infra.terminal import safe_output

INTERRUPTED = 128 + signal.SIGINT
"""Exit code after Ctrl-C, as in shells."""

# name -> (module, attribute, one line of help). The help is here so that `--help` imports nothing else.
COMMANDS = {
    "regions": ("greenai_infra.cli.regions", "regions", "Rank cloud regions by carbon intensity and PUE."),
    "sources": ("greenai_infra.cli.sources", "sources", "List sources of intensity, and which are set up."),
    "forecast": ("greenai_infra.cli.forecast", "forecast", "Draw the expected intensity of a zone, and the best time."),
    "plan": ("greenai_infra.cli.plan", "plan", "Choose region, hardware and start time for a workload."),
    "explain": ("greenai_infra.cli.plan", "explain", "Explain a plan again from its file alone."),
    "estimate": ("greenai_infra.cli.estimate", "estimate", "Estimate energy, emissions and cost before a run."),
    "watch": ("greenai_infra.cli.watch", "watch", "Plan repeatedly; report changes, and when to move."),
    "backtest": ("greenai_infra.cli.backtest", "backtest", "Compare strategies on historical intensity."),
    "schema": (
        "greenai_infra.cli.schema",
        "schema",
        "Print the JSON Schema of workload files, gate settings, SCI files or run reports.",
    ),
    "select": ("greenai_infra.cli.select", "select", "Pin a plan's ranked regions as Pulumi stacks."),
    "preview": ("greenai_infra.cli.stack", "preview", "Show what a stack would build; --offline needs no account."),
    "comment": ("greenai_infra.cli.comment", "comment", "Comment previews on a pull request, and gate it."),
    "check": ("greenai_infra.cli.check", "check", "Run the rules of the carbon gate; exit code 1 if it fails."),
    "doctor": ("greenai_infra.cli.doctor", "doctor", "Check what `up` needs: quotas, image, data, CLI, keys."),
    "up": ("greenai_infra.cli.stack", "up", "Build a stack, or the first ranked region with capacity."),
    "destroy": ("greenai_infra.cli.stack", "destroy", "Remove what a stack has built."),
    "init": ("greenai_infra.cli.init", "init", "Write a project: Pulumi program, example workload, stack."),
    "budget": ("greenai_infra.cli.budget", "budget", "Keep the carbon budget of a team's project in a ledger."),
    "train": ("greenai_infra.cli.train", "train", "Train an example or your script: measured, stopped and resumed."),
    "cache": ("greenai_infra.cli.cache", "cache", "Show savings of an answer cache; project, purge, calibrate."),
    "track": ("greenai_infra.cli.track", "track", "Measure energy and emissions of a command while it runs."),
    "gpu": ("greenai_infra.cli.gpu", "gpu", "Show activity, power and waste of GPUs, by cause."),
    "report": ("greenai_infra.cli.track", "report", "Print what a tracked run has emitted."),
    "card": ("greenai_infra.cli.card", "card", "Write a run's energy and emissions for its model card."),
    "advise": ("greenai_infra.cli.advise", "advise", "Advise on serving and on quick wins, computed for a workload."),
    "sci": ("greenai_infra.cli.sci", "sci", "Score scenarios by Software Carbon Intensity (ISO/IEC 21031)."),
    "catalog": ("greenai_infra.cli.catalog", "catalog", "Show or refresh accelerators, offers and prices."),
}


class LazyGroup(click.Group):
    """A group whose commands are looked up in COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports and returns a command, or None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with:  greenai-infra plan templates/workloads/finetune-7b.yaml --hardware",
)
@click.version_option(__version__, "-V", "--version", prog_name="greenai-infra")
def main() -> None:
    """Put AI workloads on the cleanest grid that can run them.

    Plan a workload on real grid data, pin the choice into a Pulumi stack, preview it offline, apply it.
    """


def run() -> None:
    """Runs the command line; errors of the user end in a message and an exit code, never a traceback."""
    _start_lightly()
    with safe_output():
        _run()


def _run() -> None:
    try:
        outcome = main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(outcome if isinstance(outcome, int) else 0)
    except (click.Abort, KeyboardInterrupt) as error:
        click.echo("aborted", err=True)
        ended_input = isinstance(error, click.Abort) and not isinstance(error.__cause__, KeyboardInterrupt)
        sys.exit(1 if ended_input else INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except GreenAIError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing is None:
            raise
        click.echo(f"error: {missing}", err=True)
        sys.exit(missing.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF):
            raise
        click.echo(f"error: the output can't be written: {error.strerror}", err=True)
        os._exit(1)  # otherwise Python would try to write it again at exit, and complain


def run_process() -> NoReturn:
    """`run` for a process that does nothing else: exits at once, where Python would first tear down the SDK."""
    code: object = 0
    try:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on a command may need to clean up
        run()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the reader has gone
            stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _start_lightly() -> None:
    """Commands are short: no pool of linear-algebra threads, and rare garbage collection.

    A program that a command runs for hours keeps its threads.
    """
    if sys.argv[1:2] not in (["track"], ["train"]):
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(200_000, 20, 20)


if __name__ == "__main__":
    run_process()
