"""One stack on the real Pulumi engine, in the project's folder, with the state that plain `pulumi` sees.

The program runs inside this process: the engine calls back, so neither a virtual environment nor Pulumi's language host
is needed. Pulumi.yaml and the stack's config file are read unchanged; when the engine creates the stack, it adds an
encryption salt to the config file.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from greenai_infra.engine.errors import INSTALL_CLI, MINIMUM_CLI, NO_CLI, NO_SDK, explain
from greenai_infra.engine.policy_events import PolicyEvents, own_python_first, policy_packs
from greenai_infra.errors import EngineError, InputError, Refused
from greenai_infra.project.authored import author_kept
from greenai_infra.project.project import read_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import FrameType


@dataclass
class Outcome:
    """What an operation did or would do: operation (create, update, same, ...) to number of resources."""

    changes: dict[str, int]
    text: str = ""

    @property
    def changed(self) -> dict[str, int]:
        """The changes without the resources that stay as they are."""
        return {op: count for op, count in self.changes.items() if op not in ("same", "read", "refresh") and count}


@dataclass
class _Events:
    """What the engine reports while it runs."""

    errors: list[str] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    policy: PolicyEvents = field(default_factory=PolicyEvents)

    def __call__(self, event: Any) -> None:
        said = event.diagnostic_event
        if said and said.severity == "error":
            self.errors.append(_without_colour(said.message))
        if event.policy_event:
            self.policy.note(event.policy_event)
        if event.summary_event:
            for operation, count in (event.summary_event.resource_changes or {}).items():
                self.changes[str(getattr(operation, "value", operation))] += count


class StackEngine:
    """Preview, up and destroy of one stack.

    `say` takes the engine's output line by line while it runs. Every method raises EngineError with the command that
    fixes it, NoCapacity if missing capacity is the only fault, InputError if the project can't be read or the stack's
    config can't be used, Refused if the program refuses it, a mandatory policy is violated or a rule of the carbon gate
    could not run.

    `packs` are the policy packs that preview and up run; None stands for the project's own carbon gate, if any.
    """

    def __init__(
        self,
        project_dir: Path,
        stack: str,
        say: Callable[[str], None],
        *,
        colour: bool = False,
        packs: Sequence[Path] | None = None,
    ) -> None:
        check_requirements()
        self._program = read_stack(project_dir, stack)
        self._packs = policy_packs(self._program, packs)
        self._why_stopped: type[InputError | Refused] | None = None
        self._say = say
        self._options = {"color": "always" if colour else "never", "suppress_progress": not colour}

    def preview(self) -> Outcome:
        """What `up` would do."""
        return self._operate("preview", create=True, **self._policies())

    def preview_json(self) -> str:
        """Returns the engine's JSON document of a preview."""
        self._say = _silent
        return self._operate("preview", create=True, json=True, **self._policies()).text

    def up(self) -> Outcome:
        """Build or change what the program declares."""
        return self._operate("up", create=True, show_secrets=False, **self._policies())

    def preview_destroy(self) -> Outcome:
        """What `destroy` would remove."""
        return self._operate("destroy", create=False, preview_only=True, show_secrets=False)

    def destroy(self) -> Outcome:
        """Remove everything that the stack has built; its config file stays."""
        return self._operate("destroy", create=False, show_secrets=False)

    def _policies(self) -> dict[str, list[str]]:
        return {"policy_packs": [str(pack) for pack in self._packs]} if self._packs else {}

    def _operate(self, operation: str, *, create: bool, **options: Any) -> Outcome:
        from greenai_infra.previews.offline.program import own_process

        events, stderr = _Events(), list[str]()
        try:
            with own_process(self._program), _patient(self._say), self._explained(events, stderr):
                stack = self._open(create)
                result = getattr(stack, operation)(
                    on_output=self._say, on_error=stderr.append, on_event=events, **self._options, **options
                )
        except (EngineError, InputError, Refused):
            _leave_unfinished_quietly()
            raise
        if not options.get("json"):
            for line in filter(None, stderr):
                self._say(line)
        events.policy.require_all_ran(self._program.stack)
        return Outcome(dict(events.changes), result.stdout)

    def _open(self, create: bool) -> Any:
        from pulumi import automation
        from semver import VersionInfo

        options = automation.LocalWorkspaceOptions(
            work_dir=str(self._program.root),
            # The first Python on PATH runs a policy pack: put the Python that has greenai_infra first.
            env_vars={"PULUMI_SKIP_UPDATE_CHECK": "true", "PATH": own_python_first(os.environ.get("PATH", ""))},
            pulumi_command=automation.PulumiCommand(version=VersionInfo.parse(MINIMUM_CLI)),
        )
        open_stack = automation.create_or_select_stack if create else automation.select_stack
        with author_kept(self._program.root / self._program.config_file):
            return open_stack(
                self._program.stack, project_name=self._program.project, program=self._run_program, opts=options
            )

    def _run_program(self) -> None:
        from greenai_infra.previews.offline.program import why_stopped

        self._why_stopped = None
        try:
            runpy.run_path(str(self._program.program), run_name="__main__")
        except Exception as error:
            self._why_stopped = why_stopped(error)
            raise

    @contextlib.contextmanager
    def _explained(self, events: _Events, stderr: list[str]) -> Iterator[None]:
        """Engine failures as EngineError."""
        from pulumi.automation import CommandError, InvalidVersionError

        try:
            yield
        except InvalidVersionError as error:
            raise EngineError(f"{error}\nto mend it: {INSTALL_CLI}") from None
        except FileNotFoundError as error:
            raise EngineError(NO_CLI) from error
        except subprocess.CalledProcessError as error:
            raise EngineError(
                f"`pulumi version` fails with exit code {error.returncode}.\nto mend it: {INSTALL_CLI}"
            ) from None
        except CommandError as error:
            code, stdout, said = _parts(str(error))
            text = _without_colour("\n".join(stderr) or said)
            if code == -signal.SIGINT:  # it had not got as far as to say so itself
                text = "error: update canceled"
            stack = self._program.stack
            # Paths in the project relative to its folder: that is how a user names them.
            errors = [one.replace(f"{self._program.root}{os.sep}", "") for one in events.errors]
            failure = explain(
                stack, errors, text, _without_colour(stdout), *_sdk_versions(), region=self._program.region
            )
            if self._why_stopped:
                raise self._why_stopped(str(failure)) from None
            events.policy.require_kept(self._program.stack, errors)
            raise failure from None


def _parts(command_error: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error from the text of the SDK's CommandError, its only form."""
    found = re.fullmatch(r"\s*code: (-?\d+)\s*stdout: (.*?)\s*stderr: (.*)", command_error, re.DOTALL)
    return (int(found[1]), found[2], found[3]) if found else (1, "", command_error)


def check_requirements() -> None:
    """Raises EngineError if the CLI or the SDK is missing."""
    if shutil.which("pulumi") is None:
        raise EngineError(NO_CLI)
    if find_spec("pulumi") is None:
        raise EngineError(NO_SDK)


@contextlib.contextmanager
def _patient(say: Callable[[str], None]) -> Iterator[None]:
    """At Ctrl-C waits for the engine, which gets the signal too and finishes its work; a second Ctrl-C stops it.

    If the engine hangs, a third Ctrl-C ends this process first.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def wait(number: int, frame: FrameType | None) -> None:
        say("interrupted: waiting for Pulumi to finish what it has begun; Ctrl-C again stops at once")
        signal.signal(signal.SIGINT, last_wait)

    def last_wait(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _leave_unfinished_quietly() -> None:
    """Silences asyncio and the interpreter about tasks that a stopped program left waiting, as the SDK's own host does.

    Lasts for the rest of the process: some of these tasks are dropped only at the end.
    """
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    complain = sys.unraisablehook

    def without_coroutines(unraisable: Any) -> None:
        if not inspect.iscoroutine(unraisable.object):
            complain(unraisable)

    sys.unraisablehook = without_coroutines


def _silent(line: str) -> None:
    pass


def _without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m|<\{%.*?%\}>", "", text)


def _sdk_versions() -> tuple[str, str]:
    """Returns the AWS and Google Cloud SDK versions, as for `pulumi plugin install`; empty if not installed."""

    def version(package: str) -> str:
        try:
            return f"v{metadata.version(package)}"
        except metadata.PackageNotFoundError:
            return ""

    return version("pulumi-aws"), version("pulumi-gcp")


def wants_colour() -> bool:
    """Whether standard output is a terminal that should get colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
