"""Notes on a GitLab merge request (gitlab.com and self-managed)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from greenai_infra.errors import InputError
from greenai_infra.review.api import Api, ReadOnly
from greenai_infra.review.post import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT = 1_000_000
HOW = (
    "make a project access token with the scope `api` and the role Reporter, and store it as the masked CI/CD variable "
    "GITLAB_TOKEN"
)


class GitLab:
    """A merge request. `author` is the user name of our notes, instead of the token's user."""

    limit = LIMIT

    def __init__(self, environment: Mapping[str, str], number: int | None, author: str | None, within_s: float) -> None:
        token = environment.get("GITLAB_TOKEN", "")
        if not token:
            raise ReadOnly(
                f"GITLAB_TOKEN is not set (pipelines of forks don't get it), and CI_JOB_TOKEN can't write notes; {HOW}"
            )
        if token == environment.get("CI_JOB_TOKEN"):
            raise InputError(f"GITLAB_TOKEN is the job token, which can't write notes; {HOW}")
        url, project = environment.get("CI_API_V4_URL", ""), environment.get("CI_PROJECT_ID", "")
        if not url or not project:
            missing = "CI_API_V4_URL" if not url else "CI_PROJECT_ID"
            raise InputError(
                f"{missing} is not set; a GitLab job sets it; elsewhere set it yourself, or print with --dry-run"
            )
        number = number or _merge_request_of(environment)
        self.name = f"project {project} merge request {number}"
        self._author = author
        self._notes = f"projects/{quote(project, safe='')}/merge_requests/{number}/notes"
        self._api = Api(url, {"PRIVATE-TOKEN": token}, token, variable="CI_API_V4_URL", within_s=within_s)

    def notes(self) -> list[Note]:
        """The notes of people and programs, without GitLab's system notes."""
        found = [note for note in self._api.pages(f"{self._notes}?per_page=100&sort=asc") if not note.get("system")]
        if not found:
            return []
        author = self._author or str(self._api.call("GET", "user").get("username", ""))
        return [Note(note["id"], note.get("body") or "", _written_by(note, author)) for note in found]

    def create(self, body: str) -> None:
        """Adds a note."""
        self._api.call("POST", self._notes, {"body": body})

    def update(self, note: Note, body: str) -> None:
        """Replaces the text of a note."""
        self._api.call("PUT", f"{self._notes}/{note.id}", {"body": body})


def _written_by(note: Mapping[str, Any], author: str) -> bool:
    user = note.get("author")
    return bool(author) and isinstance(user, dict) and str(user.get("username", "")).lower() == author.lower()


def _merge_request_of(environment: Mapping[str, str]) -> int:
    text = environment.get("CI_MERGE_REQUEST_IID", "")
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise InputError(
        "CI_MERGE_REQUEST_IID is not set: this is not a merge request pipeline; name the request with --pr NUMBER, "
        "or print with --dry-run"
    )
