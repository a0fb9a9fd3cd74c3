"""Posting to GitHub: a server on loopback that speaks the documented API."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from greenai_infra.errors import InputError
from greenai_infra.review.api import ApiError, ReadOnly
from greenai_infra.review.deliver import Delivery, deliver
from greenai_infra.review.post import Text

from .web import TOKEN, Reply, Server

if TYPE_CHECKING:
    from collections.abc import Mapping

BOT = "github-actions[bot]"
ONE = "<!-- greenai-infra: assistants/one -->"
TWO = "<!-- greenai-infra: assistants/two -->"


def post(
    environment: Mapping[str, str],
    *texts: tuple[str, str],
    author: str | None = None,
    number: int | None = None,
    require: bool = False,
    wait_s: float = 20,
) -> list[str]:
    given = texts or ((ONE, f"{ONE}\nnew"),)
    return deliver([Text(*text) for text in given], Delivery(None, number, author, require, wait_s), environment)


def test_what_is_not_worth_a_comment_only_replaces_one(github: Server, on_github: dict[str, str]) -> None:
    delivery = Delivery(None, None, None, False, 20)
    unworthy = Text(ONE, f"{ONE}\nnothing", worth=False)

    assert deliver([unworthy], delivery, on_github) == [f"no comment {ONE}: nothing changes that was asked for"]
    assert github.comments == []

    post(on_github)
    assert deliver([unworthy], delivery, on_github) == [f"updated the comment {ONE} on octo/infra pull request 7"]


def test_the_first_run_creates_a_comment(github: Server, on_github: dict[str, str]) -> None:
    said = post(on_github)

    assert said == [f"created the comment {ONE} on octo/infra pull request 7"]
    assert [one["body"] for one in github.comments] == [f"{ONE}\nnew"]
    assert github.asked[-1].headers["X-GitHub-Api-Version"] == "2022-11-28"


def test_the_next_run_edits_it_in_place(github: Server, on_github: dict[str, str]) -> None:
    post(on_github)
    said = post(on_github, (ONE, f"{ONE}\nnewer"))

    assert said == [f"updated the comment {ONE} on octo/infra pull request 7"]
    assert [(one["id"], one["body"]) for one in github.comments] == [(1, f"{ONE}\nnewer")]


def test_an_equal_text_is_not_sent_again(github: Server, on_github: dict[str, str]) -> None:
    github.add(f"{ONE}\r\nnew", BOT)
    said = post(on_github)
    assert said[0].startswith("unchanged")
    assert set(github.methods()) == {"GET"}


def test_two_stacks_have_a_comment_each(github: Server, on_github: dict[str, str]) -> None:
    github.add(f"{TWO}\nold", BOT)
    said = post(on_github, (ONE, f"{ONE}\nfirst"), (TWO, f"{TWO}\nsecond"))
    assert [line.split()[0] for line in said] == ["created", "updated"]
    assert [one["body"] for one in github.comments] == [f"{TWO}\nsecond", f"{ONE}\nfirst"]


@pytest.mark.parametrize("before", [99, 100, 250])
def test_the_comment_is_found_behind_many_others(github: Server, on_github: dict[str, str], before: int) -> None:
    for number in range(before):
        github.add(f"comment {number}", "someone")
    github.add(f"{ONE}\nold", BOT)

    said = post(on_github)

    assert said[0].startswith("updated")
    pages = [one for one in github.asked if one.path.endswith("/comments") and one.method == "GET"]
    assert len(pages) == before // 100 + 1
    assert len(github.comments) == before + 1


@pytest.mark.parametrize("login", ["mallory", "github-actions", "github-actions-bot", "dependabot[bot]"])
def test_a_marker_planted_by_someone_else_is_left_alone(github: Server, on_github: dict[str, str], login: str) -> None:
    github.add(f"{ONE}\nthe gate passes, honestly", login)
    said = post(on_github)
    assert said[0].startswith("created")
    assert github.comments[0]["body"] == f"{ONE}\nthe gate passes, honestly"


def test_a_marker_further_below_is_a_quotation(github: Server, on_github: dict[str, str]) -> None:
    github.add(f"> {ONE}\n{ONE}\nquoted", BOT)
    post(on_github)
    assert len(github.comments) == 2
    assert github.comments[0]["body"].startswith(">")


def test_of_duplicates_the_oldest_is_edited(github: Server, on_github: dict[str, str]) -> None:
    github.add("first!", "someone")
    github.add(f"{ONE}\nold", BOT)
    github.add(f"{ONE}\nnewer", BOT)
    github.comments.reverse()

    said = post(on_github)

    assert said[0].endswith("; 1 newer comments of ours with the same marker left alone")
    assert {one["id"]: one["body"] for one in github.comments}[2] == f"{ONE}\nnew"
    assert {one["id"]: one["body"] for one in github.comments}[3] == f"{ONE}\nnewer"


def test_a_token_of_a_person_owns_that_persons_comments(github: Server, on_github: dict[str, str]) -> None:
    github.user = {"login": "Octo-Bot"}
    github.add(f"{ONE}\nof the workflow", BOT)
    github.add(f"{ONE}\nof the person", "octo-bot")
    post(on_github)
    assert [one["body"] for one in github.comments] == [f"{ONE}\nof the workflow", f"{ONE}\nnew"]


def test_an_app_names_its_own_author(github: Server, on_github: dict[str, str]) -> None:
    github.add(f"{ONE}\nold", "our-app[bot]")
    assert post(on_github, author="our-app[bot]")[0].startswith("updated")


def test_a_read_only_token_writes_the_job_summary(github: Server, on_github: dict[str, str]) -> None:
    github.read_only = True
    Path(on_github["GITHUB_STEP_SUMMARY"]).write_text("earlier\n")

    said = post(on_github, (ONE, f"{ONE}\nfirst"), (TWO, f"{TWO}\nsecond"))

    assert said == [
        "not posted, but written to the job's summary: the token may not do this (HTTP 403): "
        "Resource not accessible by integration"
    ]
    written = Path(on_github["GITHUB_STEP_SUMMARY"]).read_text()
    assert written == f"earlier\n{ONE}\nfirst\n\n{TWO}\nsecond\n"
    assert github.comments == []


def test_a_read_only_token_is_an_error_where_a_comment_is_required(github: Server, on_github: dict[str, str]) -> None:
    github.read_only = True
    with pytest.raises(ReadOnly, match="can't be posted: the token may not do this"):
        post(on_github, require=True)


def test_without_a_summary_the_comment_is_printed(github: Server, on_github: dict[str, str]) -> None:
    github.read_only = True
    said = post({**on_github, "GITHUB_STEP_SUMMARY": ""})
    assert said[0].startswith("not posted, but printed here")
    assert said[1] == f"{ONE}\nnew"


def test_a_full_summary_is_not_overfilled(github: Server, on_github: dict[str, str]) -> None:
    github.read_only = True
    Path(on_github["GITHUB_STEP_SUMMARY"]).write_bytes(b"x" * 1_048_570)
    assert post(on_github)[0].startswith("not posted, but printed here")
    assert Path(on_github["GITHUB_STEP_SUMMARY"]).stat().st_size == 1_048_570


LIMITS = [
    Reply(429, {"message": "slow down"}, {"Retry-After": "1"}),
    Reply(403, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "1"}),
    Reply(
        403,
        {"message": "API rate limit exceeded"},
        # The server's clock is long past: only the difference counts.
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000000001", "Date": "Sun, 09 Sep 2001 01:46:40 GMT"},
    ),
]


@pytest.mark.parametrize("limit", LIMITS, ids=["429", "secondary", "primary"])
@pytest.mark.parametrize("place", ["list", "create"])
def test_a_rate_limit_is_waited_for(github: Server, on_github: dict[str, str], limit: Reply, place: str) -> None:
    github.next_replies = [limit] if place == "list" else [Reply(200, []), limit]
    # Reply(...) sends its own Date beside the server's; the first one counts.
    started = time.monotonic()

    said = post(on_github)

    assert said[0].startswith("created")
    assert 0.9 < time.monotonic() - started < 30
    assert len(github.comments) == 1


@pytest.mark.parametrize(
    "limit",
    [
        Reply(429, {"message": "slow down"}, {"Retry-After": "3600"}),
        Reply(403, {"message": "You have exceeded a secondary rate limit"}),
        Reply(403, {"message": "x"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999999999"}),
    ],
    ids=["retry-after", "no time named", "reset"],
)
def test_a_rate_limit_beyond_the_bound_fails_at_once(github: Server, on_github: dict[str, str], limit: Reply) -> None:
    github.next_replies = [limit]
    started = time.monotonic()
    with pytest.raises(ApiError, match=r"the rate limit is reached.*--max-wait") as failed:
        post(on_github, wait_s=50)
    assert time.monotonic() - started < 25  # it waited for nothing
    assert str(failed.value).endswith("; it is in the job's summary")
    assert not isinstance(failed.value, ReadOnly)


def test_a_failing_service_is_asked_again(github: Server, on_github: dict[str, str]) -> None:
    github.add(f"{ONE}\nold", BOT)
    github.next_replies = [Reply(502, {"message": "bad gateway"}), Reply(503, b"<html>")]
    assert post(on_github)[0].startswith("updated")


def test_a_retry_after_of_an_hour_on_a_failing_service_holds_nothing_up(
    github: Server, on_github: dict[str, str]
) -> None:
    github.next_replies = [Reply(503, {"message": "down"}, {"Retry-After": "3600"})]
    assert post(on_github)[0].startswith("created")


@pytest.mark.parametrize("lost", [Reply(502, {"message": "bad gateway"}), Reply(0, cut=True), Reply(201, b"<html>")])
def test_a_comment_whose_answer_was_lost_is_not_posted_twice(
    github: Server, on_github: dict[str, str], lost: Reply
) -> None:
    github.after_create = [lost]
    assert post(on_github)[0].startswith("created")
    assert github.methods().count("POST") == 1
    assert len(github.comments) == 1


def test_a_comment_that_did_not_arrive_is_an_error(github: Server, on_github: dict[str, str]) -> None:
    github.next_replies = [Reply(200, []), Reply(500, {"message": "sorry"})]
    with pytest.raises(ApiError, match=r"the service failed \(HTTP 500\): sorry"):
        post(on_github)
    assert github.methods().count("POST") == 1


def test_a_comment_deleted_in_between_is_made_again(github: Server, on_github: dict[str, str]) -> None:
    github.next_replies = [Reply(200, [{"id": 99, "body": f"{ONE}\nold", "user": {"login": BOT}}])]
    assert post(on_github)[0].startswith("created")
    assert len(github.comments) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(401, {"message": "Bad credentials"}), "the token was refused: it is wrong or has expired"),
        (Reply(404, {"message": "Not Found"}), "the repository or request does not exist, or the token can't see it"),
        (Reply(410, {"message": "Gone"}), "comments are disabled"),
        (Reply(422, {"message": "Validation Failed", "errors": [{"message": "body is too long"}]}), "body is too long"),
        (
            Reply(301, {"message": "Moved"}, {"Location": "http://127.0.0.1:9/"}),
            "check whether the repository was renamed",
        ),
        (Reply(200, b"<html>login</html>"), "the answer is not JSON"),
        (Reply(200, {"message": "odd"}), "is not a JSON array"),
    ],
)
def test_a_refusal_says_why(github: Server, on_github: dict[str, str], reply: Reply, words: str) -> None:
    github.next_replies = [reply]
    with pytest.raises(ApiError) as failed:
        post(on_github)
    assert words in str(failed.value)
    assert str(failed.value).startswith("the comment could not be posted: ")
    assert len(github.asked) == 1
    assert not isinstance(failed.value, ReadOnly)


def test_a_wrong_token_is_refused_and_never_shown(github: Server, on_github: dict[str, str]) -> None:
    secret = "ghp_wrong+but/secret"
    github.next_replies = [Reply(401, {"message": f"Bad credentials {secret} ghp_wrong%2Bbut%2Fsecret"})]
    with pytest.raises(ApiError) as failed:
        post({**on_github, "GITHUB_TOKEN": secret})
    assert "Bad credentials *** ***" in str(failed.value)


def test_a_next_page_on_another_host_does_not_get_the_token(github: Server, on_github: dict[str, str]) -> None:
    other = Server()
    try:
        for number in range(101):
            github.add(f"comment {number}", "someone")
        github.next_link_host = other.host
        with pytest.raises(ApiError, match="next page on another host"):
            post(on_github)
        assert other.asked == []
    finally:
        other.close()


def test_a_password_of_netrc_does_not_replace_the_token(
    github: Server, on_github: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    post(on_github)
    assert {one.headers["Authorization"] for one in github.asked} == {f"Bearer {TOKEN}"}


def test_a_service_that_is_not_there_is_an_error(on_github: dict[str, str]) -> None:
    with pytest.raises(ApiError, match="could not be reached"):
        post({**on_github, "GITHUB_API_URL": "http://127.0.0.1:9"})


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "http://127.0.0.1.evil.example",
        "ftp://x",
        "https://user@x/",
        "api.github.com",
        "https://",
    ],
)
def test_the_token_goes_over_https_only(on_github: dict[str, str], url: str) -> None:
    with pytest.raises(InputError, match=r"^GITHUB_API_URL (is|holds) .*(https|leave these out)"):
        post({**on_github, "GITHUB_API_URL": url})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
        ({"GITHUB_REPOSITORY": ""}, "GITHUB_REPOSITORY: expected OWNER/NAME"),
        ({"GITHUB_REPOSITORY": "octo/infra/../../x"}, "GITHUB_REPOSITORY: expected OWNER/NAME"),
        ({"GITHUB_EVENT_PATH": ""}, "GITHUB_EVENT_PATH is not set"),
        ({"GITHUB_EVENT_PATH": "/nowhere/event.json"}, "can't be read: No such file"),
        ({"GITHUB_ACTIONS": "", "GITHUB_REPOSITORY": ""}, "not a GitHub or GitLab job"),
    ],
)
def test_what_is_missing_is_named(on_github: dict[str, str], changes: dict[str, str], words: str) -> None:
    with pytest.raises(InputError) as refused:
        post({**on_github, **changes})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"ref": "refs/heads/main"}, "names no pull request"),
        ({"issue": {"number": 7}}, "names no pull request"),
        ({"pull_request": {"number": "7/../8"}}, "names no pull request"),
        ([], "names no pull request"),
    ],
)
def test_an_event_without_pull_request_is_refused(on_github: dict[str, str], event: object, words: str) -> None:
    Path(on_github["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    with pytest.raises(InputError, match=words):
        post(on_github)


def test_a_comment_on_a_pull_request_is_an_event_of_it(github: Server, on_github: dict[str, str]) -> None:
    event = {"issue": {"number": 7, "pull_request": {}}}
    Path(on_github["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    assert post(on_github)[0].endswith("octo/infra pull request 7")


def test_a_number_that_is_given_rules_over_the_event(github: Server, on_github: dict[str, str]) -> None:
    Path(on_github["GITHUB_EVENT_PATH"]).write_text("{}")
    assert post(on_github, number=7)[0].startswith("created")


def test_a_page_that_drips_ends_at_the_bound(on_github: dict[str, str]) -> None:
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(600):
            try:
                connection.sendall(b" " * 10)
            except OSError:
                return
            time.sleep(0.1)

    threading.Thread(target=drip, daemon=True).start()
    started = time.monotonic()
    with pytest.raises(ApiError, match="no complete answer within"):
        post({**on_github, "GITHUB_API_URL": f"http://127.0.0.1:{listener.getsockname()[1]}"}, wait_s=2)
    assert time.monotonic() - started < 30  # it would go on for a minute
    listener.close()
