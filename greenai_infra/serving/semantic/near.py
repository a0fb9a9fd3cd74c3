"""From a request that the exact cache does not know to the answer of a question that asks the same.

Questions of the same words are looked up by these; the index names those nearest in meaning. The guard decides by words
and structure whether one of them asks the same; the error budget decides whether the guard's word is taken for this
kind of evidence. What is found is then read under the key of *its* question with all else of *this* request, so that no
answer of another tenant, model, parameter or conversation can come back, whatever an index or journal says.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from greenai_infra.serving.events import StoreError
from greenai_infra.serving.flight import Later
from greenai_infra.serving.semantic.calibration import cell_of
from greenai_infra.serving.semantic.encoder import unit
from greenai_infra.serving.semantic.entries import MOST_CHARACTERS, Entry
from greenai_infra.serving.semantic.guard import compare, read, read_lately
from greenai_infra.serving.values import STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from greenai_infra.serving.keys import Key, Keys
    from greenai_infra.serving.semantic.budget import Budget
    from greenai_infra.serving.semantic.encoder import Encoder
    from greenai_infra.serving.semantic.entries import Entries, Near
    from greenai_infra.serving.semantic.journal import Journal
    from greenai_infra.serving.semantic.reading import Reading
    from greenai_infra.serving.steps import Found, Rules, Steps
    from greenai_infra.serving.streams import Recorder

LOG = logging.getLogger("greenai_infra.serving")
CANDIDATES = 4
"""Questions that the guard looks at."""
QUICK_S = 0.0005
"""An encoder that takes no longer on average is asked before the store, which then is asked once."""
_unpack = msgspec.msgpack.Decoder().decode


@dataclass(slots=True)
class Request:
    """A request whose question may be asked in other words."""

    prompt: Any
    parameters: dict[str, Any]
    question: str
    scope: bytes
    vector: NDArray[np.float32]
    candidate: Found | None = None
    """The stored answer of an equivalent question that was not served: compared with the model's."""
    cell: int = 0
    reading: Reading | None = None


class Batches:
    """One encoder for many threads: who waits for it is encoded together with the others who do."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.renew()

    def renew(self) -> None:
        """Forget who waits, and who holds a lock: in a fork, threads of the parent."""
        self._waiting: list[list[Any]] = []
        self._queue, self._turn = threading.Lock(), threading.Lock()

    def __call__(self, text: str) -> NDArray[np.float32]:
        """The unit vector of a text, shape (d,)."""
        if not self._waiting and self._turn.acquire(blocking=False):
            try:
                alone: NDArray[np.float32] = unit(np.asarray(self._encoder([text]), dtype=np.float32))[0]
                return alone
            finally:
                self._turn.release()
        mine: list[Any] = [text, None]
        with self._queue:
            self._waiting.append(mine)
        with self._turn:
            if mine[1] is None:
                with self._queue:
                    batch, self._waiting = self._waiting, []
                try:
                    vectors = unit(np.asarray(self._encoder([text for text, _ in batch]), dtype=np.float32))
                    for slot, vector in zip(batch, vectors, strict=True):
                        slot[1] = vector
                except Exception as error:
                    for slot in batch:
                        slot[1] = error
                    raise
        if isinstance(mine[1], Exception):
            raise mine[1]
        found: NDArray[np.float32] = mine[1]
        return found


class Nearness:
    """The semantic step of one cache."""

    def __init__(
        self,
        keys: Keys,
        entries: Entries,
        journal: Journal,
        budget: Budget,
        encode: Callable[[str], NDArray[np.float32]],
        same_answer: Callable[[Any, Any], bool],
        veto: Callable[[str, str], bool] | None = None,
        *,
        is_quick: bool = True,
        one_node: bool = True,
    ) -> None:
        """`veto(question, other)`: whether a second encoder finds them too far apart. `is_quick`: 0.1 ms a text.

        `one_node`: two keys can be read with one command, which in a cluster they can't.
        """
        self.is_quick, self._one_node = is_quick and veto is None, one_node
        self._encoder_s = 0.0 if is_quick else math.inf
        self._keys, self._entries, self._journal, self._budget = keys, entries, journal, budget
        self._encode, self._same, self._veto = encode, same_answer, veto
        self._warned = False

    def request(self, prompt: Any, parameters: dict[str, Any], encoded: Callable[[float], None]) -> Request | None:
        """The request's question, scope and vector; None where there is no question, or the encoder fails."""
        question = question_of(prompt)
        if question is None:
            return None
        began = time.perf_counter()
        try:
            vector = self._encode(question)
            if vector.shape != (self._entries.ndim,) or not math.isfinite(length := float(vector @ vector)):
                raise ValueError(f"vectors of shape {vector.shape} or not finite; ({self._entries.ndim},) is expected")
        except Exception as error:  # noqa: BLE001  the model answers
            if not self._warned:
                self._warned = True
                LOG.warning("the encoder fails, and only the exact cache works: %s: %s", type(error).__name__, error)
            return None
        took_s = time.perf_counter() - began
        self._encoder_s = took_s if self._encoder_s == math.inf else 0.9 * self._encoder_s + 0.1 * took_s
        encoded(took_s)
        if not length:
            return None
        scope = self._keys.key(["scope of", _with(prompt, None)], parameters).digest
        return Request(prompt, parameters, question, scope, vector)

    def goes_first(self, key: Key) -> bool:
        """Whether the index is asked before the store: it does not know the request, and to encode costs little."""
        return self._one_node and self._encoder_s < QUICK_S and key.digest not in self._entries

    def look(self, request: Request, rules: Rules, now_ms: int, exact: Key | None = None) -> Steps:
        """The answer of a question that asks the same, if it may be served. One that may not is kept in `request`.

        The answer to the request itself, under the key `exact`, goes before; it is asked for with the same command.
        """
        request.reading = asked = read_lately(request.question)
        for near in self._candidates(request, asked, now_ms):
            evidence = compare(asked, self._entries.reading(near))
            if evidence is None or (self._veto is not None and self._veto(request.question, near.question)):
                continue
            key = self._keys.key(_with(request.prompt, near.question), request.parameters)
            found = None
            if key.digest == near.digest and exact is not None:
                reply = yield (b"MGET", exact.name, key.name)
                own, other = reply if isinstance(reply, list) and len(reply) == 2 else (None, None)
                if (found := rules.read(exact, own, now_ms)) is not None:
                    return found
                found, exact = rules.read(key, other, now_ms), None
            elif key.digest == near.digest:
                found = rules.read(key, (yield (b"GET", key.name)), now_ms)
            if found is None:
                self._entries.drop(near.digest)
                continue
            cell = cell_of(evidence, near.similarity)
            if self._budget.serves(cell):
                return found
            request.candidate, request.cell = found, cell
            return None
        return None if exact is None else rules.read(exact, (yield (b"GET", exact.name)), now_ms)

    def _candidates(self, request: Request, asked: Reading, now_ms: int) -> Iterator[Near]:
        """Questions that may ask the same: those of the same words, and if none of them will do the nearest others."""
        alike = self._entries.alike(request.scope, asked, request.vector, now_ms)
        yield from alike
        tried = {near.number for near in alike}
        for near in self._entries.nearest(request.scope, request.vector, CANDIDATES, now_ms):
            if near.number not in tried:
                yield near

    def answered(self, request: Request, answer: Any) -> None:
        """The model has answered what an equivalent question's answer was kept back for: is it the same?"""
        if request.candidate is None:
            return
        kept, request.candidate = request.candidate.answer, None
        try:
            same = bool(self._same(kept, answer))
        except Exception as error:  # noqa: BLE001  the caller has its answer
            LOG.warning("same_answer fails: %s: %s", type(error).__name__, error)
            return
        self._budget.record(request.cell, same)

    def streamed(self, request: Request, recorder: Recorder | None, rules: Rules) -> None:
        """The same for a stream that was read to its end: its chunks."""
        if request.candidate is None or recorder is None or recorder.failure is not None or not recorder.chunks:
            return
        if request.candidate.kind == STREAM:
            chunks = [_unpack(chunk) for chunk in recorder.chunks]
            with contextlib.suppress(Exception):
                self.answered(request, chunks if rules.from_json is None else [rules.from_json(one) for one in chunks])

    def stored(self, key: Key, request: Request, expires_ms: int) -> Steps:
        """The model's answer is in the store: from now on it answers what asks the same, in all workers."""
        entry = Entry(request.scope, request.question, expires_ms)
        line = self._journal.line(key.digest, entry, request.vector)
        self._entries.add(key.digest, entry, request.vector, request.reading or read(request.question))
        try:
            yield line
        except StoreError:
            yield Later(line)


def question_of(prompt: Any) -> str | None:
    """The text that may be asked in other words: a text prompt, or the last message of a conversation if a user's."""
    last = prompt[-1] if isinstance(prompt, list | tuple) and prompt else None
    if isinstance(last, dict) and last.get("role") == "user":
        prompt = last.get("content")
    return prompt if isinstance(prompt, str) and 0 < len(prompt) <= MOST_CHARACTERS else None


def _with(prompt: Any, question: str | None) -> Any:
    """The prompt with another question."""
    return question if isinstance(prompt, str) else [*prompt[:-1], {**prompt[-1], "content": question}]
