"""Hides a resource's secrets in messages about the resource."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, Secret
from greenai_infra.policy.reach import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenai_infra.contracts.declared import DeclaredResource

HIDDEN = "[secret]"
SHORTEST_HIDDEN_IN_WORDS = 6


def without_secrets_of(resource: DeclaredResource, text: str) -> str:
    """The text with `[secret]` in place of each secret of the resource, and of each part of a secret document."""
    return without_secrets(text, secret_texts(resource.inputs) | secret_texts(resource.rendered))


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Returns the text with `[secret]` in place of each secret. A short secret is replaced only as a whole word.

    A password `p` occurs in many words, and hiding every p would reveal the password.
    """
    patterns = [
        re.escape(one) if len(one) >= SHORTEST_HIDDEN_IN_WORDS else rf"(?<!\w){re.escape(one)}(?!\w)"
        for one in sorted(secrets, key=lambda one: (-len(one), one))
    ]
    return re.sub("|".join(patterns), HIDDEN, text) if patterns else text


def secret_texts(value: Any, hidden: bool = False) -> set[str]:
    """Every text and number inside the secrets of a value, as text; names and values within a JSON text too."""
    if isinstance(value, Secret):
        return secret_texts(value.value, True)
    if isinstance(value, Mapping):
        names = set(map(str, value)) if hidden else set()
        return names | {text for item in value.values() for text in secret_texts(item, hidden)}
    if isinstance(value, list | tuple):
        return {text for item in value for text in secret_texts(item, hidden)}
    if not hidden or isinstance(value, bool) or value is None or value is UNKNOWN or not str(value):
        return set()
    return {str(value)} | secret_texts(parsed(value), True)
