"""The checkups of a Google Cloud project, by answers as Google's reference documents them."""

from __future__ import annotations

from typing import Any

import pytest

from greenai_infra.doctor.gcp import check_gcp
from greenai_infra.doctor.needs import GcpNeeds

NEEDS = GcpNeeds(
    "proj-1",
    "europe-north1",
    image="europe-north1-docker.pkg.dev/proj-1/trainers/llm:v1",
    data_uri="gs://corpus/tokens v3",
)
PROJECT = "https://cloudresourcemanager.googleapis.com/v1/projects/proj-1"
BILLING = "https://cloudbilling.googleapis.com/v1/projects/proj-1/billingInfo"
MANIFEST = "https://europe-north1-docker.pkg.dev/v2/proj-1/trainers/llm/manifests/v1"
OBJECTS = "https://storage.googleapis.com/storage/v1/b/corpus/o?maxResults=1&prefix=tokens%20v3"
FINE: dict[str, tuple[int, dict[str, Any]]] = {
    PROJECT: (200, {"projectId": "proj-1", "lifecycleState": "ACTIVE"}),
    BILLING: (200, {"billingEnabled": True}),
    MANIFEST: (200, {}),
    OBJECTS: (200, {"items": [{"name": "tokens v3/0001"}]}),
}


def states(answers: dict[str, tuple[int, dict[str, Any]]]) -> dict[str, str]:
    return {one.part: one.state for one in check_gcp(NEEDS, lambda url: answers[url])}


def test_a_sound_project() -> None:
    assert states(FINE) == {
        "Google Cloud project": "ok",
        "billing": "ok",
        "Vertex AI quota": "unknown",
        "image": "ok",
        "data gs://corpus/tokens v3": "ok",
    }


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((401, {}), "error"),
        ((403, {}), "error"),
        ((404, {}), "error"),
        ((503, {}), "unknown"),
        ((200, {"lifecycleState": "DELETE_REQUESTED"}), "error"),
    ],
)
def test_a_project_that_can_t_be_used_ends_the_examination(answer: tuple[int, dict[str, Any]], state: str) -> None:
    assert states({PROJECT: answer}) == {"Google Cloud project": state}


@pytest.mark.parametrize(
    ("url", "answer", "part", "state"),
    [
        (BILLING, (200, {}), "billing", "error"),
        (BILLING, (403, {}), "billing", "unknown"),
        (MANIFEST, (404, {}), "image", "error"),
        (MANIFEST, (403, {}), "image", "unknown"),
        (OBJECTS, (200, {}), "data gs://corpus/tokens v3", "error"),
        (OBJECTS, (404, {}), "data gs://corpus/tokens v3", "error"),
        (OBJECTS, (403, {}), "data gs://corpus/tokens v3", "unknown"),
    ],
)
def test_what_is_missing(url: str, answer: tuple[int, dict[str, Any]], part: str, state: str) -> None:
    assert states({**FINE, url: answer})[part] == state
