"""A comment per stack, found again by its hidden marker and edited in place."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from greenai_infra.review.api import ApiError, Unclear

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Note:
    """An existing comment; `own` if the token's user wrote it."""

    id: int
    body: str
    own: bool

    def marked(self, marker: str) -> bool:
        """Whether its first line is that marker. A marker further below was quoted, or planted."""
        lines = self.body.splitlines()
        return bool(lines) and lines[0].strip() == marker


class Place(Protocol):
    """A pull request or merge request."""

    @property
    def name(self) -> str:
        """Its name for people."""

    def notes(self) -> list[Note]:
        """Every comment, in any order."""

    def create(self, body: str) -> None:
        """Adds a comment."""

    def update(self, note: Note, body: str) -> None:
        """Replaces the text of a comment."""


class Text(NamedTuple):
    """A comment to post. One that is not `worth` a comment of its own only replaces an older one."""

    marker: str
    body: str
    worth: bool = True


@dataclass(frozen=True)
class Posted:
    """What became of one comment; `duplicates` are further ones of ours with the same marker, which are left alone."""

    marker: str
    action: Literal["created", "updated", "unchanged", "left out"]
    duplicates: int = 0


def post_all(place: Place, comments: Sequence[Text]) -> list[Posted]:
    """Post the comment on each stack. Comments of others are never touched, whatever marker they carry.

    Raises ReadOnly if the token may not write, ApiError if posting fails.
    """
    notes = place.notes()
    return [_post(place, notes, text) for text in comments]


def _post(place: Place, notes: Sequence[Note], text: Text) -> Posted:
    marker, body, worth = text
    own = _own(notes, marker)
    if not own and not worth:
        return Posted(marker, "left out")
    if not own:
        try:
            place.create(body)
        except Unclear:
            own = _own(place.notes(), marker)  # it may have arrived, and must not appear twice
            if not own:
                raise
        return Posted(marker, "created")
    oldest = own[0]
    if _same(oldest.body, body):
        return Posted(marker, "unchanged", len(own) - 1)
    try:
        place.update(oldest, body)
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        place.create(body)  # it was deleted in the meantime
        return Posted(marker, "created", len(own) - 1)
    return Posted(marker, "updated", len(own) - 1)


def _own(notes: Sequence[Note], marker: str) -> list[Note]:
    """Our comments with that marker, oldest first."""
    return sorted((note for note in notes if note.own and note.marked(marker)), key=lambda note: note.id)


def _same(before: str, after: str) -> bool:
    return before.replace("\r\n", "\n").strip() == after.strip()
