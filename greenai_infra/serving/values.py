"""The format of an answer in the store, and what is refused on reading. Nothing is ever unpickled.

    byte 0       format (1)
    byte 1       kind: 0 an answer, 1 the chunks of a stream
    bytes 2-9    when it expires, ms of the server's clock, unsigned, big-endian; 0: not known
    bytes 10-25  tag: BLAKE2b of the bytes before it, the request's digest and the payload, keyed by `signing_key`
    bytes 26-    payload: MessagePack

The tag binds the value to its key: a value that was changed, cut or copied from another key is refused. Without a
signing key, anybody with write access to the store can compute the tag; with a signing key, only holders of the key.
"""

from __future__ import annotations

import struct
from hashlib import blake2b, sha256
from hmac import compare_digest
from typing import Any, Literal

import msgspec

from greenai_infra.serving.events import ValueRefused

Kind = Literal[0, 1]
ANSWER: Kind = 0
STREAM: Kind = 1
_FORMAT = 1
_HEAD = struct.Struct(">BBQ")
_HEAD_BYTES = _HEAD.size
_TAG_BYTES = 16
HEADER_BYTES = _HEAD_BYTES + _TAG_BYTES
_EXPIRY_TOLERANCE_MS = 1000
"""The server removes entries by its clock; this check catches entries that it kept (PERSIST, a restore)."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode
_SCALARS = frozenset({str, bytes, int, float, bool, type(None)})


class Unstorable(Exception):
    """An answer that would not come back unchanged: its type is not JSON-like, or its text is not valid Unicode."""


class Codec:
    """Encodes and decodes values, optionally with a key for their tags."""

    def __init__(self, signing_key: bytes | None = None) -> None:
        self._key = sha256(signing_key).digest() if signing_key else b""

    def encode(self, digest: bytes, payload: bytes, kind: Kind, expires_ms: int) -> bytes:
        """The stored value for the request with that digest."""
        head = _HEAD.pack(_FORMAT, kind, expires_ms)
        return head + self._tag(head, digest, payload) + payload

    def decode(self, digest: bytes, value: Any, now_ms: int) -> tuple[Kind, Any]:
        """Kind and answer (for a stream the list of its chunks). Raises ValueRefused for values not made by `encode`.

        `now_ms` is the server's time, 0 if unknown.
        """
        if type(value) is not bytes or len(value) <= HEADER_BYTES:
            raise ValueRefused("not a value of this cache")
        head = value[:_HEAD_BYTES]
        payload = value[HEADER_BYTES:]
        written, kind, expires_ms = _HEAD.unpack(head)
        if written != _FORMAT or kind > STREAM:
            raise ValueRefused("a value of another format")
        if not compare_digest(self._tag(head, digest, payload), value[_HEAD_BYTES:HEADER_BYTES]):
            raise ValueRefused("changed, or of another key")
        if now_ms and expires_ms and now_ms > expires_ms + _EXPIRY_TOLERANCE_MS:
            raise ValueRefused("expired")
        try:
            answer = _unpack(payload)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise ValueRefused("payload can't be decoded") from None
        if kind == STREAM and type(answer) is not list:
            raise ValueRefused("a stream without chunks")
        return kind, answer

    def _tag(self, head: bytes, digest: bytes, payload: bytes) -> bytes:
        tag = blake2b(head + digest, digest_size=_TAG_BYTES, key=self._key)
        tag.update(payload)
        return tag.digest()


def pack(answer: Any) -> bytes:
    """The payload of an answer: text, bytes, numbers, flags, None, and lists and maps of them.

    Raises Unstorable for values that would come back changed: a tuple, a subclass, an object.
    """
    try:
        _check_plain(answer)
        return _pack(answer)
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise Unstorable(f"{type(error).__name__}: {error}") from None


def pack_stream(chunks: list[bytes]) -> bytes:
    """The payload of a stream, from its packed chunks."""
    return _pack([msgspec.Raw(chunk) for chunk in chunks])


def _check_plain(value: Any) -> None:
    kind = type(value)
    if kind in _SCALARS:
        return
    if kind is list:
        for item in value:
            _check_plain(item)
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise Unstorable(f"a map with the key {key!r}")
            _check_plain(item)
    else:
        raise Unstorable(f"{kind.__module__}.{kind.__qualname__}")
