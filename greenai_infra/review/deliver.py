"""Posts the comments on the job's pull request; without permission, puts them where the job's reader finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.review.api import ApiError, ReadOnly
from greenai_infra.review.github import GitHub
from greenai_infra.review.gitlab import GitLab
from greenai_infra.review.post import post_all
from greenai_infra.review.summary import write_summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.review.post import Text

PLACES: dict[str, type[GitHub] | type[GitLab]] = {"github": GitHub, "gitlab": GitLab}


@dataclass(frozen=True)
class Delivery:
    """The user's settings for posting; None takes the value from the job's environment."""

    to: str | None
    number: int | None
    author: str | None
    require_comment: bool
    max_wait_s: float


def deliver(texts: Sequence[Text], delivery: Delivery, environment: Mapping[str, str]) -> list[str]:
    """Post each comment; what to tell the user.

    With a read-only token the comments go into the job's summary, or are printed where there is no summary.
    Raises ApiError if posting fails, InputError if the environment lacks something; the summary is tried then too.
    """
    kind = delivery.to or _job(environment)
    bodies = [text.body for text in texts]
    try:
        place = PLACES[kind](environment, delivery.number, delivery.author, delivery.max_wait_s)
        posted = post_all(place, texts)
    except ReadOnly as error:
        if delivery.require_comment:
            raise ReadOnly(f"the comment can't be posted: {error}", error.status) from None
        if write_summary(environment, bodies):
            return [f"not posted, but written to the job's summary: {error}"]
        return [f"not posted, but printed here: {error}", *bodies]
    except ApiError as error:
        kept = "; it is in the job's summary" if write_summary(environment, bodies) else ""
        raise ApiError(f"the comment could not be posted: {error}{kept}", error.status) from None
    lines = []
    for note in posted:
        if note.action == "left out":
            lines.append(f"no comment {note.marker}: nothing changes that was asked for")
            continue
        also = f"; {note.duplicates} newer comments of ours with the same marker left alone" if note.duplicates else ""
        lines.append(f"{note.action} the comment {note.marker} on {place.name}{also}")
    return lines


def _job(environment: Mapping[str, str]) -> str:
    if environment.get("GITLAB_CI"):
        return "gitlab"
    if environment.get("GITHUB_ACTIONS") or environment.get("GITHUB_REPOSITORY"):
        return "github"
    raise InputError("this is not a GitHub or GitLab job; use --to github or --to gitlab, or print with --dry-run")
