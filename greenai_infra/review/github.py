"""Comments on a GitHub pull request (github.com and GitHub Enterprise)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.review.api import Api, ApiError
from greenai_infra.review.post import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

API = "https://api.github.com"
ACTIONS_BOT = "github-actions[bot]"  # brackets: no person can register that name
LIMIT = 65_536


class GitHub:
    """A pull request. `author` is the login of our comments, needed where the token does not reveal it."""

    limit = LIMIT

    def __init__(self, environment: Mapping[str, str], number: int | None, author: str | None, within_s: float) -> None:
        token = environment.get("GITHUB_TOKEN", "")
        if not token:
            raise InputError(
                "GITHUB_TOKEN is not set; in a workflow:  env: {GITHUB_TOKEN: ${{ github.token }}}, with the "
                "permission pull-requests: write"
            )
        repository = environment.get("GITHUB_REPOSITORY", "")
        if not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", repository):
            raise InputError(f"GITHUB_REPOSITORY: expected OWNER/NAME, for example octo/infra, found {repository!r}")
        number = number or pull_request_of(environment)
        self.name = f"{repository} pull request {number}"
        self._repository, self._number, self._author = repository, number, author
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        url = environment.get("GITHUB_API_URL") or API
        self._api = Api(url, headers, token, variable="GITHUB_API_URL", within_s=within_s)

    def notes(self) -> list[Note]:
        """The comments of the pull request's conversation."""
        path = f"repos/{self._repository}/issues/{self._number}/comments?per_page=100"
        found = list(self._api.pages(path))
        if not found:
            return []
        author = self._author or self._own_login()
        return [Note(comment["id"], comment.get("body") or "", _written_by(comment, author)) for comment in found]

    def create(self, body: str) -> None:
        """Adds a comment."""
        self._api.call("POST", f"repos/{self._repository}/issues/{self._number}/comments", {"body": body})

    def update(self, note: Note, body: str) -> None:
        """Replaces the text of a comment."""
        self._api.call("PATCH", f"repos/{self._repository}/issues/comments/{note.id}", {"body": body})

    def _own_login(self) -> str:
        """The token's user. The token of a workflow has no user; GitHub answers 403 to it."""
        try:
            return str(self._api.call("GET", "user").get("login") or ACTIONS_BOT)
        except ApiError as error:
            if error.status in (403, 404):
                return ACTIONS_BOT
            raise


def _written_by(comment: Mapping[str, Any], author: str) -> bool:
    user = comment.get("user")
    return isinstance(user, dict) and str(user.get("login", "")).lower() == author.lower()


def pull_request_of(environment: Mapping[str, str]) -> int:
    """The pull request of this workflow run. Raises InputError if its event has no pull request."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    if not path:
        raise InputError(
            "GITHUB_EVENT_PATH is not set; name the pull request with --pr NUMBER, or print with --dry-run"
        )
    try:
        event = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise InputError(f"GITHUB_EVENT_PATH: {path} can't be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"GITHUB_EVENT_PATH: {path} is not JSON") from None
    event = event if isinstance(event, dict) else {}
    for key, needs in (("pull_request", ""), ("issue", "pull_request")):
        holder = event.get(key)
        if isinstance(holder, dict) and (not needs or needs in holder) and type(holder.get("number")) is int:
            return int(holder["number"])
    kind = environment.get("GITHUB_EVENT_NAME") or "of this run"
    raise InputError(f"the event {kind} names no pull request; name it with --pr NUMBER, or print with --dry-run")
