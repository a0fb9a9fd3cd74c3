"""The campaign against `auto`: every tier has its own fault, or none, and one answer must come of it, unmixed."""

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from greenai_infra.errors import DataUnavailable, Refused
from greenai_infra.intensity.choice import fallback, user_settings
from greenai_infra.intensity.choice.liveness import refuse_unless_live
from greenai_infra.intensity.choice.tiers import Tiers
from greenai_infra.intensity.forecasting.predict import Prediction, predict
from greenai_infra.intensity.model.settings import Settings
from greenai_infra.intensity.model.values import Flag, Intensity, Kind, Provenance, Series
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.service.live_source import Asking

from .apis import Api
from .apis.base import SECRET, USER
from .apis.carbon_aware_sdk import LOCATIONS
from .case import HOUR
from .faults import Must
from .leaks import leaks_in_files, leaks_in_words
from .oracle import Expected, Finding, Wrong, findings
from .policy_case import BY_NAME, HONEST, QUESTIONS, TIERS, PolicyCase
from .record import Record
from .runner import WARM_UP_S, Ground, Outcome, ask, bounded, door, result_of, window
from .wire import TIMEOUT_S
from .world import NEW, OLD, same

KIND = "order of sources"
URLS = {
    "electricity-maps": "ELECTRICITYMAPS_BASE_URL",
    "watttime": "WATTTIME_BASE_URL",
    "carbon-aware-sdk": "CARBON_AWARE_SDK_URL",
    "neso": "NESO_BASE_URL",
    "energy-charts": "ENERGY_CHARTS_BASE_URL",
    "eia": "EIA_BASE_URL",
}
KEYS = {
    "electricity-maps": {"ELECTRICITYMAPS_TOKEN": SECRET},
    "watttime": {"WATTTIME_USER": USER, "WATTTIME_PASSWORD": SECRET},
    "eia": {"EIA_API_KEY": SECRET},
}
PATHS = {"electricity-maps": "/v4", "eia": "/v2"}


def run_policy_case(case: PolicyCase, ground: Ground) -> Outcome:
    """Ask `auto`, and hold the answer against what all services said."""
    number = next(ground.numbers)
    folder = ground.folder / f"policy-{number}"
    outcome = Outcome(KIND, KIND, str(case), "refused")
    records, urls = {}, {}
    for name, fault in case.faults.items():
        api = BY_NAME[name]
        records[name] = Record(api, case.basis, fault, frozenset(api.places), at_login=False)
        urls[name] = ground.site.open(f"{number}-{name}", records[name].answer)
    try:
        if case.warm is not None:
            _set(records, case.as_of - case.warm, OLD)
            warm_up = automatic(case, urls, folder, case.as_of - case.warm, WARM_UP_S)
            _ask(warm_up, case, case.as_of - case.warm) if warm_up else None
        _set(records, case.as_of, NEW)
        for name, fault in case.faults.items():
            urls[name] = door(ground, fault.door, urls[name]) if fault.door else urls[name]
        tiers = automatic(case, urls, folder, case.as_of, TIMEOUT_S)
        if tiers:
            limit_s = TIMEOUT_S * max(1, len(case.tiers()) * QUESTIONS[case.question])
            answers, answered = bounded(lambda: _ask(tiers, case, case.as_of), outcome, limit_s)
            if answered:
                outcome.findings += _judge(case, tiers, answers, records)
                outcome.findings += leaks_in_words([*answers.values(), *tiers.notes])
                outcome.result = result_of(list(answers.values()))
    finally:
        for name in case.faults:
            ground.site.end(f"{number}-{name}")
    outcome.findings += [Finding(Wrong.CRASH, f"the server: {e}") for one in records.values() for e in one.errors]
    outcome.findings += leaks_in_files(folder)
    return outcome


def automatic(
    case: PolicyCase, urls: Mapping[str, str], folder: Path, as_of: datetime, timeout_s: float
) -> Tiers | None:
    """`--source auto` with the sources that are set up; None if there is none to ask."""
    variables = {URLS[name]: url + PATHS.get(name, "") for name, url in urls.items()}
    for name in urls:
        variables |= KEYS.get(name, {})
    tables: dict[str, Any] = {
        "carbon-aware-sdk": {"signal": case.signal.value, "basis": case.basis.value, "locations": LOCATIONS}
    }
    settings = Settings(variables, folder / "config.toml", tables, user_settings.variables())
    try:
        return fallback.automatic(Asking(as_of, case.signal, case.basis, settings, AnswerCache(folder), timeout_s))
    except DataUnavailable:
        return None


def _set(records: Mapping[str, Record], moment: datetime, edition: int) -> None:
    for record in records.values():
        record.now_s, record.edition = moment.timestamp(), edition
        record.asked.clear()


def _ask(tiers: Tiers, case: PolicyCase, as_of: datetime) -> dict[str, Any]:
    reach = (0 * HOUR, 6 * HOUR)
    if case.question == "predict":
        found: Prediction = predict(tiers, case.zones, *window("forecast", as_of, reach))
        return dict(found.answers)
    return ask(tiers, case.question, case.zones, as_of, reach)


def _judge(
    case: PolicyCase, tiers: Tiers, answers: Mapping[str, Any], records: Mapping[str, Record]
) -> Iterable[Finding]:
    had = {zone: one for zone, one in answers.items() if isinstance(one, Intensity | Series)}
    if set(answers) != set(case.zones):
        yield Finding(Wrong.INVENTED, f"asked about {case.zones}, answered about {sorted(answers)}")
    for of in (one.provenance for one in had.values()):
        if (of.signal, of.basis) != (case.signal, case.basis):
            yield Finding(Wrong.MISLABELLED, f"a {of.signal} {of.basis} value")
    order = case.tiers()
    tier = next((one for one in order if tiers.answered_by == _name(one)), None)
    if not tiers.answered_by and order:
        tier = order[-1]  # nobody could answer for all zones, and these are what the last one knew
    if had and tier is None and tiers.answered_by != "embedded":
        yield Finding(Wrong.INVENTED, f"{tiers.answered_by} answered, which does not cover all of {case.zones}")
    if had and (tier is None or order.index(tier) > 0) and order:
        yield from _passed_over(had)
    honest = order and all(case.faults[name] is HONEST for name in order[0])
    if honest and case.question == "latest" and tiers.answered_by != _name(order[0]):
        yield Finding(Wrong.UNANSWERED, f"{_name(order[0])} was passed over: {tiers.notes}")
    below = order[order.index(tier) + 1 :] if tier else []
    fresh = [one for one in below if all(case.faults[name] is HONEST for name in one)]
    if fresh and case.question == "latest" and any(Flag.CACHED in one.provenance.flags for one in had.values()):
        yield Finding(Wrong.UNANSWERED, f"a kept answer came before a fresh one of {_name(fresh[0])}")
    for zone, one in had.items():
        if tier is None:
            yield from _embedded(zone, one)
        else:
            api = next(BY_NAME[name] for name in tier if zone in BY_NAME[name].places)
            yield from _of_service(case, zone, one, api, records[api.name])
    yield from _require_live(tiers, had)


def _name(tier: tuple[str, ...]) -> str:
    return "public" if set(tier) <= set(TIERS[3]) else tier[0]


def _passed_over(had: Mapping[str, Intensity | Series]) -> Iterable[Finding]:
    """Another source was asked before, in vain."""
    for zone, one in had.items():
        if Flag.FALLBACK not in one.provenance.flags or one.provenance.kind is Kind.LIVE:
            yield Finding(Wrong.MISLABELLED, f"{zone} comes from a second choice, and is said to be: {one.provenance}")


def _of_service(case: PolicyCase, zone: str, answer: Intensity | Series, api: Api, record: Record) -> Iterable[Finding]:
    kind = "latest" if isinstance(answer, Intensity) else "forecast"
    of = answer.provenance
    if case.question == "predict" and of.kind is not Kind.FORECAST:
        if Kind.LIVE is of.kind or (of.kind is not Kind.CLIMATOLOGY and Flag.FALLBACK not in of.flags):
            yield Finding(Wrong.MISLABELLED, f"{zone}: a prediction that is said to be: {of}")
        said = [value for one in record.notes[zone].measured.values() for some in one.values() for value in some]
        said += [value for one in record.notes[zone].expected.values() for some in one.values() for value in some]
        values = [value for value in answer.g_per_kwh.tolist() if value == value] if isinstance(answer, Series) else []
        if values and not (said and min(said) - 0.01 <= min(values) <= max(values) <= max(said) + 0.01):
            yield Finding(Wrong.INVENTED, f"{zone}: predicted {min(values)} to {max(values)}")
        return
    start, end = window("forecast", case.as_of, (0 * HOUR, 6 * HOUR))
    expected = Expected(
        kind,
        zone,
        case.signal,
        case.basis,
        case.as_of,
        start,
        end,
        record.notes[zone],
        Must.EITHER if case.faults[api.name].must is Must.ANSWER else case.faults[api.name].must,
        may_be_live=api.may_be_live,
        warm=case.warm,
        was_asked=record.asked.total() > 0,
    )
    yield from findings({zone: answer}, {zone: expected})


def _embedded(zone: str, answer: Intensity | Series) -> Iterable[Finding]:
    """The yearly mean, as the table of the package has it."""
    values = [answer.g_per_kwh] if isinstance(answer, Intensity) else answer.g_per_kwh.tolist()
    if answer.provenance.kind is not Kind.YEARLY_MEAN:
        yield Finding(Wrong.MISLABELLED, f"{zone}: a yearly mean that is called {answer.provenance.kind}")
    if not all(any(same(value, mean) for mean in _means()[zone]) for value in values):
        yield Finding(Wrong.INVENTED, f"{zone}: {values} is no yearly mean")


def _means() -> dict[str, list[float]]:
    table = files("greenai_infra") / "data" / "electricity_maps" / "zones-yearly-lifecycle.csv"
    means: dict[str, list[float]] = {}
    for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines()):
        means.setdefault(row["zone"], []).append(float(row["g_per_kwh"]))
    return means


def _require_live(tiers: Tiers, had: Mapping[str, Intensity | Series]) -> Iterable[Finding]:
    """`--require-live` lets nothing pass that is kept, made up, estimated, old, or of another source."""
    provenances: dict[str, Provenance] = {zone: one.provenance for zone, one in had.items()}
    try:
        refuse_unless_live(tiers.answered_by, provenances, tiers.notes)
    except Refused:
        return
    for zone, of in provenances.items():
        if of.flags or of.kind in (Kind.YEARLY_MEAN, Kind.LATEST):
            yield Finding(Wrong.MISLABELLED, f"--require-live lets {zone} pass: {of}")
