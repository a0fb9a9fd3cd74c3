"""Points in their order: missing, repeated, contradicting, out of order, in other steps, off the steps, years apart."""

from random import Random

from ..draft import Draft, Point
from ..world import DAY_S
from .fault import WHERE, Fault, Maker, Must, Setting, some


def gap(setting: Setting) -> Fault | None:
    """Values are missing, one here and there or many in a row: the others stay right and none is made up."""
    if setting.one_point:
        return None
    in_a_row = setting.rng.random() < 0.5

    def draft(answer: Draft, rng: Random) -> None:
        count = len(answer.points)
        if in_a_row:
            first = rng.randrange(1, max(2, count // 2))
            gone = set(range(first, first + count // 3))
        else:
            gone = set(rng.sample(range(count), k=count // 3))
        answer.points = [point for number, point in enumerate(answer.points) if number not in gone]
        answer.step_unclear = "step" not in setting.api.says

    return Fault("gap", "in a row" if in_a_row else "here and there", draft=draft)


def repeated(setting: Setting) -> Fault | None:
    """The same values twice: right."""
    if setting.one_point:
        return None
    where = setting.rng.choice(WHERE)

    def draft(answer: Draft, rng: Random) -> None:
        answer.points = sorted([*answer.points, *some(answer.points, where, rng)], key=lambda point: point.start_s)

    return Fault("equal duplicates", where, draft=draft, must=Must.ANSWER)


def contradicting(setting: Setting) -> Fault | None:
    """Two values for one time: none of the two may be believed."""
    if setting.one_point:
        return None
    where = setting.rng.choice(WHERE)
    off = setting.rng.choice((1e-3, 1.0, 60.0, None))

    def draft(answer: Draft, rng: Random) -> None:
        twice = some(answer.points, where, rng)
        others = []
        for point in twice:
            if off is None:
                others.append(Point(point.start_s, point.g, point.estimate, value=None, honest=False))
            else:
                others.append(Point(point.start_s, point.g + off, point.estimate, honest=False))
        answer.distrust(twice)
        both = [*answer.points, *others]
        answer.points = sorted(both, key=lambda point: point.start_s) if rng.random() < 0.5 else both

    return Fault("contradicting duplicates", f"{off} at {where}", draft=draft)


def unordered(setting: Setting) -> Fault | None:
    """Right values in another order: right."""
    if setting.one_point:
        return None
    backwards = setting.rng.random() < 0.5

    def draft(answer: Draft, rng: Random) -> None:
        if backwards:
            answer.points.reverse()
        else:
            rng.shuffle(answer.points)

    return Fault("unordered", "newest first" if backwards else "shuffled", draft=draft, must=Must.ANSWER)


def known_step(setting: Setting) -> Fault:
    """Steps of a length that this API is known to have: right."""
    step_s = setting.rng.choice(setting.api.steps_s)

    def draft(answer: Draft, rng: Random) -> None:
        answer.points = answer.at(answer.every(step_s), step_s)
        answer.step_s = step_s

    return Fault("known step", f"{step_s // 60} min", draft=draft, must=Must.ANSWER)


def unknown_step(setting: Setting) -> Fault:
    """Steps of a length that is not asked for: they are right at their place, or refused."""
    lengths = [one for one in (60, 300, 420, 600, 900, 1800, 3600, 7200, 10_800) if one not in setting.api.steps_s]
    step_s = setting.rng.choice(lengths)

    def draft(answer: Draft, rng: Random) -> None:
        starts_s = answer.every(step_s) or [answer.points[0].start_s]
        answer.points = answer.at(starts_s, max(300, step_s // 300 * 300))
        answer.labels["step_s"] = step_s
        answer.step_unclear = True

    return Fault("unexpected step", f"{step_s / 60:g} min", draft=draft)


def off_the_step(setting: Setting) -> Fault | None:
    """Some times lie between the full steps: such a value is not moved to another time."""
    if setting.api.name == "eia":  # whose times are hours
        return None
    off_s = setting.rng.choice((60, 120, 420, 540))

    def draft(answer: Draft, rng: Random) -> None:
        for point in some(answer.points, rng.choice(("some", "newest")), rng):
            point.start_s += off_s

    return Fault("time off the step", f"{off_s} s", draft=draft)


def far_apart(setting: Setting) -> Fault | None:
    """One value lies years before the others."""
    if setting.one_point:
        return None
    years = setting.rng.choice((2, 10, 50))

    def draft(answer: Draft, rng: Random) -> None:
        answer.points = [*answer.at([answer.points[0].start_s - years * 365 * DAY_S]), *answer.points]

    return Fault("times years apart", f"{years} years", draft=draft)


MAKERS: dict[str, Maker] = {
    "gap": gap,
    "equal duplicates": repeated,
    "contradicting duplicates": contradicting,
    "unordered": unordered,
    "known step": known_step,
    "unexpected step": unknown_step,
    "time off the step": off_the_step,
    "times years apart": far_apart,
}
