from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .web import TOKEN, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("greenai_infra.masking._secrets", [])


@pytest.fixture
def github() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def gitlab() -> Iterator[Server]:
    server = Server("gitlab", user={"username": "project_42_bot", "id": 9}, longest=1_000_000)
    yield server
    server.close()


@pytest.fixture
def on_github(github: Server, tmp_path: Path) -> dict[str, str]:
    """The environment of a job on pull request 7."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"action": "opened", "pull_request": {"number": 7, "head": {"repo": {"fork": True}}}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "octo/infra",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_API_URL": github.url,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }


@pytest.fixture
def on_gitlab(gitlab: Server) -> dict[str, str]:
    """The environment of a job on merge request 7."""
    return {
        "GITLAB_CI": "true",
        "GITLAB_TOKEN": TOKEN,
        "CI_JOB_TOKEN": "glcbt-job",
        "CI_API_V4_URL": gitlab.url,
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
    }
