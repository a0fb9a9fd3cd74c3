"""Answers that come in pieces: recorded while they pass, stored whole at their end, replayed as a stream."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from greenai_infra.serving.values import Unstorable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator


def is_stream(answer: Any) -> bool:
    """Whether an answer is an iterator, synchronous or not: a generator, or a client's stream."""
    kind = type(answer)
    return hasattr(kind, "__next__") or hasattr(kind, "__anext__")


class Recorder:
    """The chunks so far, packed on arrival: later changes of a chunk by its reader have no effect."""

    def __init__(self, pack: Callable[[Any], bytes], most_bytes: int) -> None:
        self.chunks: list[bytes] = []
        self.failure: Unstorable | None = None
        self.size_bytes = 0
        self._pack, self._most = pack, most_bytes

    def add(self, chunk: Any) -> None:
        """Keeps a chunk; stops after an unstorable chunk, or beyond the cap."""
        if self.failure is not None or self.size_bytes > self._most:
            return
        try:
            packed = self._pack(chunk)
        except Unstorable as failure:
            self.failure = failure
            self.chunks.clear()
            return
        self.size_bytes += len(packed)
        self.chunks.append(packed)
        if self.size_bytes > self._most:
            self.chunks.clear()


class Recording:
    """A stream of the model on its way to the caller. `done` is called once, with the recorder or, if aborted, None."""

    def __init__(self, source: Iterator[Any], recorder: Recorder, done: Callable[[Recorder | None], None]) -> None:
        self._source, self._recorder = source, recorder
        self._done: Callable[[Recorder | None], None] | None = done

    def __iter__(self) -> Recording:
        return self

    def __next__(self) -> Any:
        try:
            chunk = next(self._source)
        except StopIteration:
            self._finish(self._recorder)
            raise
        except BaseException:
            self._finish(None)
            raise
        self._recorder.add(chunk)
        return chunk

    def close(self) -> None:
        """Stops: the chunks so far are not stored."""
        self._finish(None)
        close = getattr(self._source, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the interpreter may be ending
            self._finish(None)

    def _finish(self, recorder: Recorder | None) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(recorder)


async def record(
    source: AsyncIterator[Any], recorder: Recorder, done: Callable[[Recorder | None], Awaitable[None]]
) -> AsyncIterator[Any]:
    """The same for an asynchronous stream."""
    whole = False
    try:
        async for chunk in source:
            recorder.add(chunk)
            yield chunk
        whole = True
    finally:
        close = getattr(source, "aclose", None) or getattr(source, "close", None)
        if not whole and close is not None:
            closing = close()
            if hasattr(closing, "__await__"):
                await closing
        await done(recorder if whole else None)


async def replay(chunks: list[Any]) -> AsyncIterator[Any]:
    """Chunks from the store as an asynchronous stream."""
    for chunk in chunks:
        yield chunk
