"""Schema drift: keys renamed, gone, new or nested, lists for objects; and the choice of where in the JSON value."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from .fault import Fault, Maker, Must, Setting

SURPRISES: tuple[Any, ...] = (
    None,
    "sandbox",
    "NaN",
    [],
    {},
    [[]],
    {"zone": "DE", "value": 1},
    "x" * 10_000,
    10**30,
    True,
    "é\u202e\x00",
)
"""No small number, which might be an intensity."""


def drift(kind: str, change: Callable[[dict[str, Any], str, Random], None], must: Must = Must.EITHER) -> Maker:
    """Changes one key of the answer, in one object or in every object that has it."""

    def make(setting: Setting) -> Fault:
        everywhere = setting.rng.random() < 0.5
        chosen = setting.rng.random()

        def tree(answer: Any, rng: Random) -> Any:
            objects = [one for one in _objects(answer) if one]
            keys = sorted({key for one in objects for key in one})
            if not keys:
                return answer
            key = keys[int(chosen * len(keys))]
            holders = [one for one in objects if key in one]
            for one in holders if everywhere else [rng.choice(holders)]:
                change(one, key, rng)
            return answer

        where = "everywhere" if everywhere else "once"
        return Fault(kind, f"key at {chosen:.3f} of all, {where}", tree=tree, must=must)

    return make


def top(setting: Setting) -> Fault:
    """The whole answer is something else, or one level deeper or higher."""
    how = setting.rng.choice(("in a list", "twice in a list", "nested", "its values only", "as text", "null", "number"))

    def tree(answer: Any, rng: Random) -> Any:
        return {
            "in a list": [answer],
            "twice in a list": [answer, answer],
            "nested": {"data": answer, "result": answer},
            "its values only": list(answer.values()) if isinstance(answer, dict) else dict(enumerate(answer)),
            "as text": str(answer),
            "null": None,
            "number": 217,
        }[how]

    return Fault("array for object", f"the whole {how}", tree=tree)


def _rename(holder: dict[str, Any], key: str, rng: Random) -> None:
    holder[rng.choice((key.upper(), f"{key}_v2", f" {key}", key[::-1] + "x"))] = holder.pop(key)


def _remove(holder: dict[str, Any], key: str, rng: Random) -> None:
    del holder[key]


def _add(holder: dict[str, Any], key: str, rng: Random) -> None:
    holder["somethingNew"] = rng.choice(SURPRISES)


def _nest(holder: dict[str, Any], key: str, rng: Random) -> None:
    holder[key] = {rng.choice((key, "value", "$")): holder[key]}


def _list(holder: dict[str, Any], key: str, rng: Random) -> None:
    holder[key] = rng.choice(([holder[key]], [holder[key]] * 2, [[holder[key]]]))


def _replace(holder: dict[str, Any], key: str, rng: Random) -> None:
    holder[key] = rng.choice(SURPRISES)


def array(setting: Setting) -> Fault | None:
    return setting.rng.choice((top, LISTS))(setting)


LISTS = drift("array for object", _list)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(one)


MAKERS: dict[str, Maker] = {
    "key renamed": drift("key renamed", _rename),
    "key missing": drift("key missing", _remove),
    "key added": drift("key added", _add, Must.ANSWER),
    "key nested": drift("key nested", _nest),
    "value of another type": drift("value of another type", _replace),
    "array for object": array,
}
