"""Numbers that are no intensities."""

from collections.abc import Sequence
from random import Random
from typing import Any

from ..draft import Draft
from .fault import WHERE, Fault, Maker, Must, Setting, raw, some

TOO_MUCH_MWH = 2e6


def written(kind: str, values: Sequence[Any], for_fuels: Sequence[Any] | None = None) -> Maker:
    """Puts one of the values in place of numbers; `for_fuels` are those for an API of generation by fuel."""

    def make(setting: Setting) -> Fault:
        choices = for_fuels if for_fuels is not None and setting.api.name == "eia" else values
        value, where = setting.rng.choice(choices), setting.rng.choice(WHERE)

        def draft(answer: Draft, rng: Random) -> None:
            for point in some(answer.points, where, rng):
                point.value = value
                point.honest = False

        alone = where == "all" or setting.one_point
        falls_back = value is None and setting.api.name == "neso"  # on what was expected
        must = Must.REFUSE if alone and not falls_back else Must.EITHER
        return Fault(kind, f"{value!r:.40} at {where}", draft=draft, must=must)

    return make


def true_text(setting: Setting) -> Fault:
    """The right number as text: it may be understood or not, but never as another one."""

    def draft(answer: Draft, rng: Random) -> None:
        for point in answer.points:
            if setting.api.name != "eia":
                point.value = str(point.written)

    return Fault("string", "the number as text", draft=draft)


def string(setting: Setting) -> Fault | None:
    return setting.rng.choice((true_text, STRINGS))(setting)


STRINGS = written(
    "string", ("n/a", "", "NaN", "12,5 g", "0x1F", " ", "1e3x", "-"), ("n/a", "", "NaN", "12,5", "1e3", " 5")
)

MAKERS: dict[str, Maker] = {
    "NaN": written("NaN", (float("nan"), raw("nan"), raw("-NaN"))),
    "Infinity": written("Infinity", (float("inf"), raw("1e999"), raw("Infinity"))),
    "-Infinity": written("-Infinity", (float("-inf"), raw("-1e999"))),
    "negative": written("negative", (-1, -0.01, -217.5, -1e9), (-1000, "-5000", -1e9)),
    "absurd": written(
        "absurd", (7000, 1e6, 1e300, 10**400, raw("9" * 5000)), (TOO_MUCH_MWH, 1e300, 10**400, "9999999999")
    ),
    "null": written("null", (None,)),
    "string": string,
    "boolean": written("boolean", (True, False)),
    "object for a number": written("object for a number", ({}, [], [217.0], {"value": 217.0})),
}
