"""Post the comments where this job belongs; where that may not be, put them where the job's reader finds them."""

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
    """What the user said of where and how to post; None is for what the job's environment says."""

    to: str | None
    number: int | None
    author: str | None
    require_comment: bool
    max_wait_s: float


def deliver(texts: Sequence[Text], delivery: Delivery, environment: Mapping[str, str]) -> list[str]:
    """Post each comment; what to tell the user.

    A token that may only read puts the comments into the job's summary, or where there is none into what is printed.
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
    for one in posted:
        if one.action == "left out":
            lines.append(f"no comment {one.marker}: nothing changes that was asked for")
            continue
        also = f"; {one.duplicates} newer of ours with the same marker left alone" if one.duplicates else ""
        lines.append(f"{one.action} the comment {one.marker} on {place.name}{also}")
    return lines


def _job(environment: Mapping[str, str]) -> str:
    if environment.get("GITLAB_CI"):
        return "gitlab"
    if environment.get("GITHUB_ACTIONS") or environment.get("GITHUB_REPOSITORY"):
        return "github"
    raise InputError("this is no GitHub or GitLab job; say --to github or --to gitlab, or print with --dry-run")
