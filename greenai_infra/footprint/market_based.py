"""Market-based instruments (RECs, PPAs, offsets), found by their names: the SCI specification excludes them."""

from __future__ import annotations

import re

from greenai_infra.errors import InputError

_MARKET = re.compile(
    r"\b(recs?|eacs?|ppas?|rmus?|erus?|cers?|offsets?|(carbon|renewable) credits?|market based|guarantees? of origin|"
    r"renewable energy (certificates?|credits?)|power purchase agreements?|residual mix|carbon free|cfe|net zero|"
    r"100 ?% renewable|renewable (share|percent|fraction))\b"
)
_DENIED = re.compile(r"\b(no|not|non|without|excludes?|excluding|before)( any| the)?$")


def market_based(text: str) -> str:
    """The market-based instrument that a text names, or ""."""
    plain = re.sub(r"[\s_-]+", " ", text.casefold())
    for found in _MARKET.finditer(plain):
        if not _DENIED.search(plain[: found.start()].rstrip()):
            return found[0]
    return ""


def refuse_market_based(what: str, text: str) -> None:
    """Raises InputError if a text says that a figure is market-based."""
    if named := market_based(text):
        raise InputError(f"{what} '{text}': {market_words(named)}")


def market_words(named: str) -> str:
    """The message for a refused market-based instrument."""
    return (
        f"'{named}' is market-based; an SCI score excludes it (SCI 1.1.0, section Exclusions); state the grid's "
        "location-based intensity"
    )
