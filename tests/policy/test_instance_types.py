"""`instance-types` and the caps: only with something to hold a stack against."""

from __future__ import annotations

import json
from typing import Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource, Secret
from greenai_infra.policy.rule import Standing

from .declare import a, could_not_run, kept, messages, stack

RULE = "instance-types"
ALLOWED = ["ml.p5.*", "cache.t4g.*", "v5litepod-*", "a3-*"]
JOB = "aws:sagemaker/trainingJob:TrainingJob"
MACHINE = "aws:sfn/stateMachine:StateMachine"
WORKFLOW = "gcp:workflows/workflow:Workflow"


def flow(parameters: dict[str, Any]) -> DeclaredResource:
    train = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob", "Parameters": parameters}
    text = json.dumps({"States": {"Both": {"Type": "Parallel", "Branches": [{"States": {"Train": train}}]}}})
    return a(MACHINE, definition=UNKNOWN, _rendered={"definition": text})


def steps(machine: str) -> DeclaredResource:
    specs = f"{{workerPoolSpecs: [{{machineSpec: {{machineType: {machine}}}}}]}}"
    text = f"main:\n  steps:\n    - go:\n        args: {specs}\n"
    return a(WORKFLOW, sourceContents=text)


@pytest.mark.parametrize(
    ("resource", "ok"),
    [
        (a(JOB, resourceConfig={"instanceType": "ml.p5.48xlarge"}), True),
        (a(JOB, resourceConfig={"instanceType": "ml.p4d.24xlarge"}), False),
        (a(JOB, resourceConfig={"instanceType": "ml.p50.xlarge"}), False),
        (a(JOB, resourceConfig={"instanceGroups": [{"instanceType": "ml.p5.48xlarge"}, {"instanceType": "x"}]}), False),
        (flow({"ResourceConfig": {"InstanceType": "ml.p5.48xlarge"}}), True),
        (flow({"ResourceConfig": {"InstanceType": "ml.g5.xlarge"}}), False),
        (a("aws:elasticache/replicationGroup:ReplicationGroup", nodeType="cache.t4g.small"), True),
        (a("aws:elasticache/replicationGroup:ReplicationGroup", nodeType="cache.r7g.16xlarge"), False),
        (a("aws:ec2/instance:Instance", instanceType="p5.48xlarge"), False),
        (a("aws:emr/cluster:Cluster", coreInstanceGroup={"instanceType": "m5.xlarge"}), False),
        (a("aws:ssm/parameter:Parameter", value='{"instanceType": "m5.xlarge"}'), True),
        (a("gcp:tpu/v2Vm:V2Vm", acceleratorType="v5litepod-8"), True),
        (a("gcp:tpu/v2Vm:V2Vm", acceleratorType="v4-8"), False),
        (a("gcp:compute/instance:Instance", machineType="zones/europe-west4-a/machineTypes/a3-highgpu-8g"), True),
        (steps("a3-highgpu-8g"), True),
        (steps("n1-standard-4"), False),
        (a("aws:sns/topic:Topic"), True),
    ],
)
def test_machines(resource: DeclaredResource, ok: bool) -> None:
    assert kept(RULE, resource, allowed=ALLOWED) == ok
    assert kept(RULE, resource)


@pytest.mark.parametrize(
    "resource",
    [
        a(JOB, resourceConfig={"instanceType": UNKNOWN}),
        a(JOB, resourceConfig=UNKNOWN),
        a(MACHINE, definition=UNKNOWN),
        flow({"ResourceConfig": {"InstanceType.$": "$.machine"}}),
        steps("${args.machine}"),
        a(WORKFLOW, sourceContents="main: [unclosed"),
    ],
    ids=["unknown", "unknown around it", "unread", "computed", "expression", "no YAML"],
)
def test_a_machine_that_can_not_be_told(resource: DeclaredResource) -> None:
    assert could_not_run(RULE, resource, allowed=ALLOWED)


def test_a_secret_is_not_in_the_words() -> None:
    job = a(JOB, resourceConfig={"instanceType": Secret("ml.hush.xlarge")})
    assert messages(RULE, job, allowed=["ml.p5.*"]) == ["[secret] is not among the allowed ml.p5.*"]


@pytest.mark.parametrize(
    ("kg", "usd", "missing", "carbon", "cost"),
    [
        (10.0, 100.0, "", "kept", "kept"),
        (10.1, 100.5, "", "violated", "violated"),
        (None, None, "", "not run", "not run"),
        (1.0, 1.0, "kg", "not run", "kept"),
        (1.0, 1.0, "usd", "kept", "not run"),
        (11.0, 101.0, "kg", "violated", "violated"),
        (0.0, 0.0, "", "kept", "kept"),
    ],
)
def test_caps(kg: float | None, usd: float | None, missing: str, carbon: str, cost: str) -> None:
    unmeasured, unpriced = (("endpoint",) if missing == one else () for one in ("kg", "usd"))
    whole = stack(standing=Standing(kg, usd, "lifecycle", "average", unmeasured, unpriced))
    for rule, setting, cap, expected in (
        ("carbon-cap", "max_kg_per_month", 10, carbon),
        ("cost-cap", "max_usd_per_month", 100, cost),
    ):
        said = messages(rule, whole, **{setting: cap})
        now = "kept" if not said else "not run" if could_not_run(rule, whole, **{setting: cap}) else "violated"
        assert now == expected, said
        assert not could_not_run(rule, whole, **{setting: cap}, known_only=True) or (kg, usd) == (None, None)
        assert kept(rule, whole)


@pytest.mark.parametrize(
    ("usd", "cap", "says"),
    [
        (5123.4, 1000, "standing 5,120 USD a month, more than the cap of 1,000"),
        (1000.4, 1000, "standing 1,000.4 USD a month, more than the cap of 1,000"),
        (3e6, 2500000, "standing 3,000,000 USD a month, more than the cap of 2,500,000"),
        (1e308, 0.5, "standing 1.00e+308 USD a month, more than the cap of 0.5"),
    ],
)
def test_figures_over_a_cap_read_as_a_person_writes_them(usd: float, cap: float, says: str) -> None:
    assert messages("cost-cap", stack(standing=Standing(1.0, usd)), max_usd_per_month=cap) == [says]


def test_a_carbon_cap_is_for_its_own_kind_of_figure() -> None:
    direct = stack(standing=Standing(1.0, 1.0, "direct", "average"))
    assert could_not_run("carbon-cap", direct, max_kg_per_month=10)
    assert kept("carbon-cap", direct, max_kg_per_month=10, basis="direct")


def test_without_standing_figures_a_cap_can_not_be_judged() -> None:
    assert could_not_run("carbon-cap", stack(), max_kg_per_month=10)
    assert could_not_run("cost-cap", stack(), max_usd_per_month=10)


def test_known_only_lets_a_stack_pass_of_which_nothing_is_known() -> None:
    nothing = stack(standing=Standing(None, None, unmeasured=("a",), unpriced=("a",)))

    for rule, cap in (("carbon-cap", {"max_kg_per_month": 1}), ("cost-cap", {"max_usd_per_month": 1})):
        assert kept(rule, nothing, known_only=True, **cap)
        assert could_not_run(rule, nothing, **cap)


@pytest.mark.parametrize(("high", "kept_to"), [(150.0, False), (100.0, True), (None, True)])
def test_a_cost_that_is_an_estimate_keeps_a_cap_only_with_all_of_its_band(high: float | None, kept_to: bool) -> None:
    estimate = stack(standing=Standing(1.0, 90.0, "lifecycle", "average", cost_usd_per_month_high=high))

    assert could_not_run("cost-cap", estimate, max_usd_per_month=100) is not kept_to
    assert kept("cost-cap", estimate, max_usd_per_month=100, known_only=True)
