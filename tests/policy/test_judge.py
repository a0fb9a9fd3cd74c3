"""The gate as a whole: severities, exemptions and their end, settings that are refused, and junk."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource, Secret
from greenai_infra.errors import InputError
from greenai_infra.policy.judge import Verdict, judge, unjudged
from greenai_infra.policy.judged import JUDGED
from greenai_infra.policy.masking import without_secrets
from greenai_infra.policy.rules import RULES
from greenai_infra.policy.rules.instance_types import MACHINES
from greenai_infra.policy.rules.open_doors import FLAGS, RANGES
from greenai_infra.policy.settings import GateSettings, settings_schema
from greenai_infra.previews.gate import read_settings
from greenai_infra.typed_yaml.values import Unreadable, read_values

from .declare import TAGS, a, stack

TOPIC = a("aws:sns/topic:Topic", "news", taggable=True, tags=TAGS)
"""Breaks `encryption` and nothing else."""
HIDDEN = a("aws:elasticache/replicationGroup:ReplicationGroup", "cache", transitEncryptionEnabled=UNKNOWN, kmsKeyId="k")
"""Can't be judged by `encryption`, and breaks it: nothing says that it encrypts at rest."""


def verdict(*resources: DeclaredResource, now: Any = None, **gate: Any) -> Verdict:
    return judge(stack(*resources, **({"now": now} if now else {})), read_values(gate, GateSettings))


def tally(found: Verdict, rule: str) -> tuple[str, int, int, int]:
    [one] = [one for one in found.rules if one.id == rule]
    return one.severity, one.violations, one.not_run, one.exempted


def test_each_rule_is_counted_once_and_described() -> None:
    found = verdict()

    assert [one.id for one in found.rules] == [rule.id for rule in RULES]
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.title and rule.remedy and rule.why for rule in RULES)
    assert found.passed


@pytest.mark.parametrize(
    ("severity", "shown", "passed"),
    [("mandatory", ["error"], False), ("advisory", ["warning"], True), ("disabled", [], True)],
)
def test_severity(severity: str, shown: list[str], passed: bool) -> None:
    found = verdict(TOPIC, rules={"encryption": {"severity": severity}})

    assert [one.severity for one in found.findings] == shown
    assert found.passed == passed


def test_defaults() -> None:
    """Caps run only when they are set; the age of a plan is a warning."""
    severities = {one.id: one.severity for one in verdict().rules}

    assert severities == {
        "carbon-tags": "mandatory",
        "budget-alarm": "mandatory",
        "alarm-heard": "advisory",
        "region-intensity": "disabled",
        "carbon-cap": "disabled",
        "cost-cap": "disabled",
        "plan-age": "advisory",
        "live-data": "disabled",
        "instance-types": "disabled",
        "encryption": "mandatory",
        "bucket-encryption": "mandatory",
        "no-public-access": "mandatory",
        "bucket-public-access": "mandatory",
        "no-star-actions": "mandatory",
    }


def test_what_could_not_run_is_counted_apart_and_shuts_the_gate() -> None:
    found = verdict(HIDDEN)

    assert tally(found, "encryption") == ("mandatory", 1, 1, 0)
    assert not found.passed
    only_hidden = verdict(HIDDEN, rules={"encryption": {"customer_managed_keys": False}})
    assert "the rule could not run: " in " ".join(one.message for one in only_hidden.findings)


def test_a_stack_whose_program_failed_has_not_been_judged() -> None:
    found = unjudged(GateSettings())

    assert not found.passed
    assert tally(found, "carbon-tags") == ("mandatory", 0, 1, 0)
    assert tally(found, "cost-cap") == ("disabled", 0, 0, 0)


@pytest.mark.parametrize(
    "pattern",
    [
        "news",
        "new?",
        "aws:sns/topic:Topic::news",
        "aws:sns/*",
        "urn:pulumi:dev::shop::aws:sns/topic:Topic::news",
        "*",
    ],
)
def test_an_exemption_by_name_type_or_urn(pattern: str) -> None:
    found = verdict(TOPIC, exemptions=[{"rule": "encryption", "resource": pattern, "reason": "a demo"}])

    assert tally(found, "encryption") == ("mandatory", 0, 0, 1)
    assert found.findings == ()
    assert found.passed


def test_what_could_not_run_can_be_exempted_too() -> None:
    assert verdict(HIDDEN, exemptions=[{"rule": "encryption", "resource": "cache", "reason": "x"}]).passed


def test_an_exemption_of_the_stack_itself() -> None:
    endpoint = a("aws:sagemaker/endpoint:Endpoint", "serve")
    gate = {"rule": "budget-alarm", "resource": "pulumi:pulumi:Stack::*", "reason": "watched by finance"}
    assert not verdict(endpoint).passed
    assert verdict(endpoint, exemptions=[gate]).passed


@pytest.mark.parametrize(
    ("now", "ok"),
    [
        (datetime(2026, 12, 1, 23, 59, tzinfo=UTC), True),
        (datetime(2026, 12, 2, 0, 0, tzinfo=UTC), False),
        (datetime.fromisoformat("2026-12-02T01:00:00+02:00"), True),
    ],
)
def test_an_exemption_ends_with_its_last_day(now: datetime, ok: bool) -> None:
    gate = {"rule": "encryption", "resource": "news", "reason": "x", "expires": "2026-12-01"}
    found = verdict(TOPIC, now=now, exemptions=[gate])

    assert found.passed == ok
    assert ok or "(its exemption expired on 2026-12-01)" in found.findings[0].message


@pytest.mark.parametrize("other", [{"rule": "carbon-tags"}, {"stack": "prod*"}, {"resource": "new"}])
def test_an_exemption_for_something_else(other: dict[str, str]) -> None:
    gate = {"rule": "encryption", "resource": "news", "reason": "x", **other}
    assert not verdict(TOPIC, exemptions=[gate]).passed


def test_an_exemption_that_is_for_nothing_is_told() -> None:
    gone = {"rule": "encryption", "resource": "old-*", "reason": "x"}
    warned = verdict(exemptions=[gone]).findings

    assert [(one.severity, one.code) for one in warned] == [("warning", "exemption-unused")]
    assert "'old-*' from encryption is for no resource" in warned[0].message
    assert verdict(exemptions=[gone]).passed
    assert verdict(exemptions=[{**gone, "stack": "prod"}]).findings == ()


REFUSED = [
    {"rule": []},
    {"rules": {"carbon-tag": {}}},
    {"rules": {"carbon_tags": {}}},
    {"rules": {"carbon-tags": {"severity": "fatal"}}},
    {"rules": {"carbon-tags": {"keys": []}}},
    {"rules": {"region-intensity": {"max_g_per_kwh": 0}}},
    {"rules": {"region-intensity": {"max_g_per_kwh": float("nan")}}},
    {"rules": {"region-intensity": {"max_g_per_kwh": "low"}}},
    {"rules": {"region-intensity": {"basis": "both"}}},
    {"rules": {"plan-age": {"max_hours": -1}}},
    {"exemptions": [{"rule": "encryption", "resource": "x"}]},
    {"exemptions": [{"rule": "encryption", "resource": "x", "reason": " "}]},
    {"exemptions": [{"rule": "speed", "resource": "x", "reason": "y"}]},
    {"exemptions": [{"rule": "encryption", "resource": "x", "reason": "y", "expires": "soon"}]},
    {"exemptions": [{"rule": "encryption", "resource": "x", "reason": "y", "until": "2027-01-01"}]},
]


@pytest.mark.parametrize("gate", REFUSED, ids=str)
def test_settings_that_are_refused(gate: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_values(gate, GateSettings)
    if "nan" not in str(gate) and "soon" not in str(gate):  # JSON knows no NaN, and `format` is advice only
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(gate, settings_schema())


HIDING = [
    # text, secrets, what is shown
    ("not encrypted at rest", {"p"}, "not encrypted at rest"),
    ("not encrypted at rest", {"crypt"}, "not encrypted at rest"),
    ("not encrypted at rest", {"encrypt"}, "not [secret]ed at rest"),
    ("'p' is no key, p, (p) and a=p;p", {"p"}, "'[secret]' is no key, [secret], ([secret]) and a=[secret];[secret]"),
    ("p", {"p"}, "[secret]"),
    ("p_1 and 1p and pp", {"p", "1"}, "p_1 and 1p and pp"),
    ("port 22 of 2200", {"22"}, "port [secret] of 2200"),
    ("12345 in 0123456", {"12345"}, "[secret] in 0123456"),
    ("a123456b", {"123456"}, "a[secret]b"),
    ("its ü and grün", {"ü"}, "its [secret] and grün"),
    ("its a.b+c, not axbbc", {"a.b+c"}, "its [secret], not axbbc"),
    ("hush-hush, hush", {"hush", "hush-hush"}, "[secret], [secret]"),
    ("the secret is out", {"secret", "out"}, "the [secret] is [secret]"),
]


@pytest.mark.parametrize(("text", "secrets", "shown"), HIDING)
def test_secrets_are_hidden_and_words_are_left_whole(text: str, secrets: set[str], shown: str) -> None:
    assert without_secrets(text, secrets) == shown


def test_a_short_password_leaves_the_words_of_a_finding_readable() -> None:
    values = {"password": Secret("p"), "username": Secret("e"), "port": Secret(5432)}
    off = {"storageEncrypted": False}
    base = a("aws:rds/instance:Instance", "base", taggable=True, tags=TAGS, **off, **values)
    shown = {"password": "p", "username": "e", "port": 5432}
    plain = a("aws:rds/instance:Instance", "base", taggable=True, tags=TAGS, **off, **shown)

    said = [one.message for one in verdict(base).findings if one.code == "encryption"]
    assert said == [one.message for one in verdict(plain).findings if one.code == "encryption"]
    assert any("Encrypted is off" in one for one in said)


LIMITS = [
    ("region-intensity", "max_g_per_kwh", 100),
    ("carbon-cap", "max_kg_per_month", 50),
    ("cost-cap", "max_usd_per_month", 2000),
    ("live-data", "require_live", True),
    ("instance-types", "allowed", ["ml.p5.*"]),
]


@pytest.mark.parametrize(("rule", "limit", "value"), LIMITS)
@pytest.mark.parametrize("severity", ["mandatory", "advisory"])
def test_a_rule_that_is_asked_for_has_its_limit(
    rule: str, limit: str, value: Any, severity: str, tmp_path: Path
) -> None:
    """Or it would be off while the file says that it stops a preview."""
    file = tmp_path / "greenai-policy.yaml"
    file.write_text(f"rules:\n  {rule}:\n    severity: {severity}\n")

    with pytest.raises(InputError) as caught:
        read_settings(file)
    said = str(caught.value)
    state = {"live-data": "false", "instance-types": "empty"}.get(rule, "not set")
    assert said.startswith(f"greenai-policy.yaml: rules.{rule}: severity is {severity}, and {limit} is {state}; for ")
    # what it shows is what is wanted: the file is sound with that in it
    example = said.partition("for example ")[2]
    assert example.startswith(f"{limit}: ")
    for line in (example, f"{limit}: {json.dumps(value)}"):
        file.write_text(f"rules:\n  {rule}:\n    severity: {severity}\n    {line}\n")
        assert read_settings(file).of(rule).in_force == severity


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "live-data: {severity: mandatory, require_live: false}",
            "severity is mandatory, and require_live is f",
        ),
        (
            "instance-types: {severity: advisory, allowed: []}",
            "severity is advisory, and allowed is empty",
        ),
    ],
)
def test_a_limit_that_is_none_is_refused_too(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(f"rules: {{{text}}}\n")
    with pytest.raises(InputError, match=re.escape(said)):
        read_settings(tmp_path / "rules.yaml")


@pytest.mark.parametrize("settings", [{}, {"severity": "disabled"}])
@pytest.mark.parametrize("rule", [rule for rule, _, _ in LIMITS])
def test_a_rule_that_nobody_asked_for_may_lack_its_limit(rule: str, settings: dict[str, Any]) -> None:
    assert read_values({"rules": {rule: settings}}, GateSettings).of(rule).in_force == "disabled"


@pytest.mark.parametrize(("rule", "limit"), [(rule, limit) for rule, limit, _ in LIMITS])
@pytest.mark.parametrize("nothing", ["", "null", "~"])
def test_a_limit_with_nothing_after_it_is_refused(rule: str, limit: str, nothing: str, tmp_path: Path) -> None:
    """It would switch the rule off, and read as if it were on."""
    (tmp_path / "rules.yaml").write_text(f"rules:\n  {rule}:\n    {limit}: {nothing}\n")
    with pytest.raises(InputError, match=rf"rules\.yaml: rules\.{rule}\.{limit}: nothing stands after it"):
        read_settings(tmp_path / "rules.yaml")


@pytest.mark.parametrize("number", ["010", "0100", "-010", "0_10", "007.5"])
def test_a_number_that_begins_with_a_zero_is_refused(number: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(f"rules:\n  cost-cap: {{max_usd_per_month: {number}}}\n")
    with pytest.raises(InputError, match=rf"rules\.yaml:2: {number} begins with a zero"):
        read_settings(tmp_path / "rules.yaml")


def test_a_rule_whose_settings_are_commented_out_has_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules:\n  cost-cap:\n    # max_usd_per_month: 5\nexemptions:\n")
    assert read_settings(tmp_path / "rules.yaml").of("cost-cap").in_force == "disabled"


def test_a_second_block_of_rules_is_refused(tmp_path: Path) -> None:
    """It would take the place of the first, and all that this one asks for."""
    file = tmp_path / "greenai-policy.yaml"
    file.write_text("rules:\n  cost-cap: {max_usd_per_month: 5}\nrules:\n  plan-age: {max_hours: 48}\n")

    with pytest.raises(InputError, match=r"greenai-policy\.yaml:3: the key 'rules' stands twice, first in line 1"):
        read_settings(file)


def test_the_template_is_sound() -> None:
    template = Path(__file__).parents[2] / "templates" / "greenai-policy.yaml"
    assert read_settings(template).of("budget-alarm").in_force == "advisory"


def test_every_example_of_the_template_is_a_setting_that_is_taken(tmp_path: Path) -> None:
    template = Path(__file__).parents[2] / "templates" / "greenai-policy.yaml"
    text, examples = re.subn(r"^  # (\S+: \{)", r"  \1", template.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (tmp_path / "all.yaml").write_text(text)
    settings = read_settings(tmp_path / "all.yaml")
    assert examples == len(RULES) - 1  # budget-alarm stands there in the open
    assert "disabled" not in {settings.of(rule.id).in_force for rule in RULES}


def test_the_schema_takes_what_the_settings_take() -> None:
    gate = {
        "rules": {"region-intensity": {"max_g_per_kwh": 50}, "carbon-tags": {"keys": ["team"]}},
        "exemptions": [{"rule": "encryption", "resource": "x", "reason": "y", "expires": "2027-01-31"}],
    }
    jsonschema.validate(gate, settings_schema())
    read_values(gate, GateSettings)


TYPES = sorted({*JUDGED, *MACHINES, "aws:iam/rolePolicy:RolePolicy", "aws:rds/instance:Instance"})
NAMES = sorted(
    {name for path in ("a.b", "tags", "policy", "definition", "threshold", "conditions") for name in path.split(".")}
    | {part.removesuffix("[]") for paths in MACHINES.values() for path in paths for part in path.split(".")}
    | {*FLAGS, *RANGES}
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just(UNKNOWN),
    st.just('{"Statement":[[]]}'),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4), inner.map(Secret)
    ),
    max_leaves=12,
)
EVERYTHING = read_values(
    {
        "rules": {
            "region-intensity": {"max_g_per_kwh": 50},
            "live-data": {"require_live": True},
            "instance-types": {"allowed": ["ml.*"]},
            "carbon-cap": {"max_kg_per_month": 1},
            "cost-cap": {"max_usd_per_month": 1},
        }
    },
    GateSettings,
)


@settings(max_examples=400, deadline=None)
@given(
    types=st.lists(
        st.sampled_from([*TYPES, "aws:sfn/stateMachine:StateMachine", "gcp:monitoring/alertPolicy:AlertPolicy"]),
        max_size=3,
    ),
    inputs=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6),
    config=st.dictionaries(st.sampled_from(["training", "program", "alarms-stack"]), VALUES, max_size=3),
)
def test_no_declaration_makes_a_rule_stumble(types: list[str], inputs: dict[str, Any], config: dict[str, Any]) -> None:
    whole = stack(*(a(one, f"r{at}", taggable=True, **inputs) for at, one in enumerate(types)), config=config)
    assert len(judge(whole, EVERYTHING).rules) == len(RULES)


BELOW = (
    "contracts",
    "discovery",
    "policy",
    "catalog",
    "clock",
    "errors",
    "flags",
    "monitoring",
    "numbers",
    "safe_yaml",
    "typed_yaml",
)


def test_the_rules_know_no_engine_and_no_command_line() -> None:
    code = (
        "import sys, greenai_infra.policy.judge, greenai_infra.policy.settings;"
        "own = [m for m in sys.modules if m.startswith('greenai_infra.')"
        f" and m.split('.')[1] not in {BELOW}];"
        "foreign = {'pulumi', 'pulumi_policy', 'grpc', 'click', 'botocore'} & set(sys.modules);"
        "foreign = sorted(foreign);"
        "print(own, foreign)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[] []"
