"""The double of Google Cloud under the real engine: a small stack's whole life, and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest

from .project import Project
from .test_offline_equals_engine import compare

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")
pytestmark = pytest.mark.engine

MakeProject = Callable[..., Project]

PARTS = """
import pulumi
import pulumi_gcp as gcp

config = pulumi.Config()
place = config.get("place") or "europe-north1"
ring = gcp.kms.KeyRing("ring", location=place)
key = gcp.kms.CryptoKey("key", key_ring=ring.id, rotation_period=config.get("rotation") or "7776000s")
account = gcp.serviceaccount.Account("reader", account_id="reader-1")
bucket = gcp.storage.Bucket("data", location=place, encryption={"default_kms_key_name": key.id},
    uniform_bucket_level_access=True, labels={"intensity": config.get("intensity") or "20_4"})
gcp.storage.BucketIAMMember("reader", bucket=bucket.name, role="roles/storage.objectViewer", member=account.member)
pulumi.export("url", bucket.url)
"""
CONFIG = {"gcp:project": "my-project-123", "gcp:region": "europe-north1"}


def test_a_stack_lives_from_preview_to_destroy(cold_project: MakeProject) -> None:
    sample = cold_project(PARTS, CONFIG)

    assert sample.preview()["changeSummary"] == {"create": 6}
    assert sample.changes("up") == {"create": 6}
    assert sample.changes("up") == {"same": 6}
    assert sample.changes("refresh") == {"same": 6}
    assert sample.resource("data")["outputs"]["url"].startswith("gs://data-")
    sample.set(rotation="2592000s", intensity="31")
    assert sample.changes("up") == {"same": 4, "update": 2}
    sample.set(place="europe-west4")
    changed = sample.changes("up")
    assert changed["replace"] == 4, "ring, key, bucket, and who may read it"
    assert sample.changes("destroy") == {"delete": 6}
    assert sample.resources() == []


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        ('gcp.storage.Bucket("b", location="mars")', "'mars' is not what Google Cloud takes as location"),
        ('gcp.storage.Bucket("b", location="EU", labels={"g/kWh": "20"})', "no label key"),
        ('gcp.storage.Bucket("b", location="EU", labels={"g": "20.4"})', "'20.4' is no label value"),
        ('gcp.storage.Bucket("google", location="EU", name="google-data")', "as name"),
        ('gcp.serviceaccount.Account("a", account_id="A")', "as accountId"),
        ('gcp.projects.IAMMember("m", project="p", role="viewer", member="user:a@example.com")', "as role"),
        ('gcp.projects.IAMMember("m", project="p", role="roles/viewer", member="a@example.com")', "as member"),
        ('gcp.kms.CryptoKey("k", key_ring="r", rotation_period=90)', "90 is no string"),
        ('pulumi.CustomResource("gcp:pubsub/topic:Topic", "t", {"kmsKey": "x"})', "there is no property 'kmsKey'"),
    ],
)
def test_wrong_inputs_are_refused_with_the_property_named(project: MakeProject, program: str, complaint: str) -> None:
    sample = project(f"import pulumi\nimport pulumi_gcp as gcp\n{program}\n", CONFIG)

    refused = sample.pulumi("preview", check=False)

    assert refused.returncode != 0
    assert complaint in refused.stdout


def test_without_a_project_the_provider_says_so(project: MakeProject) -> None:
    refused = project(PARTS, {"gcp:region": "europe-north1"}).pulumi("preview", check=False)

    assert refused.returncode != 0
    assert "set gcp:project in the stack's config" in refused.stdout


def test_a_create_fails_with_the_injected_message(project: MakeProject) -> None:
    sample = project(PARTS, CONFIG)
    stockout: dict[str, Any] = {"GREENAI_DOUBLE_FAIL": "gcp:storage/bucket:Bucket@europe-north1=ZONE_EXHAUSTED"}

    failed = sample.pulumi("up", "--yes", "--skip-preview", env=stockout, check=False)

    assert failed.returncode != 0
    assert "ZONE_EXHAUSTED" in failed.stdout


def test_the_offline_preview_equals_the_engines(project: MakeProject) -> None:
    sample = project(PARTS, CONFIG)
    (sample.folder / "Pulumi.dev.yaml").write_text("config:\n  gcp:project: my-project-123\n  gcp:region: us-west1\n")

    offline = compare(sample.engine, sample.folder, "dev")

    assert not offline.failed
    places = {one.name: one.region for one in offline.built}
    assert places == {"ring": "europe-north1", "key": "", "data": "europe-north1", "reader": ""}
