"""Files of kept answers that are broken: they are discarded, and the service is asked."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from .fault import Fault, Maker, Must, Setting, raw


def bytes_of(content: bytes) -> Callable[[Path, Random], None]:
    return lambda path, rng: _write(path, content)


def cut(path: Path, rng: Random) -> None:
    whole = path.read_bytes()
    _write(path, whole[: rng.randrange(1, len(whole) - 1)])


def folder(path: Path, rng: Random) -> None:
    path.unlink()
    path.mkdir()


def stored(change: Callable[[dict[str, Any]], None]) -> Callable[[Path, Random], None]:
    """The same answer with something in it changed."""

    def write(path: Path, rng: Random) -> None:
        answer = json.loads(path.read_bytes())
        change(answer)
        _write(path, json.dumps(answer).replace(f'"{raw("1e999")}"', "1e999").encode())

    return write


def points(change: Callable[[list[Any]], list[Any]]) -> Callable[[Path, Random], None]:
    return stored(lambda answer: answer.update(points=[change(point) for point in answer["points"]]))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


WAYS: dict[str, Callable[[Path, Random], None]] = {
    "empty": bytes_of(b""),
    "zeros": bytes_of(b"\x00" * 512),
    "no UTF-8": bytes_of(b"\xff\xfe{}"),
    "not an object": bytes_of(b"[]"),
    "deep": bytes_of(b"[" * 100_000),
    "cut": cut,
    "a folder": folder,
    "another version": stored(lambda answer: answer.update(version=99)),
    "no version": stored(lambda answer: answer.pop("version")),
    "no points": stored(lambda answer: answer.update(points=[])),
    "unknown flag": stored(lambda answer: answer.update(flags=["nice"])),
    "unknown step": stored(lambda answer: answer.update(step_s=420)),
    "step as text": stored(lambda answer: answer.update(step_s="3600")),
    "fetched nobody knows when": stored(lambda answer: answer.update(fetched_at="2026-03-10T12:00:00")),
    "fetched tomorrow": stored(lambda answer: answer.update(fetched_at="2199-01-01T00:00:00Z")),
    "negative": points(lambda point: [point[0], -1]),
    "NaN": points(lambda point: [point[0], float("nan")]),
    "infinite": points(lambda point: [point[0], raw("1e999")]),
    "at no time": points(lambda point: [float("nan"), point[1]]),
    "at the end of time": points(lambda point: [raw("1e999"), point[1]]),
    "in the year 33658": points(lambda point: [1e12, point[1]]),
    "before Christ": points(lambda point: [-1e11, point[1]]),
    "points upside down": points(lambda point: {"start": point[0]}),  # type: ignore[arg-type,return-value]
}


def broken(setting: Setting) -> Fault:
    name = setting.rng.choice(sorted(WAYS))
    return Fault("broken cache file", name, cache=WAYS[name], must=Must.ANSWER)


MAKERS: dict[str, Maker] = {"broken cache file": broken}
