"""Times: stale, ahead, without or with an offset, around changes of clocks, impossible."""

from datetime import timedelta
from random import Random

from greenai_infra.intensity.model.values import Flag

from ..draft import Draft
from ..world import CLOCK_CHANGES, HOUR_S
from .fault import WHERE, Fault, Maker, Must, Setting, some

IMPOSSIBLE = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:00:00Z",
    "9999-12-31T23:00:00-10:00",
    "9999-12-31T23",
    "1969-12-31T23:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-03-10T25:00:00Z",
    "yesterday",
    "",
    None,
    True,
    0,
    -1,
    1e18,
    1773144000000,
    [2026, 3, 10],
    {"$date": "2026-03-10T12:00:00Z"},
)
OFFSETS_MINUTES = (60, 120, -300, -480, 330, 345)


def stale(setting: Setting) -> Fault:
    """The newest value is old, or the forecast was made long ago."""
    hours = setting.rng.choice((7, 9, 25, 49, 24 * 40))

    def draft(answer: Draft, rng: Random) -> None:
        shift_s = hours * HOUR_S
        if answer.kind == "forecast":
            answer.issued_s -= shift_s
            if "issue" in setting.api.says:
                answer.flags.add(Flag.STALE)
                return
        answer.points = answer.at(point.start_s - shift_s for point in answer.points)
        if setting.kind == "latest" and not setting.api.always:
            answer.flags.add(Flag.STALE)

    return Fault("stale", f"{hours} h", draft=draft)


def future(setting: Setting) -> Fault:
    """What should be observed lies ahead, or the forecast is yet to be made, or begins only later."""
    hours = setting.rng.choice((2, 3, 26, 24 * 400, 24 * 365 * 20))
    more = setting.rng.random() < 0.5

    def draft(answer: Draft, rng: Random) -> None:
        if answer.kind == "forecast":
            if "issue" in setting.api.says and more:
                answer.issued_s += hours * HOUR_S
            else:
                answer.points = answer.at(point.start_s + hours * HOUR_S for point in answer.points)
            return
        newest_s = answer.points[-1].start_s
        ahead = answer.at(newest_s + hours * HOUR_S + answer.step_s * number for number in (1, 2))
        answer.points = [*answer.points, *ahead] if more and not setting.one_point else ahead[:1]

    must = Must.REFUSE if setting.one_point or setting.kind == "forecast" else Must.EITHER
    return Fault("future", f"{hours} h{', after values of the past' if more else ''}", draft=draft, must=must)


def naive(setting: Setting) -> Fault | None:
    """Times by some other clock, which don't say by which; hours of EIA by the local clock, which it has too."""
    of_hours = setting.api.name == "eia"
    if "text times" not in setting.api.says and not of_hours:
        return None
    minutes = setting.rng.choice(OFFSETS_MINUTES)

    def draft(answer: Draft, rng: Random) -> None:
        answer.offset_minutes = lambda _: minutes
        if of_hours:
            answer.labels["response"] = {"frequency": "local-hourly"}
            for point in answer.points:
                point.time = answer.text(point.start_s + HOUR_S, "%Y-%m-%dT%H")[: rng.choice((13, 16))]
        answer.naive = True
        answer.distrust(answer.points)

    return Fault("naive time", f"by a clock {minutes} min ahead of UTC", draft=draft, must=Must.REFUSE)


def other_offset(setting: Setting) -> Fault | None:
    """Times by some other clock, with the offset: right."""
    if "text times" not in setting.api.says:
        return None
    minutes = setting.rng.choice(OFFSETS_MINUTES)

    def draft(answer: Draft, rng: Random) -> None:
        answer.offset_minutes = lambda _: minutes

    return Fault("time not in UTC", f"{minutes} min ahead", draft=draft, must=Must.ANSWER)


def clock_change(setting: Setting) -> Fault:
    """Local times with offsets around the hour in which clocks change: right, and right without local times too."""
    changes, before, after = setting.rng.choice(CLOCK_CHANGES)
    hours = setting.rng.choice((-1, 0, 1, 2, 3))
    as_of = changes + timedelta(hours=hours, minutes=10)

    def draft(answer: Draft, rng: Random) -> None:
        if "text times" in setting.api.says:
            answer.offset_minutes = lambda moment_s: before if moment_s < changes.timestamp() else after

    return Fault("change of clocks", f"{changes:%Y-%m-%d}, {hours} h", draft=draft, must=Must.ANSWER, as_of=as_of)


def impossible(setting: Setting) -> Fault:
    """Times that are none, or of another era."""
    time, where = setting.rng.choice(IMPOSSIBLE), setting.rng.choice(WHERE)

    def draft(answer: Draft, rng: Random) -> None:
        for point in some(answer.points, where, rng):
            point.time = time
            answer.distrust([point])

    must = Must.REFUSE if where == "all" or setting.one_point else Must.EITHER
    return Fault("impossible time", f"{time!r} at {where}", draft=draft, must=must)


MAKERS: dict[str, Maker] = {
    "stale": stale,
    "future": future,
    "naive time": naive,
    "time not in UTC": other_offset,
    "change of clocks": clock_change,
    "impossible time": impossible,
}
