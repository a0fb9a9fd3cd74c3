"""Facts as Google Cloud labels, and back.

A label value holds a-z, 0-9, `_` and `-`, up to 63 characters, so a figure and a time need another form there:

    20.4                    20_4
    2025-01-01T00:00:00Z    2025-01-01t00-00-00z

Both come back without loss (`number_of_label`, `time_of_label`). Any other text is only made readable: lower case, and
hyphens for what a label can't hold. Source: Google Cloud, "Requirements for labels".
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from greenai_infra.clock import parse_time
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

LONGEST = 63
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_LABEL_NUMBER = re.compile(r"-?\d+(_\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_LABEL_TIME = re.compile(r"(\d{4}-\d\d-\d\d)t(\d\d)-(\d\d)-(\d\d)z")


def label_value(text: str) -> str:
    """A fact as a label's value; a figure or a time keeps all it says, other text may lose case and signs."""
    if _NUMBER.fullmatch(text):
        return text.replace(".", "_")
    if _TIME.fullmatch(text):
        return text.lower().replace(":", "-")
    return _slug(text)


def label_key(text: str) -> str:
    """Returns a label's key. Raises ValueError for text that does not begin with a letter, to keep keys distinct."""
    key = _slug(text)
    if not key[:1].isalpha():
        raise ValueError(f"'{text}' can't be the key of a Google Cloud label: it must begin with a letter")
    return key


def number_of_label(value: str) -> float:
    """The figure behind `20_4`. Raises ValueError unless it is a number."""
    if not _LABEL_NUMBER.fullmatch(value):
        raise ValueError(f"label value '{value}' is no figure as `label_value` writes it, such as 20_4")
    return float(value.replace("_", "."))


def time_of_label(value: str) -> datetime:
    """The time behind `2025-01-01t00-00-00z`. Raises ValueError unless it is a time."""
    match = _LABEL_TIME.fullmatch(value)
    if match is None:
        raise ValueError(f"label value '{value}' is no time as `label_value` writes it, such as 2025-01-01t00-00-00z")
    try:
        return parse_time(f"{match[1]}T{match[2]}:{match[3]}:{match[4]}Z")
    except InputError as error:
        raise ValueError(str(error)) from None


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:LONGEST].rstrip("-")
