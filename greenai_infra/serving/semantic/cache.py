"""`SemanticCache`: an InferenceCache that also answers what asks the same in other words.

    from greenai_infra import SemanticCache

    cache = SemanticCache(ask_model, model="llama-3.1-8b", version="2026-05", calibration="calibration.json")
    cache("How do I reset my password?")               # asks the model
    cache("Could you tell me how to reset my password?")    # comes from the store

`greenai-infra cache calibrate PAIRS.csv --out calibration.json` makes the calibration from questions like yours.
Without one the cache serves equal requests only, and learns from checks what it may serve (`semantic.budget`).
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from greenai_infra.errors import InputError
from greenai_infra.serving.cache import InferenceCache, open_store
from greenai_infra.serving.events import StoreError
from greenai_infra.serving.keys import prefix
from greenai_infra.serving.semantic import snapshot
from greenai_infra.serving.semantic.budget import CHECKED_SHARE, Budget
from greenai_infra.serving.semantic.calibration import Calibration, check_rate, encoder_name
from greenai_infra.serving.semantic.calibration_files import read_calibration
from greenai_infra.serving.semantic.encoder import StaticEncoder, static_encoder, unit
from greenai_infra.serving.semantic.entries import Entries
from greenai_infra.serving.semantic.journal import BACKGROUND_S, Journal
from greenai_infra.serving.semantic.near import LOG, Batches, Nearness

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.serving.place import Where
    from greenai_infra.serving.semantic.encoder import Encoder

MOST_ENTRIES = 200_000
READ_EVERY_S = 0.1
TEND_EVERY_S = 5.0
READ_AHEAD = 20
"""Questions of a snapshot that are read at a time, every READ_EVERY_S."""
SECOND_SIMILARITY = 0.85


class SemanticCache(InferenceCache):
    """As InferenceCache, with these arguments more; what is found in other words is a hit like any other.

    encoder: from texts to a float32 array of shape (n, d); by default static word vectors (`semantic.encoder`).
    calibration: a file of `greenai-infra cache calibrate`, or a Calibration; None: nothing is known yet.
    max_false_hit_rate: the share of wrong answers that you accept. A cell without enough evidence for it is not served.
    same_answer: `same_answer(stored, answer)` compares two answers in a check; by default they are the same if they
        differ only in case, spaces and punctuation, which sampled text often does: give your own for such.
    checked_share: of what may be served, the share that is checked against the model instead.
    second_encoder, second_similarity: a slower encoder that only questions pass which the guard has found equivalent;
        refused below that cosine.
    folder: where the index is kept between restarts; None keeps it nowhere, and it is built again beside the requests.
    max_entries: questions that the index holds at most; the oldest go.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        *,
        model: str,
        version: str,
        tenant: str | None = None,
        url: Where = None,
        encoder: Encoder | None = None,
        calibration: Calibration | str | os.PathLike[str] | None = None,
        max_false_hit_rate: float = 0.01,
        same_answer: Callable[[Any, Any], bool] | None = None,
        checked_share: float = CHECKED_SHARE,
        second_encoder: Encoder | None = None,
        second_similarity: float = SECOND_SIMILARITY,
        folder: str | os.PathLike[str] | None = None,
        max_entries: int = MOST_ENTRIES,
        **exact: Any,
    ) -> None:
        """Raises InputError for an argument that can't be used, GreenAIError where an extra is missing."""
        check_rate(max_false_hit_rate)
        if not 0 <= checked_share <= 1:
            raise InputError(f"checked_share is {checked_share}; it is a share between 0 and 1")
        if max_entries < 1:
            raise InputError(f"max_entries is {max_entries}, where at least 1 is expected")
        used = static_encoder() if encoder is None else encoder
        name = encoder_name(used)
        if calibration is not None and not isinstance(calibration, Calibration):
            calibration = read_calibration(Path(calibration), used)
        super().__init__(call, model=model, version=version, tenant=tenant, url=url, **exact)
        root = prefix(tenant, model, version).encode()
        ndim = int(np.asarray(used(["ndim"])).shape[-1])
        opened = calibration.open_cells(max_false_hit_rate) if calibration is not None else 0
        self.entries = Entries(ndim, max_entries)
        self.journal = Journal(root + b"journal", self.entries, max_entries)
        self.budget = Budget(root + b"checks", max_false_hit_rate, opened, checked_share=checked_share)
        self._batches = Batches(used)
        self._rules.nearness = Nearness(
            self._rules.keys, self.entries, self.journal, self.budget, self._batches,
            same_answer or alike, _veto(second_encoder, second_similarity), is_quick=isinstance(used, StaticEncoder),
            one_node=not self.store.place.cluster,
        )  # fmt: skip
        self._made_for = [name, root.decode()]
        self._file = None if folder is None else Path(folder) / f"{root.decode().replace(':', '-')}index"
        self.snapshot_errors = 0
        self._store = open_store(url, BACKGROUND_S)
        self._end = threading.Event()
        self._start()

    def __call__(self, prompt: Any, /, **parameters: Any) -> Any:
        """The answer, from the store or of the model. Raises what InferenceCache raises."""
        self._follow()
        return super().__call__(prompt, **parameters)

    def get(self, prompt: Any, /, **parameters: Any) -> Any:
        """The stored answer to the same question in any words, or None. Never asks the model."""
        self._follow()
        return super().get(prompt, **parameters)

    def put(self, prompt: Any, answer: Any, /, **parameters: Any) -> Any:
        """Store an answer for the request. True if it was stored."""
        self._follow()
        return super().put(prompt, answer, **parameters)

    def close(self) -> Any:
        """Keep the index on disk, if there is a folder, and close the connections."""
        if not self._end.is_set():
            self._end.set()
            self._thread.join(BACKGROUND_S)
            self.save()
            self._store.close()
        return super().close()

    def save(self) -> bool:
        """Write the index to the folder; whether it was. One that can't be written is counted, the older one stays."""
        if self._file is None:
            return False
        try:
            snapshot.save(self._file, self.entries, self.journal.position, self._made_for)
        except OSError as error:
            self.snapshot_errors += 1
            LOG.warning("the index can't be written to %s: %s", self._file, error.strerror)
            return False
        return True

    def catch_up(self) -> None:
        """Read what other workers have stored so far. They do so by themselves, ten times a second."""
        while self.journal.read(self._store):
            pass

    def _follow(self) -> None:
        """A fork has no threads of its parent, and perhaps locks that one of them held."""
        if self._pid != os.getpid():
            for held in (self.entries, self.journal, self.budget, self._batches):
                held.renew()
            self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._tend, name="cache-index", daemon=True)
        self._thread.start()

    def _tend(self) -> None:
        """Beside the requests: read the journal, let entries expire, exchange the counts of checks."""
        position = None if self._file is None or len(self.entries) else self._restored()
        if position is not None:
            self.journal.position = position
        due_s = 0.0
        while not self._end.is_set():
            try:
                if time.monotonic() >= due_s:
                    due_s = time.monotonic() + TEND_EVERY_S
                    self.journal.look_for_gap(self._store)
                    self.journal.keep_for(self._store, self._rules.ttl_ms)
                    self.budget.exchange(self._store, BACKGROUND_S)
                    now_ms = self._store.now_ms()
                    if now_ms:
                        self.entries.expire(now_ms)
                self.entries.read_ahead(READ_AHEAD)
                if self.journal.read(self._store):
                    continue
            except StoreError as error:
                LOG.debug("the semantic index waits for the store: %s", error)
            except Exception:  # noqa: BLE001  a store that answers nonsense must not end the thread
                LOG.warning("the semantic index can't follow its journal", exc_info=True)
                self._end.wait(TEND_EVERY_S)
            self._end.wait(READ_EVERY_S)

    def _restored(self) -> bytes | None:
        assert self._file is not None
        return snapshot.load(self._file, self.entries, self._made_for)


def alike(stored: Any, answer: Any) -> bool:
    """Whether two answers are the same but for case, spaces and punctuation; a stream is its chunks joined."""
    return bool(_plain(stored) == _plain(answer))


def _plain(answer: Any) -> Any:
    if isinstance(answer, list) and all(isinstance(chunk, str) for chunk in answer):
        answer = "".join(answer)
    if isinstance(answer, str):
        return " ".join("".join(c if c.isalnum() else " " for c in answer.casefold()).split())
    return answer


def _veto(encoder: Encoder | None, least: float) -> Callable[[str, str], bool] | None:
    if encoder is None:
        return None

    def too_far(question: str, other: str) -> bool:
        one, two = unit(np.asarray(encoder([question, other]), dtype=np.float32))
        return float(one @ two) < least

    return too_far
