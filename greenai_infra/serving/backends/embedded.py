"""A Valkey of this process, which is what a cache without a URL has."""

from __future__ import annotations

from greenai_infra.errors import InputError
from greenai_infra.serving.backends import Backend, Place
from greenai_infra.serving.embedded import embedded_path

URL = "embedded://"


def _place(url: str) -> Place:

    if url != URL:
        raise InputError(f"the cache's URL can't be used: after {URL} nothing follows, as each process has one")
    return Place((embedded_path(), 0), "unix", revive=embedded_path)


SPEC = Backend(schemes=("embedded",), forms=f"{URL} (a Valkey of this process)", place=_place)
