"""What a user set for the live sources, by variable or file, and the checks of a text before it is sent anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.web.address import checked_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Access:
    """Where a service is and the token it is asked with. The token is never shown."""

    base_url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where a service is and who signs in there. The password is never shown."""

    base_url: str
    user: str
    password: str = field(repr=False)


class Settings:
    """The user's settings. `file` is where the TOML file is or would be; `names` has the variable of (source, key)."""

    def __init__(
        self,
        variables: Mapping[str, str],
        file: Path,
        tables: Mapping[str, Mapping[str, Any]],
        names: Mapping[tuple[str, str], str],
    ) -> None:
        self.file = file
        self._names = names
        self._variables = variables
        self._tables = tables

    def get(self, source: str, key: str) -> str | None:
        """Returns the text of the setting, or None. Raises InputError for characters that are invalid in a header."""
        variable = self._names[source, key]
        in_file = str(self._tables.get(source, {}).get(key, ""))
        text = self._variables.get(variable, "").strip() or in_file.strip()
        if not text:
            return None
        if not (text.isascii() and text.isprintable()) or (" " in text and key != "password"):
            raise InputError(f"{self.where(source, key)} holds characters that no {key} has; set it again")
        return text

    def table(self, source: str, key: str) -> dict[str, str]:
        """A table of texts in the file; empty if missing."""
        return dict(self._tables.get(source, {}).get(key, {}))

    def where(self, source: str, key: str) -> str:
        """Returns where a user sets it: the variable if set, else the place in the file, else the variable."""
        variable = self._names[source, key]
        in_file = key in self._tables.get(source, {})
        if in_file and not self._variables.get(variable, "").strip():
            return f"[{source}] {key} in {self.file}"
        return variable

    def url(self, source: str, key: str, default: str | None = None, *, keyed: bool) -> str | None:
        """Returns a checked address, without a trailing slash. Raises InputError for an invalid address."""
        text = self.get(source, key) or default
        return checked_url(text, self.where(source, key), keyed=keyed) if text else None
