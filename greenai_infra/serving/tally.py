"""The sums of a cache over a stretch of time: counts, seconds, joules, grams. Pure arithmetic.

    net energy  = saved - lookups - encoder - standing          J at the servers' wall, before PUE
    net carbon  = saved - spent                                 g CO2e: the same, hour by hour, x PUE x intensity

Saved is the energy of the calls that hits avoided. A hit whose answer was checked by running the model counts in
`shadow_checks`, not in `hits`: it avoided nothing. A missing figure counts as unknown, never as zero: it leaves `net_j`
None, or below the truth where only hits are unknown.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple, Self

from msgspec import Meta, Struct, field

Count = Annotated[int, Meta(ge=0, le=10**18)]
Amount = Annotated[float, Meta(ge=0, le=1e24)]


class Scope(NamedTuple):
    """The scope of requests: kind of cache, and model, version and tenant as shown ("other" if unlisted)."""

    cache: str
    model: str
    version: str
    tenant: str


class Tally(Struct, forbid_unknown_fields=True):
    """Sums. `*_without_j` count events of unknown energy; `standing_s` is the time with counted standing power.

    `placed_*_g` are grams of energy with known intensity; `unplaced_*_j` is the energy with unknown intensity.
    """

    hits: Count = 0
    misses: Count = 0
    calls: Count = 0
    waits: Count = 0
    stores: Count = 0
    shadow_checks: Count = 0
    encodings: Count = 0
    bypasses: dict[str, Count] = field(default_factory=dict)
    errors: dict[str, Count] = field(default_factory=dict)
    stored_bytes: Count = 0
    lookup_s: Amount = 0.0
    store_s: Amount = 0.0
    encoding_s: Amount = 0.0
    call_s: Amount = 0.0
    saved_j: Amount = 0.0
    hits_without_j: Count = 0
    lookup_j: Amount = 0.0
    lookups_without_j: Count = 0
    encoder_j: Amount = 0.0
    encodings_without_j: Count = 0
    standing_j: Amount = 0.0
    standing_s: Amount = 0.0
    placed_saved_g: Amount = 0.0
    placed_spent_g: Amount = 0.0
    unplaced_saved_j: Amount = 0.0
    unplaced_spent_j: Amount = 0.0

    def add(self, other: Tally) -> Self:
        """Adds another tally."""
        for name in self.__struct_fields__:
            mine, its = getattr(self, name), getattr(other, name)
            if isinstance(its, dict):
                for key, count in its.items():
                    mine[key] = mine.get(key, 0) + count
            else:
                setattr(self, name, mine + its)
        return self

    @property
    def lookups(self) -> int:
        """Requests that asked the store and had its answer, a hit or a miss."""
        return self.hits + self.shadow_checks + self.misses

    @property
    def hit_rate(self) -> float | None:
        """Hits per lookup, including shadow checks."""
        return (self.hits + self.shadow_checks) / self.lookups if self.lookups else None

    @property
    def j_per_avoided_call(self) -> float | None:
        """Mean energy of the calls that hits avoided, where known."""
        known = self.hits - self.hits_without_j
        return self.saved_j / known if known > 0 else None

    @property
    def spent_j(self) -> float | None:
        """The cache's energy; None if any part is not stated."""
        if self.lookups_without_j or self.encodings_without_j or not self.standing_s:
            return None
        return self.lookup_j + self.encoder_j + self.standing_j

    @property
    def net_j(self) -> float | None:
        """Negative where the cache costs more than it saves; a lower bound where `hits_without_j` is not 0."""
        spent = self.spent_j
        if spent is None or (self.hits and self.j_per_avoided_call is None):
            return None
        return self.saved_j - spent

    @property
    def net_g(self) -> float | None:
        """g CO2e; None while the energy or intensity of any part is unknown."""
        if self.net_j is None or self.unplaced_saved_j or self.unplaced_spent_j:
            return None
        return self.placed_saved_g - self.placed_spent_g

    @property
    def breakeven_hit_rate(self) -> float | None:
        """Hits per lookup above which the cache saves energy; above 1 where no hit rate pays. None if unknown."""
        j, spent = self.j_per_avoided_call, self.spent_j
        if j is None or spent is None or not self.lookups or j <= 0:
            return None
        return spent / (self.lookups * j)
