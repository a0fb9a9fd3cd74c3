"""Where a program declares its resources, without the SDK's record of the whole call stack.

For every resource the SDK reads the source line of each frame and sends all of them: a seventh of the time that a
program takes here. The monitor shows the declaring line only, so that is all that is looked up while it runs.
"""

from __future__ import annotations

import contextlib
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi.runtime import resource as sdk
from pulumi.runtime.proto import source_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

CONSTRUCTORS = 3
"""Of Resource, of CustomResource or ComponentResource, and of the class that the program calls."""


@contextlib.contextmanager
def declaring_lines_only() -> Iterator[None]:
    """Let the SDK send the declaring line in place of the stack; no effect on an SDK that has no such function."""
    name = "_get_stack_trace"  # as pulumi 3.259 calls it
    own = getattr(sdk, name, None)
    if own is None:
        yield
        return
    setattr(sdk, name, _declaring_line)
    try:
        yield
    finally:
        setattr(sdk, name, own)


def _declaring_line() -> source_pb2.StackTrace:
    """Returns a trace with a single frame: the caller of the third constructor on the stack."""
    frame: FrameType | None = sys._getframe(1)
    constructors = 0
    while frame is not None:
        constructors += frame.f_code.co_name == "__init__"
        if constructors == CONSTRUCTORS:
            break
        frame = frame.f_back
    caller = frame.f_back if frame is not None else None
    if caller is None:
        return source_pb2.StackTrace()
    position = source_pb2.SourcePosition(uri=_uri(caller.f_code.co_filename), line=caller.f_lineno)
    return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=position)])


@lru_cache(maxsize=256)
def _uri(file: str) -> str:
    return Path(file).as_uri() if Path(file).is_absolute() else ""
