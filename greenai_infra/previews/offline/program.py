"""Run a Pulumi program in this process against our own monitor, and leave the process as it was.

The SDK keeps its state in context variables, so each run gets a separate context. Afterwards the program's modules are
unloaded, and the working directory, arguments and import path are restored. A second interpreter would take as long
again as the import of the SDK.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import importlib
import logging
import os
import runpy
import sys
import traceback
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import runtime

from greenai_infra.errors import GreenAIError, InputError, Refused
from greenai_infra.previews.offline.declaring_lines import declaring_lines_only
from greenai_infra.previews.offline.monitor import CHECKED_SDK, Check, Engine, Monitor, StandIns
from greenai_infra.previews.offline.monitor_client import MonitorClient, SdkCalls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from greenai_infra.previews.offline.recorded import Recorded
    from greenai_infra.project.project import StackProgram

BAD_CONFIG = (InputError, pulumi.ConfigMissingError, pulumi.ConfigTypeError)
EXTRAS = {"pulumi_aws": "aws", "pulumi_gcp": "gcp", "botocore": "aws", "boto3": "aws"}


@dataclass(frozen=True)
class ProgramFailure:
    """Why the program stopped: the program's message, the file and line, and a hint if available.

    `why` is InputError if the stack's config can't be used, Refused if the program refuses to build the stack.
    """

    message: str
    source: str = ""
    hint: str = ""
    why: type[InputError | Refused] | None = None


def run_program(
    stack: StackProgram, check: Check, stand_ins: StandIns | None = None
) -> tuple[Recorded, ProgramFailure | None]:
    """Runs the stack's program as in a preview; returns what it declared, and any reason why it failed.

    Raises InputError if an SDK package imported by the program is not installed.
    """
    monitor = Monitor(stack.project, stack.stack, check, stand_ins)
    with own_process(stack), declaring_lines_only():
        failure = contextvars.copy_context().run(_run, stack, MonitorClient(monitor), Engine(monitor.recorded))
    return monitor.recorded, failure


def _run(stack: StackProgram, client: MonitorClient, engine: Engine) -> ProgramFailure | None:
    runtime.reset_options(
        project=stack.project,
        stack=stack.stack,
        root_directory=str(stack.root),
        monitor_address=client,
        engine_address=engine,
        parallel=16,
        preview=True,
        organization="organization",
    )
    runtime.set_all_config(stack.config, list(stack.encrypted))
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # failures are reported below, once
    pool = SdkCalls()
    loop.set_default_executor(pool)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(runtime.run_in_stack(lambda: _execute(stack.program)))
    except Exception as error:  # noqa: BLE001 - any exception of the program is the program's failure
        return _describe(error, stack)
    except SystemExit as stop:
        if stop.code in (None, 0):
            return None
        return ProgramFailure(f"the program ended itself with exit code {stop.code}", _line(stop, stack))
    finally:
        _close(loop, pool)
    return None


def _execute(program: Path) -> Awaitable[None] | None:
    runpy.run_path(str(program), run_name="__main__")
    stack = runtime.get_root_resource()
    # Skip SDKs that run the program before the loop, and programs with a part (pulumi.run) still to come.
    return _settle() if getattr(stack, "_async_program", False) is None else None


async def _settle() -> None:
    """Waits for all outputs at once. The SDK waits for each in turn, and each time walks over all open outputs."""
    while open_outputs := [one for one in runtime.settings.SETTINGS.outputs if not one.done()]:
        await asyncio.wait(open_outputs)


def _close(loop: asyncio.AbstractEventLoop, pool: SdkCalls) -> None:
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    asyncio.set_event_loop(None)
    loop.close()
    pool.shutdown(wait=True)


def _describe(error: Exception, stack: StackProgram) -> ProgramFailure:
    if isinstance(error, ModuleNotFoundError) and (extra := EXTRAS.get((error.name or "").split(".")[0])):
        raise InputError(
            f"the program of stack {stack.stack} imports {error.name}, which is not installed; "
            f"install it with: pip install 'greenai-infra[{extra}]'"
        ) from None
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    text = str(error).strip()
    if not isinstance(error, pulumi.RunError | GreenAIError | InputError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return ProgramFailure(text, _line(error, stack) or _line(cause, stack), sdk_hint(), why_stopped(error))


def why_stopped(error: BaseException) -> type[InputError | Refused] | None:
    """Returns InputError if a config key is missing or invalid, Refused if a rule refuses the stack, else None."""
    for one in (error, error.__cause__):
        if isinstance(one, BAD_CONFIG):
            return InputError
        if isinstance(one, Refused):
            return Refused
    return None


def sdk_hint() -> str:
    """A note on the SDK's version if the monitor was not checked with it."""
    version = metadata.version("pulumi")
    if version.rsplit(".", 1)[0] == CHECKED_SDK:
        return ""
    return f"pulumi {version} is installed; the offline preview was checked with {CHECKED_SDK}"


def _line(error: BaseException, stack: StackProgram) -> str:
    """Returns `path:line` of the innermost line of the project's code in the traceback, or empty."""
    folder = stack.program if stack.program.is_dir() else stack.program.parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(folder) and "site-packages" not in path.parts:
            return f"{path.relative_to(stack.root)}:{frame.lineno}"
    return ""


@contextlib.contextmanager
def own_process(stack: StackProgram) -> Iterator[None]:
    """Sets up what a program finds in a fresh process; the program's output goes to standard error."""
    folder = stack.program if stack.program.is_dir() else stack.program.parent
    before = (Path.cwd(), sys.argv, list(sys.path), _take_modules(folder))
    asyncio_log = logging.getLogger("asyncio")
    level = asyncio_log.level
    asyncio_log.setLevel(logging.CRITICAL)
    importlib.invalidate_caches()
    os.chdir(folder)
    sys.argv = [str(stack.program)]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        working, sys.argv, sys.path[:], modules = before
        os.chdir(working)
        _take_modules(folder)
        sys.modules.update(modules)
        asyncio_log.setLevel(level)


def _take_modules(folder: Path) -> dict[str, Any]:
    """Removes and returns the loaded modules that belong to a program in this folder."""
    names = {entry.stem for entry in folder.iterdir() if entry.suffix in ("", ".py")} - {"greenai_infra"}
    taken = {}
    for name, module in list(sys.modules.items()):
        if name != "__main__" and name.split(".")[0] in names and _lies_in(module, folder):
            taken[name] = sys.modules.pop(name)
    return taken


def _lies_in(module: Any, folder: Path) -> bool:
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", [])]
    return any(place and Path(place).is_relative_to(folder) and "site-packages" not in place for place in places)
