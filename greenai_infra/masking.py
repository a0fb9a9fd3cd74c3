"""The secrets that this process sends to services, taken out of whatever is shown or logged."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from logging import LogRecord

MASK = "***"
LOGGERS = tuple(f"urllib3.{name}" for name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"))
"""What logs addresses with their parameters, or what a service has sent."""

_secrets: list[str] = []


def keep_secret(secrets: Iterable[str]) -> None:
    """Mask these from now on, also as they stand in an address, where some letters are escaped."""
    forms = {form for one in secrets if one for form in (one, quote(one, safe=""), quote_plus(one))}
    if not forms <= set(_secrets):
        _secrets[:] = sorted(forms.union(_secrets), key=len, reverse=True)
    import logging  # an answer from the cache needs none

    for name in LOGGERS:
        logging.getLogger(name).addFilter(_mask_record)  # once, however often it is added


def masked(text: str) -> str:
    """The text without the secrets. Mask before cutting: a part of a secret is not found."""
    for secret in _secrets:
        text = text.replace(secret, MASK)
    return text


def _mask_record(record: LogRecord) -> bool:
    """Change the record's text; never drops one."""
    record.msg, record.args = masked(record.getMessage()), ()
    if record.exc_info:
        import logging

        record.exc_text = masked(logging.Formatter().formatException(record.exc_info))
        record.exc_info = None
    return True
