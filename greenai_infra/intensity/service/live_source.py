"""A live source's description: its name, what it covers, the settings it needs, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.catalog.signals import Basis, Signal
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from greenai_infra.intensity.model.settings import Settings
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.cache import AnswerCache


class Setting(Struct, frozen=True):
    """A value that a user may set: the key in the file, and the variable. A secret is never shown."""

    key: str
    variable: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """How a live source is asked: as of now, for values of a given signal and basis, with a time limit per question.

    `detail` is what follows the name after `--source`, as 13 in neso:13; mostly empty.
    """

    as_of: datetime
    signal: Signal
    basis: Basis
    settings: Settings
    cache: AnswerCache | None
    total_timeout_s: float | None = None
    detail: str = ""


class LiveSource(Struct, frozen=True, kw_only=True):
    """The `SPEC` of a live source: what `greenai-infra sources` lists, and all else that is known without asking it.

    `meanings` are the signals and bases it answers in; empty if the settings `signal` and `basis` state them.
    `settings` may be set, `needs` are the keys of required settings, and `tables` are keys of the settings file that
    hold a table of texts. `probe` is a zone for a trial.
    `auto` asks sources by `rank`, the smallest first, each alone. `public` sources, which need no contract, come last
    and are asked together, each about the zones it covers: their class also has `uncovered(zone)`.
    `open` makes the source from complete settings; `takes_detail` if its name may be followed by `:DETAIL`.
    """

    name: str
    covers: str
    key: str
    forecast: str
    licence: str
    rank: int
    open: Callable[[Asking], IntensitySource]
    meanings: tuple[tuple[Signal, Basis], ...] = ()
    settings: tuple[Setting, ...] = ()
    needs: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    probe: str = ""
    public: bool = False
    takes_detail: bool = False

    def missing(self, settings: Settings) -> str:
        """Returns which settings are missing, "" if complete; only the first if all are missing. Never shows values."""
        unset = [settings.where(self.name, key) for key in self.needs if settings.get(self.name, key) is None]
        if len(unset) == len(self.needs):
            unset = unset[:1]
        return f"{' and '.join(unset)} {'is' if len(unset) == 1 else 'are'} not set" if unset else ""

    def lacks(self, signal: Signal, basis: Basis) -> str:
        """Why this source has no values of that meaning, "" if it has."""
        if (signal, basis) in self.meanings or not self.meanings:
            return ""
        return f"it knows {self.meaning}, not {signal} {basis}"

    @property
    def meaning(self) -> str:
        """Signal and basis as people read them."""
        return " or ".join(f"{signal} {basis}" for signal, basis in self.meanings) or "as you state"

    def meanings_in(self, settings: Settings) -> tuple[tuple[Signal, Basis], ...]:
        """Returns the source's meanings, or the meaning stated by the user. Raises InputError for unknown words."""
        if self.meanings:
            return self.meanings
        signal, basis = self.text(settings, "signal"), self.text(settings, "basis")
        for key, word, words in (("signal", signal, Signal), ("basis", basis, Basis)):
            if word not in list(words):
                raise InputError(f"{settings.where(self.name, key)} is '{word}'; it is {' or '.join(words)}")
        return ((Signal(signal), Basis(basis)),)

    def text(self, settings: Settings, key: str) -> str:
        """A setting's text, "" if it is not set."""
        return settings.get(self.name, key) or ""

    def url(self, settings: Settings, default: str = "", key: str = "base_url") -> str:
        """Its checked address: https only if a secret is sent there. Raises InputError."""
        keyed = any(setting.secret for setting in self.settings)
        url = settings.url(self.name, key, default, keyed=keyed)
        assert url is not None, f"{self.name}: open() was called without {key}"
        return url
