"""Secrets in what a user, or whoever reads logs and caches, may see."""

import logging
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus

from .apis.base import SECRET, USER
from .apis.watttime import TOKEN
from .oracle import Finding, Wrong

SECRETS = tuple(
    {
        form
        for text in (SECRET, TOKEN, b64encode(f"{USER}:{SECRET}".encode()).decode())
        for form in (text, quote(text, safe=""), quote_plus(text), text[:-3])
    }
)
"""Secrets, as they stand in addresses too, and all but their last letters: a secret that is cut is one still."""


def leaks_in_words(said: Iterable[object]) -> list[Finding]:
    """Secrets in what a user might see of these."""
    text = " ".join(f"{one!r} {one}" for one in said)
    return [Finding(Wrong.LEAK, f"{secret} in {text:.300}") for secret in SECRETS if secret in text][:1]


def leaks_in_files(folder: Path) -> list[Finding]:
    """Secrets in the cache, in names or contents."""
    texts = [f"{path} {path.read_text(errors='replace')}" for path in folder.rglob("*") if path.is_file()]
    return [Finding(Wrong.LEAK, f"{secret} in a file") for text in texts for secret in SECRETS if secret in text][:1]


class Ears(logging.Handler):
    """Listens to every log record, and remembers those with a secret in them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard = 0
        self.findings: list[Finding] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard += 1
        text = self.format(record)
        self.findings += [Finding(Wrong.LEAK, f"in the log: {text}") for secret in SECRETS if secret in text][:1]
