"""What the training program declares on Google Cloud: labels, access, hardening, names, start; and what it refuses."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from greenai_infra.contracts.labels import number_of_label, time_of_label

from .declare import Declared, changed, config_of, declare, run_program

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from greenai_infra.stacks.gcp.service_account import ServiceAccount, ServiceAccountArgs
from greenai_infra.stacks.gcp.site import Site
from greenai_infra.stacks.gcp.training.planned_start import yearly_cron

EXAMPLES = ("gcp-gpus", "gcp-slices", "gcp-now")
# Longest name that Google takes, for what Pulumi names after the logical name plus a hyphen and seven characters.
LENGTHS = {
    "Bucket": 63,
    "CryptoKey": 63,
    "Firewall": 63,
    "Job": 63,
    "KeyRing": 63,
    "ManagedZone": 63,
    "Network": 63,
    "NetworkAttachment": 63,
    "Route": 63,
    "Subnetwork": 63,
    "Workflow": 64,
}
LATE = {"start": "2036-12-01T22:00:00Z", "end": "2036-12-02T06:00:00Z"}
NEXT = {"start": "2036-12-02T22:00:00Z", "end": "2036-12-03T06:00:00Z"}


@pytest.fixture(params=EXAMPLES)
def declared(request: pytest.FixtureRequest) -> Declared:
    return declare(request.param)


def test_every_labelled_resource_carries_the_facts(declared: Declared) -> None:
    found = 0
    for resource in declared.resources:
        if not resource.taggable or (resource.type.startswith("gcp:cloudscheduler")):
            continue
        found += 1
        labels = resource.inputs.get("userLabels") or resource.inputs["labels"]
        assert {"project", "team", "workload", "environment", "managed-by", "carbon-zone"} <= labels.keys(), resource
        assert number_of_label(labels["carbon-intensity-g-per-kwh"]) > 0
        assert time_of_label(labels["carbon-observed-at"]).tzinfo
        for key, value in labels.items():
            assert re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key)
            assert re.fullmatch(r"[a-z0-9_-]{0,63}", value), f"{resource.name}: {key}={value!r}"
    assert found >= 9


def test_the_intensity_comes_back_from_the_labels() -> None:
    labels = declare("gcp-slices").one("Workflow").inputs["labels"]
    assert labels["carbon-intensity-g-per-kwh"] == "131_25"
    assert time_of_label(labels["carbon-observed-at"]) == datetime(2036, 11, 30, 11, tzinfo=UTC)


def test_everything_stands_in_the_project_and_region(declared: Declared) -> None:
    region = declared.one("Subnetwork").inputs["region"]
    for resource in declared.resources:
        for place in ("region", "location"):
            assert resource.inputs.get(place, region) == region, resource
        assert resource.inputs.get("project", "acme-training") == "acme-training", resource


def test_no_role_is_broad_and_no_member_is_public(declared: Declared) -> None:
    for resource in declared.resources:
        if resource.type.lower().endswith("iammember"):
            assert resource.inputs["role"].rpartition("/")[2] not in ("owner", "editor", "viewer", "admin")
            assert "admin" not in resource.inputs["role"].lower()
            assert resource.inputs["member"].startswith("serviceAccount:")
    for role in declared.of("IAMCustomRole"):
        assert not [one for one in role.inputs["permissions"] if "*" in one]


def test_roles_of_the_whole_project_are_those_that_know_no_narrower_place(declared: Declared) -> None:
    whole = [one.inputs["role"] for one in declared.resources if one.type == "gcp:projects/iAMMember:IAMMember"]
    named = {role for role in whole if role.startswith("roles/")}
    assert named == {"roles/logging.logWriter", "roles/monitoring.metricWriter"}
    permissions = {one for role in declared.of("IAMCustomRole") for one in role.inputs["permissions"]}
    assert permissions == {
        *("aiplatform.customJobs.cancel", "aiplatform.customJobs.create", "aiplatform.customJobs.get"),
        *("compute.networkAttachments.get", "compute.networkAttachments.update", "compute.regionOperations.get"),
        "workflows.executions.create",
    }


def test_the_job_reads_data_and_keeps_checkpoints_and_the_workflow_only_claims() -> None:
    access = {
        (one.inputs["bucket"].split("-0abc")[0].rpartition("-")[2], one.name.rpartition("-")[2]): one.inputs["role"]
        for one in declare("gcp-gpus").of("BucketIAMMember")
    }
    assert access == {
        ("data", "job"): "roles/storage.objectViewer",
        ("checkpoints", "job"): "roles/storage.objectUser",
        ("artifacts", "job"): "roles/storage.objectUser",
        ("artifacts", "claim"): "roles/storage.objectCreator",
    }
    [other] = [one for one in declare("gcp-slices").of("BucketIAMMember") if "other" in one.name]
    assert (other.inputs["bucket"], other.inputs["role"]) == ("example-corpus", "roles/storage.objectViewer")


def test_buckets_are_closed_encrypted_versioned_and_tidy(declared: Declared) -> None:
    buckets = {one.name.rpartition("-")[2]: one.inputs for one in declared.of("Bucket")}
    assert set(buckets) == {"data", "checkpoints", "artifacts"}
    for bucket in buckets.values():
        assert bucket["uniformBucketLevelAccess"] is True
        assert bucket["publicAccessPrevention"] == "enforced"
        assert bucket["encryption"]["defaultKmsKeyName"]
        assert bucket["versioning"]["enabled"] is True
    expiring = {
        name
        for name, one in buckets.items()
        if any("age" in r["condition"] and r["action"]["type"] == "Delete" for r in one["lifecycleRules"])
    }
    assert expiring == {"checkpoints"}, "the marker of a plan that has begun must not expire"


def test_the_network_leads_to_googles_apis_and_nowhere_else(declared: Declared) -> None:
    assert declared.one("Network").inputs["deleteDefaultRoutesOnCreate"] is True
    assert declared.one("Subnetwork").inputs["privateIpGoogleAccess"] is True
    assert declared.one("Route").inputs["destRange"] == "199.36.153.8/30"
    rules = [one.inputs for one in declared.of("Firewall")]
    cidr = declared.one("Subnetwork").inputs["ipCidrRange"]
    assert len(rules) == 5
    for one in rules:
        ranges = one["destinationRanges"] if one["direction"] == "EGRESS" else one["sourceRanges"]
        if "allows" in one:
            assert ranges[0] in (cidr, "199.36.153.8/30")
        else:
            assert (ranges, one["priority"]) == (["0.0.0.0/0"], 65534)
    assert sum("denies" in one for one in rules) == 2
    assert not declared.of("RouterNat")


def test_names_fit(declared: Declared) -> None:
    for resource in declared.resources:
        kind = resource.type.rpartition(":")[2]
        if "name" not in resource.inputs:
            assert len(resource.name) + 8 <= LENGTHS.get(kind, 255), f"{kind} {resource.name}"
    for account in declared.of("Account"):
        assert re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", account.inputs["accountId"])
    ids = [account.inputs["accountId"] for account in declared.of("Account")]
    assert len(set(ids)) == len(ids) == 3
    for role in declared.of("IAMCustomRole"):
        assert re.fullmatch(r"[a-zA-Z0-9_.]{3,64}", role.inputs["roleId"])


def test_accounts_of_alike_workloads_and_other_regions_differ() -> None:
    sites = [
        Site("pretrain-the-first", "pretrain-the-first", "p", "us-west1", {}),
        Site("pretrain-the-second", "pretrain-the-second", "p", "us-west1", {}),
        Site("pretrain-the-first", "pretrain-the-first", "p", "us-east1", {}),
    ]
    assert len({site.account_id("job") for site in sites}) == 3
    with pytest.raises(ValueError, match="too long"):
        sites[0].account_id("everything")


@pytest.mark.parametrize("args", [{"project_roles": ["roles/editor"]}, {"permissions": ["storage.*"]}])
def test_an_account_with_broad_rights_can_t_be_declared(args: dict[str, Any]) -> None:
    site = Site("w-1", "w-1", "p", "us-west1", {})
    declared, refused = run_program({**config_of("gcp-gpus"), "greenai-infra:program": "none"})
    assert refused
    assert declared.everything == []
    with pytest.raises(ValueError, match=r"more than any part|one by one"):
        ServiceAccount("a", ServiceAccountArgs(site=site, what="job", description="", **args))


def test_the_schedule_starts_the_workflow_at_the_planned_minute() -> None:
    job = declare("gcp-gpus").one("Job").inputs
    assert (job["schedule"], job["timeZone"]) == ("0 22 1 12 *", "Etc/UTC")
    body = json.loads(base64.b64decode(job["httpTarget"]["body"]))
    assert json.loads(body["argument"]) == {"launch": "scheduled"}
    assert job["httpTarget"]["uri"] == (
        "https://workflowexecutions.googleapis.com/v1/finetune-7b-training-id/executions"
    )
    assert job["httpTarget"]["oauthToken"]["serviceAccountEmail"]


def test_a_cron_is_in_utc() -> None:
    assert yearly_cron(datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-2)))) == "30 1 1 1 *"
    with pytest.raises(ValueError, match="no time zone"):
        yearly_cron(datetime(2026, 12, 31))  # noqa: DTZ001


def test_now_starts_with_up_and_has_no_schedule() -> None:
    job = declare("gcp-now").one("Job")
    assert job.type == "gcp:cloudrunv2/job:Job"
    assert job.inputs["startExecutionToken"] == "plan-00aa11bb"
    [container] = job.inputs["template"]["template"]["containers"]
    assert container["commands"] == ["gcloud", "workflows", "execute"]
    assert '--data={"launch": "now"}' in container["args"]


def test_every_end_of_a_run_is_told_by_mail() -> None:
    policy = declare("gcp-slices").one("AlertPolicy").inputs
    assert len(policy["notificationChannels"]) == 2
    filter_ = policy["conditions"][0]["conditionMatchedLog"]["filter"]
    assert "jsonPayload.notice:*" in filter_
    assert policy["alertStrategy"]["notificationRateLimit"]["period"].endswith("s")
    mails = {one.inputs["labels"]["email_address"] for one in declare("gcp-slices").of("NotificationChannel")}
    assert mails == {"pretraining@example.com", "oncall@example.com"}


def test_no_key_is_used_before_its_service_may_use_it() -> None:
    members = {one.name.rpartition("-")[2] for one in declare("gcp-gpus").of("CryptoKeyIAMMember")}
    assert members == {"storage", "artifactregistry", "aiplatform", "workflows"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"provider": "azure"}, "provider: expected aws or gcp, for example aws (is 'azure')"),
        ({"gcp_project": None}, 'gcp_project: is missing; expected a string, for example "my-project-123456"'),
        ({"gcp_project": "My Project"}, "gcp_project: must match the pattern"),
        ({"region": "eu-north-1"}, "region: must match the pattern"),
        ({"machine_type": "g2-standard-95"}, "trains on no g2-standard-95 that the catalog knows"),
        ({"accelerator_count": None}, "accelerator_type and accelerator_count go together"),
        ({"accelerator_count": 4}, "g2-standard-96 has accelerator_type NVIDIA_L4 and accelerator_count 8"),
        ({"accelerator_type": "NVIDIA_B200"}, "not NVIDIA_B200 and 8"),
        ({"tpu_topology": "2x2"}, "tpu_topology is for TPU machines"),
        (
            {"machine_type": "a3-highgpu-1g", "accelerator_type": "NVIDIA_H100_80GB", "accelerator_count": 1},
            "spot: true",
        ),
        ({"image": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/a:1"}, "image: must match the pattern"),
        ({"data_uri": "s3://bucket/x"}, "data_uri: must match the pattern"),
        ({"network": {"cidr": "10.42.0.1/16"}}, "network.cidr"),
        ({"instance_type": "ml.p5.48xlarge"}, "instance_type: unknown key"),
        ({"slices": [NEXT, LATE]}, "starts before the one before it has ended"),
        ({"slices": [{**LATE, "end": "2037-01-30T00:00:00Z"}]}, "span more than 35 days"),
        ({"launch": "now"}, "launch: now needs image"),
        ({"launch": "now", "slices": [LATE, NEXT]}, "launch: now runs one training job"),
    ],
)
def test_config_that_can_t_be_used_is_refused_by_name(changes: dict[str, Any], expected: str) -> None:
    declared, message = run_program(changed("gcp-gpus", **changes))
    assert declared.everything == []
    assert expected in message
    assert all(line.startswith("greenai-infra:training: ") for line in message.splitlines())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tpu_topology": "4x5"}, "tpu_topology (is '4x5') of ct5lp-hightpu-4t is one of 2x2, 4x4"),
        ({"tpu_topology": None}, "tpu_topology (is None)"),
        ({"instance_count": 2}, "a TPU slice is one"),
        ({"spot": True}, "no spot slices of several machines"),
    ],
)
def test_a_tpu_slice_that_there_isn_t_is_refused(changes: dict[str, Any], expected: str) -> None:
    declared, message = run_program(changed("gcp-now", **changes))
    assert declared.everything == []
    assert expected in message
