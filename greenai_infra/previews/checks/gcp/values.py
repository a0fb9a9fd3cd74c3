"""Values that Google Cloud would refuse: places, names, members, roles, schedules.

Google ships no models of its services as botocore does for AWS. The tables here are by hand from its manuals, and hold
what the stacks use.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from greenai_infra.catalog.read import near
from greenai_infra.catalog.regions import regions
from greenai_infra.contracts.declared import DeclaredResource, Finding, plain
from greenai_infra.policy.reach import values_at
from greenai_infra.previews.sdk.gcp_provider import PROVIDER_TYPE, region_of
from greenai_infra.previews.sdk.schema import resource_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCHEDULER_JOB = "gcp:cloudscheduler/job:Job"
MULTI_REGIONS = frozenset({"global", "us", "eu", "europe", "asia", "nam4", "eur4", "eur5", "eur7", "eur8", "asia1"})

# Property -> (pattern, description of its values), of every IAM resource: "Principal identifiers", "Roles".
OF_IAM = {
    "member": (
        r"(user|serviceAccount|group|domain|principal|principalSet|deleted|project(Owner|Editor|Viewer)):.+|allUsers|allAuthenticatedUsers",
        "write serviceAccount:NAME@PROJECT.iam.gserviceaccount.com, user:..., group:... or domain:...",
    ),
    "role": (
        r"roles/[\w.]+|(projects|organizations)/[\w.:-]+/roles/[\w.]+",
        "write roles/NAME, or projects/PROJECT/roles/NAME for a role of one's own",
    ),
}
# Resource type -> property -> the same.
OF_TYPE = {
    "gcp:serviceaccount/account:Account": {
        "accountId": (r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "use 6 to 30 of a-z, 0-9 and -, beginning with a letter"),
    },
    "gcp:projects/iAMCustomRole:IAMCustomRole": {
        "roleId": (r"[a-zA-Z0-9_.]{3,64}", "use 3 to 64 of letters, digits, _ and ."),
    },
    "gcp:storage/bucket:Bucket": {
        "name": (
            r"(?!goog)(?!.*google)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]",
            "use a-z, 0-9, -, _ and .; not beginning with goog, and without google",
        ),
        "publicAccessPrevention": (r"enforced|inherited", "use enforced or inherited"),
        "storageClass": (r"STANDARD|NEARLINE|COLDLINE|ARCHIVE|MULTI_REGIONAL|REGIONAL", "use STANDARD"),
    },
    "gcp:kms/cryptoKey:CryptoKey": {
        "rotationPeriod": (r"\d+(\.\d+)?s", "write seconds, as in 7776000s"),
        "destroyScheduledDuration": (r"\d+(\.\d+)?s", "write seconds, as in 2592000s"),
    },
    "gcp:projects/service:Service": {"service": (r"[a-z0-9-]+\.googleapis\.com", "write NAME.googleapis.com")},
    SCHEDULER_JOB: {
        "attemptDeadline": (r"\d+(\.\d+)?s", "write seconds, as in 60s"),
        "retryConfig.maxRetryDuration": (r"\d+(\.\d+)?s", "write seconds, as in 3600s"),
        "httpTarget.httpMethod": (r"GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS", "use POST"),
        "httpTarget.uri": (r"https?://\S+", "write a whole URL"),
    },
    "gcp:compute/firewall:Firewall": {"direction": (r"INGRESS|EGRESS", "use INGRESS or EGRESS")},
    "gcp:workflows/workflow:Workflow": {
        "callLogLevel": (
            r"CALL_LOG_LEVEL_UNSPECIFIED|LOG_ALL_CALLS|LOG_ERRORS_ONLY|LOG_NONE",
            "use LOG_ALL_CALLS, LOG_ERRORS_ONLY or LOG_NONE",
        ),
    },
}
_APP_ENGINE = re.compile(r"every\s+\S|(\S+\s+)+of\s+\S", re.IGNORECASE)
"""Cloud Scheduler takes App Engine's syntax too (`every 5 minutes`, `1st monday of month 09:00`): not looked at."""
# name, lowest, highest, words
_CRON = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")),
    ("day of week", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)


def is_iam(type_: str) -> bool:
    """Whether a type of Google Cloud grants roles: `IAMMember`, `IamBinding` and their like."""
    return re.search(r":\w*(IAM|Iam)(Member|Binding|Policy)\w*$", type_) is not None


def check_gcp_values(resource: DeclaredResource) -> Iterator[Finding]:
    """Values in the wrong form."""
    if resource.package != "gcp" or not resource.custom:
        return
    inputs = plain(dict(resource.inputs))
    forms = {**(OF_IAM if is_iam(resource.type) else {}), **OF_TYPE.get(resource.type, {})}
    for path, (pattern, advice) in forms.items():
        for where, value in values_at(inputs, path):
            if isinstance(value, str) and not re.fullmatch(pattern, value):
                message = f"{where} is '{value}', which Google Cloud does not accept"
                yield resource.finding("gcp-unknown-value", where, message, advice)


def check_gcp_places(resource: DeclaredResource) -> Iterator[Finding]:
    """A region, location or zone that Google Cloud does not have."""
    if resource.package != "gcp" or not resource.custom:
        return
    known = _known_regions()
    for name in ("region", "location", "zone"):
        place = plain(resource.inputs.get(name))
        if isinstance(place, str) and place.lower() not in MULTI_REGIONS and region_of(place) not in known:
            message = f"'{place}' is no region or zone of Google Cloud that the catalog knows"
            remedy = near(region_of(place), known).removeprefix("; ") or "correct it"
            yield resource.finding("gcp-unknown-region", name, message, remedy)


def check_gcp_provider(resources: Sequence[DeclaredResource]) -> Iterator[Finding]:
    """A provider's region that does not exist."""
    for resource in resources:
        if resource.type == PROVIDER_TYPE and resource.region and resource.region not in _known_regions():
            message = f"'{resource.region}' is no region of Google Cloud that the catalog knows"
            yield resource.finding("gcp-unknown-region", "region", message, "correct it")


def check_gcp_project(config: Mapping[str, str], resources: Sequence[DeclaredResource]) -> Iterator[Finding]:
    """The default provider in use without a project."""
    missing = next((one for one in resources if _lacks_project(one)), None)
    if missing is not None and not config.get("gcp:project"):
        message = f"no project is set for {missing.type} and other resources of the default provider"
        remedy = "set gcp:project in the stack's config, or give the resources a project"
        yield Finding("warning", "gcp-project-not-set", "", "gcp:project", message, remedy)


def _lacks_project(resource: DeclaredResource) -> bool:
    if resource.package != "gcp" or not resource.custom or resource.provider or resource.is_provider:
        return False
    schema = resource_schema(resource.type)
    return schema is not None and "project" in schema.inputs.types and not resource.inputs.get("project")


def check_gcp_schedule(resource: DeclaredResource) -> Iterator[Finding]:
    """A cron or time zone that Cloud Scheduler would refuse."""
    if resource.type != SCHEDULER_JOB:
        return
    cron, zone = plain(resource.inputs.get("schedule")), plain(resource.inputs.get("timeZone"))
    in_words = isinstance(cron, str) and _APP_ENGINE.match(cron)
    if isinstance(cron, str) and not in_words and (problem := unix_cron_problem(cron)):
        message = f"schedule '{cron}': {problem}"
        yield resource.finding("schedule-malformed", "schedule", message, "write it like 30 18 * * 1-5")
    if isinstance(zone, str) and not _is_zone(zone):
        message = f"'{zone}' is no time zone of the IANA database"
        yield resource.finding("schedule-malformed", "timeZone", message, "write it like Europe/Paris")


def unix_cron_problem(cron: str) -> str:
    """What is wrong with a schedule of five fields, or an empty string."""
    fields = cron.split()
    if len(fields) != len(_CRON):
        return f"a cron has 5 fields (minute hour day-of-month month day-of-week), not {len(fields)}"
    for text, (name, low, high, words) in zip(fields, _CRON, strict=True):
        if any(not _cron_item(item, low, high, words) for item in text.split(",")):
            return f"'{text}' is no {name}"
    if fields[2].isdigit() and fields[3].isdigit() and int(fields[2]) > _LONGEST[int(fields[3]) - 1]:
        return f"month {fields[3]} has no day {fields[2]}"
    return ""


_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _cron_item(item: str, low: int, high: int, words: Sequence[str]) -> bool:
    body, slash, step = item.partition("/")
    if slash and (not step.isdigit() or int(step) < 1):
        return False
    if body == "*":
        return True
    ends = body.split("-")
    values = [str(low + words.index(end.upper())) if end.upper() in words else end for end in ends]
    if len(values) > 2 or not all(value.isdigit() for value in values):
        return False
    numbers = [int(value) for value in values]
    return all(low <= number <= high for number in numbers) and numbers == sorted(numbers)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _known_regions() -> frozenset[str]:
    return frozenset(region.name for region in regions() if region.provider == "gcp")
