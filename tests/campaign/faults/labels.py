"""Answers about something else: another place, unit, signal or basis; made up, estimated, or empty."""

from random import Random

from greenai_infra.intensity.model.values import Basis, Flag

from ..apis.base import SECRET
from ..apis.eia import GAS_G_PER_KWH, NUCLEAR_G_PER_KWH
from ..draft import Draft
from ..world import true_g
from .fault import Fault, Maker, Must, Setting, some

KG_PER_LB = 0.45359237
OTHER_UNITS = {
    "electricity-maps": (("kgCO2eq/kWh", 0.001), ("lbs/MWh", 1 / KG_PER_LB), ("gCO2eq/MJ", 1 / 3.6), (7, 1.0)),
    "watttime": (("kg_co2_per_mwh", KG_PER_LB), ("lbs_co2_per_kwh", 0.001), ("percentile", 0.1), (None, 1.0)),
    "eia": (("gigawatthours", 0.001), ("kilowatthours", 1000.0), ("MWh", 1.0), (None, 1.0)),
}
OTHER_MEANINGS = {
    "electricity-maps": ("direct", "lifecycle", "market", None, 1),
    "watttime": ("health_damage", "co2_aoer", "CO2_MOER", None),
}
ENTRY_PLACE = {"electricity-maps": "zone", "carbon-aware-sdk": "location"}
"""The key by which a single value may say its place."""

ELSEWHERE, OTHER_REGION = "XX", 14
OTHER_FUEL = {Basis.DIRECT: 575.0, Basis.LIFECYCLE: 700.0}
"""EIA's `OTH`, g/kWh."""

ESTIMATES = (
    {"isEstimated": True},
    {"isEstimated": True, "estimationMethod": "TIME_SLICER_AVERAGE"},
    {"estimationMethod": "FORECASTS_HIERARCHY"},
    {"isEstimated": "yes"},
    {"isEstimated": 1},
)


def wrong_place(setting: Setting) -> Fault | None:
    """Values of another place under its name, or under none that means anything; of all values or of one of them."""
    if "place" not in setting.api.says:
        return None
    api, rng = setting.api, setting.rng
    of_one = ENTRY_PLACE.get(api.name) if rng.random() < 0.3 else None
    own_values = rng.random() < 0.2
    name = rng.choice((None, "", 0, True, ["FR"], {"zone": "FR"})) if not of_one and rng.random() < 0.3 else "its own"

    def draft(answer: Draft, rng: Random) -> None:
        zone = rng.choice([one for one in api.places if one != answer.zone] or [ELSEWHERE])
        number = api.place_number(zone) if zone in api.places else answer.number + 1
        said = api.places.get(zone, OTHER_REGION) if name == "its own" else name
        points = some(answer.points, "one", rng) if of_one else answer.points
        for point in points:
            if not own_values:
                point.g = true_g(number, point.start_s, answer.step_s, answer.edition)
            if of_one:
                point.changes[of_one] = said
        if not of_one:
            answer.labels["place"] = said
        answer.distrust(points)

    where = "one value" if of_one else "the whole answer"
    return Fault(
        "wrong place", f"{where}, under {name!r} name", draft=draft, must=Must.EITHER if of_one else Must.REFUSE
    )


def wrong_unit(setting: Setting) -> Fault:
    """Numbers in another unit, and said so; where an answer names no unit, mg/kWh."""
    unit, factor = setting.rng.choice(OTHER_UNITS.get(setting.api.name, ((None, 1000.0),)))
    says_so = setting.api.name in OTHER_UNITS

    def draft(answer: Draft, rng: Random) -> None:
        for point in answer.points:
            point.value = point.g * factor if factor != 1.0 else point.value
        if says_so:
            answer.labels["unit"] = unit
        if factor != 1.0:
            answer.distrust(answer.points)

    must = Must.EITHER if factor == 1.0 else Must.REFUSE
    return Fault("wrong unit", f"{unit!r} x {factor:g}", draft=draft, must=must)


def wrong_meaning(setting: Setting) -> Fault | None:
    """Values of another signal or basis, and said so."""
    if setting.api.name not in OTHER_MEANINGS or (setting.api.name, setting.kind) == ("electricity-maps", "forecast"):
        return None
    meaning = setting.rng.choice(OTHER_MEANINGS[setting.api.name])

    def draft(answer: Draft, rng: Random) -> None:
        if meaning == answer.basis.value:
            answer.labels["meaning"] = "direct" if meaning == "lifecycle" else "lifecycle"
        else:
            answer.labels["meaning"] = meaning
        for point in answer.points:
            point.value = point.g / 2
        answer.distrust(answer.points)

    return Fault("wrong signal or basis", f"{meaning!r}", draft=draft, must=Must.REFUSE)


def sandbox(setting: Setting) -> Fault | None:
    """Made-up values, marked in one of the ways that are known."""
    if "sandbox" not in setting.api.says:
        return None
    mark = setting.rng.choice(("disclaimer", "method", "one method", "both"))

    def draft(answer: Draft, rng: Random) -> None:
        for point in answer.points:
            point.g = round(true_g(answer.number, point.start_s, answer.step_s, answer.edition) + 30)
        if mark in ("disclaimer", "both"):
            answer.labels["sandbox"] = "This data is from the Sandbox and not real"
        if mark != "disclaimer":
            marked = answer.points if mark in ("method", "both") else some(answer.points, "one", rng)
            for point in marked:
                point.changes["estimationMethod"] = rng.choice(("SANDBOX_MODE_DATA", "sandbox"))
        answer.flags.add(Flag.SANDBOX)

    return Fault("sandbox", mark, draft=draft, must=Must.ANSWER)


def estimated(setting: Setting) -> Fault | None:
    """Values that were not measured, in the words of the API; or that no longer say whether they were."""
    if "estimate" not in setting.api.says or (setting.kind == "forecast" and setting.api.name != "watttime"):
        return None
    name = setting.api.name
    change = dict(setting.rng.choice(ESTIMATES))
    renamed = name == "electricity-maps" and setting.rng.random() < 0.25
    where = setting.rng.choice(("newest", "one", "all"))
    label = setting.rng.choice((("warnings", [{"type": "EXAMPLE", "message": "old data"}]), ("model", "proxy_v2")))

    def draft(answer: Draft, rng: Random) -> None:
        if name == "watttime":
            answer.labels[label[0]] = label[1]
        elif name == "eia":
            answer.labels["NG"] = "OTH"  # a third and more of what is generated
            for point in answer.points:
                factor = OTHER_FUEL[answer.basis] - NUCLEAR_G_PER_KWH[answer.basis]
                share = (point.g - NUCLEAR_G_PER_KWH[answer.basis]) / (
                    GAS_G_PER_KWH[answer.basis] - NUCLEAR_G_PER_KWH[answer.basis]
                )
                point.means = NUCLEAR_G_PER_KWH[answer.basis] + share * factor
        elif name == "neso":
            for point in answer.points:
                point.measured = False
        else:
            for point in some(answer.points, where, rng):
                point.changes |= {"isEstimated": None, "estimated": True} if renamed else change
        if name != "neso" or answer.kind == "latest":
            answer.flags.add(Flag.ESTIMATED)

    detail = {"watttime": label[0], "electricity-maps": f"{'renamed' if renamed else change} at {where}"}.get(name, "")
    return Fault("estimated", detail, draft=draft)


def empty(setting: Setting) -> Fault:
    """No values at all."""
    body = setting.rng.choice(("no points", b"{}", b"[]", b"", b"null", b'{"data": null}', b'{"data": {}}'))

    def draft(answer: Draft, rng: Random) -> None:
        answer.points = []

    def text(_: bytes) -> bytes:
        assert isinstance(body, bytes)
        return body

    if isinstance(body, bytes):
        return Fault("empty", body.decode(), text=text, must=Must.REFUSE)
    return Fault("empty", body, draft=draft, must=Must.REFUSE)


def echo(setting: Setting) -> Fault | None:
    """The secret that was sent comes back where a reader would show what it did not understand."""
    rng = setting.rng
    if not setting.api.keyed:
        return None
    secret = rng.choice((SECRET, f"no such thing: {SECRET}", f"{'x' * (39 - len(SECRET) // 2)}{SECRET}"))
    what = rng.choice(("place", "time", "value"))
    if what == "place" and "place" not in setting.api.says:
        what = "time"

    def draft(answer: Draft, rng: Random) -> None:
        if what == "place":
            answer.labels["place"] = secret
        for point in answer.points:
            if what == "time":
                point.time = secret
            elif what == "value":
                point.value = secret
        answer.distrust(answer.points)

    return Fault("secret in the answer", what, draft=draft, must=Must.REFUSE)


MAKERS: dict[str, Maker] = {
    "wrong place": wrong_place,
    "wrong unit": wrong_unit,
    "wrong signal or basis": wrong_meaning,
    "sandbox": sandbox,
    "estimated": estimated,
    "empty": empty,
    "secret in the answer": echo,
}
