"""The key of a request: equal only for requests that a model can't tell apart.

A key is `answers:1:TENANT:MODEL:VERSION:DIGEST`. DIGEST is the SHA-256 of a canonical encoding (MessagePack: each value
with its type and length, keys of maps sorted) of tenant, model, version, prompt and all parameters. No text in a prompt
can end a field early, so a prompt can't imitate another tenant, model or parameter. TENANT, MODEL and VERSION are the
first 48 bits of their SHA-256; they only serve to find entries again (purge), the digest keeps requests apart.

| | |
| --- | --- |
| normalised | text in the prompt: Unicode NFC (`é` in one or two code points), line ends (CRLF and CR become LF) |
| kept apart | letter case, spaces, order of messages; `1`, `1.0`, `True`, `"1"`; `0.0`, `-0.0`; `None` and absent |
| the same | order of parameters and of the keys of a map, list and tuple (both are one JSON array) |
| refused | what is not JSON-like or bytes, NaN and infinity, keys of a map that are no text |
"""

from __future__ import annotations

import math
import unicodedata
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

ROOT = "answers:1"
_PART_HEX = 12
_INTEGER, _TEXT = 1, 2
"""Extension types of MessagePack: integers beyond 64 bits, text that is not valid Unicode."""

_pack = msgspec.msgpack.Encoder(order="sorted").encode


class Key(NamedTuple):
    """The name of an answer in the store, and the digest that the stored value is bound to."""

    name: bytes
    digest: bytes


def normalise(text: str) -> str:
    """Unicode NFC, and line ends as LF. Nothing more: a model may answer `A` and `a` differently."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def part(value: str | None) -> str:
    """A tenant, model or version in the form used in keys."""
    return sha256(_pack(value)).hexdigest()[:_PART_HEX]


def prefix(tenant: str | None, model: str | None = None, version: str | None = None) -> str:
    """The prefix of the keys of a tenant, of a model of the tenant, or of a version of the model."""
    parts = [part(tenant), *(part(one) for one in (model, version) if one is not None)]
    return ":".join([ROOT, *parts, ""])


class Keys:
    """Keys of the requests of a tenant to a version of a model."""

    def __init__(
        self,
        tenant: str | None,
        model: str,
        version: str,
        *,
        ignore: Collection[str] = (),
        normalise: Callable[[str], str] = normalise,
    ) -> None:
        self._prefix = prefix(tenant, model, version).encode()
        self._scope = _pack([ROOT, tenant, model, version])
        self._ignore, self._normalise = frozenset(ignore), normalise

    def key(self, prompt: Any, parameters: dict[str, Any]) -> Key:
        """The key of a request. Raises InputError, naming the parameter, if it can't be part of a key."""
        if self._ignore:
            parameters = {name: value for name, value in parameters.items() if name not in self._ignore}
        try:
            packed = self._packed(prompt, parameters)
        except RecursionError:
            raise InputError("the prompt or a parameter is nested too deeply for a key, or contains itself") from None
        digest = sha256(self._scope + packed)
        return Key(self._prefix + digest.hexdigest().encode(), digest.digest())

    def _packed(self, prompt: Any, parameters: dict[str, Any]) -> bytes:
        simple = type(prompt) is str
        prompt = self._normalise(prompt) if simple else _canonical(prompt, "the prompt", self._normalise)
        plain = {
            name: value if type(value) in _SIMPLE else _canonical(value, f"parameter {name}")
            for name, value in parameters.items()
        }
        try:
            return _pack((prompt, plain))
        except (UnicodeEncodeError, OverflowError):
            return _pack((_extended(prompt), _extended(plain)))


_SIMPLE = frozenset({str, int, bool, type(None), bytes})


def _canonical(value: Any, name: str, text: Callable[[str], str] = str) -> Any:
    """The value as lists, maps and scalars; `text` is applied to texts, not to the keys of maps."""
    kind = type(value)
    if kind is str:
        return text(value)
    if kind in _SIMPLE:
        return value
    if kind is float:
        if not math.isfinite(value):
            raise InputError(f"{name} is {value}: a key can't contain it: it does not equal itself, or JSON lacks it")
        return value
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise InputError(f"{name} has the key {key!r}; expected is text")
        return {key: _canonical(item, f"{name}[{key!r}]", text) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_canonical(item, name, text) for item in value]
    raise InputError(
        f"{name} is a {kind.__module__}.{kind.__qualname__}, which can't be part of a key; pass text, numbers, bytes, "
        "lists and maps of them, or name the parameter in ignore=[...] if answers don't depend on it"
    )


def _extended(value: Any) -> Any:
    """The value with extension types for what MessagePack lacks (lone surrogates, large integers)."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return msgspec.msgpack.Ext(_TEXT, value.encode("utf-8", "surrogatepass"))
        return value
    if type(value) is int and not -(2**63) <= value < 2**64:
        return msgspec.msgpack.Ext(_INTEGER, b"%d" % value)
    if isinstance(value, dict):
        # A key that is not valid Unicode can't be a key of MessagePack's maps that are sorted: pairs, in order.
        pairs = sorted((key.encode("utf-8", "surrogatepass"), _extended(item)) for key, item in value.items())
        return msgspec.msgpack.Ext(3, _pack(pairs))
    if isinstance(value, list | tuple):
        return [_extended(item) for item in value]
    return value
