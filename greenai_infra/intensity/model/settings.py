"""What live sources need to be asked: environment variables, and one TOML file in the platform's config folder.

A variable wins over the file. The file has a table for each source, with the keys that SETTINGS names:

    [electricity-maps]
    token = "..."

    [carbon-aware-sdk]
    url = "https://carbon-aware.example.com"
    signal = "average"
    basis = "lifecycle"
    locations = { SE-SE3 = "swedencentral" }
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.web.address import checked_url

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_VARIABLE = "GREENAI_CONFIG"
FILE_NAME = "config.toml"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a user may set: the table and key of the file, and the variable. A secret is never shown."""

    source: str
    key: str
    variable: str
    secret: bool = False


SETTINGS = (
    Setting("electricity-maps", "token", "ELECTRICITYMAPS_TOKEN", secret=True),
    Setting("electricity-maps", "base_url", "ELECTRICITYMAPS_BASE_URL"),
    Setting("watttime", "user", "WATTTIME_USER"),
    Setting("watttime", "password", "WATTTIME_PASSWORD", secret=True),
    Setting("watttime", "base_url", "WATTTIME_BASE_URL"),
    Setting("carbon-aware-sdk", "url", "CARBON_AWARE_SDK_URL"),
    Setting("carbon-aware-sdk", "signal", "CARBON_AWARE_SDK_SIGNAL"),
    Setting("carbon-aware-sdk", "basis", "CARBON_AWARE_SDK_BASIS"),
    Setting("neso", "base_url", "NESO_BASE_URL"),
    Setting("energy-charts", "base_url", "ENERGY_CHARTS_BASE_URL"),
    Setting("eia", "api_key", "EIA_API_KEY", secret=True),
    Setting("eia", "base_url", "EIA_BASE_URL"),
)
TABLES = {("carbon-aware-sdk", "locations")}
"""Keys of the file that hold a table of texts and have no variable."""


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
    """The user's settings. `file` is where the TOML file is or would be."""

    def __init__(self, variables: Mapping[str, str], file: Path, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self.file = file
        self._variables = variables
        self._tables = tables

    def get(self, source: str, key: str) -> str | None:
        """The text that is set, None if none is. Raises InputError for characters that no header can carry."""
        setting = _setting(source, key)
        in_file = str(self._tables.get(source, {}).get(key, ""))
        text = self._variables.get(setting.variable, "").strip() or in_file.strip()
        if not text:
            return None
        if not (text.isascii() and text.isprintable()) or (" " in text and key != "password"):
            raise InputError(f"{self.where(source, key)} holds characters that no {key} has; set it again")
        return text

    def table(self, source: str, key: str) -> dict[str, str]:
        """A table of texts of the file, empty if there is none."""
        return dict(self._tables.get(source, {}).get(key, {}))

    def where(self, source: str, key: str) -> str:
        """What a user sets it by: the variable if it is set, else where it stands in the file, else the variable."""
        setting = _setting(source, key)
        in_file = key in self._tables.get(source, {})
        if in_file and not self._variables.get(setting.variable, "").strip():
            return f"[{source}] {key} in {self.file}"
        return setting.variable

    def url(self, source: str, key: str, default: str | None = None, *, keyed: bool) -> str | None:
        """A checked address, without a trailing slash. Raises InputError for one that can't be used."""
        text = self.get(source, key) or default
        return checked_url(text, self.where(source, key), keyed=keyed) if text else None


def read_settings() -> Settings:
    """The settings of environment and file. Raises InputError naming file, key and value for what can't be used."""
    file = _file()
    if not file.is_file():
        if os.environ.get(FILE_VARIABLE):
            raise InputError(f"{FILE_VARIABLE} names {file}, which is not there")
        return Settings(os.environ, file, {})
    import tomllib

    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not TOML: {error}") from None
    _check(file, tables)
    return Settings(os.environ, file, tables)


def _file() -> Path:
    chosen = os.environ.get(FILE_VARIABLE, "").strip()
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_config_path

    return user_config_path("greenai-infra", appauthor=False) / FILE_NAME


def _check(file: Path, tables: Mapping[str, Any]) -> None:
    """Raise InputError for a table, key or type that there is none of. Never shows a value: it may be a secret."""
    known = {(one.source, one.key) for one in SETTINGS} | TABLES
    sources = sorted({source for source, _ in known})
    for source, table in tables.items():
        if source not in sources:
            raise InputError(f"{file}: there is no source [{source}]{_near(source, sources)}")
        if not isinstance(table, dict):
            raise InputError(f"{file}: {source}: expected a table, as in [{source}]")
        for key, value in table.items():
            keys = sorted(key for one, key in known if one == source)
            if key not in keys:
                raise InputError(f"{file}: [{source}] has no key '{key}'{_near(key, keys)}")
            texts = value.values() if (source, key) in TABLES and isinstance(value, dict) else [value]
            if ((source, key) in TABLES) != isinstance(value, dict) or not all(isinstance(one, str) for one in texts):
                expected = "a table of texts" if (source, key) in TABLES else "a text in quotes"
                raise InputError(f"{file}: [{source}] {key}: expected {expected}")


def _near(word: str, words: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; there is {', '.join(words)}"


def _setting(source: str, key: str) -> Setting:
    return next(one for one in SETTINGS if (one.source, one.key) == (source, key))
