"""Whether an answer cache pays in energy, over one day.

    saved    = requests x hit rate x energy of a request                      each hit saves a whole request
    lookups  = requests x (lookup + embedding)                                hits and misses pay both
    standing = nodes x power (W) x 86,400 s                                   drawn with or without requests
    net      = saved - lookups - standing                                     negative: the cache costs energy
    break-even hit rate = (lookups + standing) / (requests x energy of a request)

Energies are J at the servers' wall, before PUE. The embodied emissions of the cache's hardware are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class CacheSaving:
    """What a cache saves in a day. Raises ValueError for impossible figures."""

    daily_requests: float
    hit_rate: float
    request_j: float
    lookup_j: float
    embedding_j: float = 0.0
    standing_w: float = 0.0

    def __post_init__(self) -> None:
        for name in ("daily_requests", "request_j"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a finite number above 0, not {value:g}")
        for name in ("lookup_j", "embedding_j", "standing_w"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be a finite number of 0 or more, not {value:g}")
        if not 0 <= self.hit_rate <= 1:
            raise ValueError(f"hit_rate must be between 0 and 1, not {self.hit_rate:g}")

    @property
    def saved_j(self) -> float:
        """Requests answered from the cache."""
        return self.daily_requests * self.hit_rate * self.request_j

    @property
    def lookups_j(self) -> float:
        """Energy of lookup and embedding of every request."""
        return self.daily_requests * (self.lookup_j + self.embedding_j)

    @property
    def standing_j(self) -> float:
        """Energy that the cache draws all day."""
        return self.standing_w * SECONDS_PER_DAY

    @property
    def net_j(self) -> float:
        """Net saving; negative where the cache costs more than it saves."""
        return self.saved_j - self.lookups_j - self.standing_j

    @property
    def breakeven_hit_rate(self) -> float | None:
        """The hit rate above which the cache saves; None where no hit rate saves."""
        rate = (self.lookups_j + self.standing_j) / (self.daily_requests * self.request_j)
        return rate if rate <= 1 else None
