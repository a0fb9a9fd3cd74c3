"""Posting to GitLab: a server on loopback that speaks the notes API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.errors import InputError
from greenai_infra.review.api import ApiError, ReadOnly

from .test_github import ONE, TWO, post
from .web import TOKEN, Reply

if TYPE_CHECKING:
    from .web import Server

BOT = "project_42_bot"


def test_a_note_is_created_then_edited_in_place(gitlab: Server, on_gitlab: dict[str, str]) -> None:
    first = post(on_gitlab)
    second = post(on_gitlab, (ONE, f"{ONE}\nnewer"), (TWO, f"{TWO}\nsecond"))

    assert first == [f"created the comment {ONE} on project 42 merge request 7"]
    assert [line.split()[0] for line in second] == ["updated", "created"]
    assert [one["body"] for one in gitlab.comments] == [f"{ONE}\nnewer", f"{TWO}\nsecond"]
    assert {one.headers.get("PRIVATE-TOKEN") for one in gitlab.asked} == {TOKEN}
    assert "Authorization" not in gitlab.asked[0].headers


def test_a_note_is_found_behind_many_others_and_not_among_gitlabs_own(
    gitlab: Server, on_gitlab: dict[str, str]
) -> None:
    for number in range(130):
        gitlab.add(f"note {number}", "someone")
    gitlab.add(f"{ONE}\nsystem", BOT, system=True)
    gitlab.add(f"{ONE}\nold", BOT)

    assert post(on_gitlab)[0].startswith("updated")
    assert [one["body"] for one in gitlab.comments[130:]] == [f"{ONE}\nsystem", f"{ONE}\nnew"]


def test_a_marker_planted_by_someone_else_is_left_alone(gitlab: Server, on_gitlab: dict[str, str]) -> None:
    gitlab.add(f"{ONE}\nplanted", "mallory")
    assert post(on_gitlab)[0].startswith("created")
    assert gitlab.comments[0]["body"] == f"{ONE}\nplanted"


def test_a_pipeline_of_a_fork_has_no_token_and_prints(on_gitlab: dict[str, str]) -> None:
    said = post({**on_gitlab, "GITLAB_TOKEN": ""})
    assert "CI_JOB_TOKEN can't write notes; make a project access token" in said[0]
    assert said[1] == f"{ONE}\nnew"


def test_a_missing_token_is_an_error_where_a_comment_is_required(on_gitlab: dict[str, str]) -> None:
    with pytest.raises(ReadOnly, match="GITLAB_TOKEN is not set"):
        post({**on_gitlab, "GITLAB_TOKEN": ""}, require=True)


def test_a_token_that_may_only_read_prints(gitlab: Server, on_gitlab: dict[str, str]) -> None:
    gitlab.read_only = True
    said = post(on_gitlab)
    assert said[0].startswith("not posted, but printed here: the token may not do this (HTTP 403): insufficient_scope")
    assert said[1] == f"{ONE}\nnew"


def test_a_rate_limit_is_waited_for(gitlab: Server, on_gitlab: dict[str, str]) -> None:
    gitlab.next_replies = [Reply(429, b"Retry later", {"Retry-After": "1", "RateLimit-Remaining": "0"})]
    assert post(on_gitlab)[0].startswith("created")


def test_a_note_whose_answer_was_lost_is_not_posted_twice(gitlab: Server, on_gitlab: dict[str, str]) -> None:
    gitlab.after_create = [Reply(502, b"<html>")]
    assert post(on_gitlab)[0].startswith("created")
    assert len(gitlab.comments) == 1


@pytest.mark.parametrize(
    ("status", "words"), [(401, "the token was refused"), (404, "the repository or request does not exist")]
)
def test_a_refusal_says_why(gitlab: Server, on_gitlab: dict[str, str], status: int, words: str) -> None:
    gitlab.next_replies = [Reply(status, {"message": f"{status} no"})]
    with pytest.raises(ApiError, match=words):
        post(on_gitlab)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"GITLAB_TOKEN": "glcbt-job"}, "GITLAB_TOKEN is the job token"),
        ({"CI_API_V4_URL": ""}, "CI_API_V4_URL is not set"),
        ({"CI_PROJECT_ID": ""}, "CI_PROJECT_ID is not set"),
        ({"CI_MERGE_REQUEST_IID": ""}, "CI_MERGE_REQUEST_IID is not set"),
        ({"CI_MERGE_REQUEST_IID": "7/.."}, "CI_MERGE_REQUEST_IID is not set"),
        ({"CI_API_V4_URL": "http://gitlab.example/api/v4"}, "CI_API_V4_URL is .*https"),
    ],
)
def test_what_is_missing_is_named(on_gitlab: dict[str, str], changes: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        post({**on_gitlab, **changes})
