"""The user's settings: environment variables, and one TOML file in the platform's config folder.

A variable wins over the file. The file has a table for each source, with the keys that its `SPEC` names:

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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.intensity.model.settings import Settings
from greenai_infra.intensity.sources.live import live_sources

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_VARIABLE = "GREENAI_CONFIG"
FILE_NAME = "config.toml"


def variables() -> dict[tuple[str, str], str]:
    """The environment variable of each (source, key)."""
    return {(spec.name, setting.key): setting.variable for spec in live_sources().values() for setting in spec.settings}


def read_settings() -> Settings:
    """The settings of environment and file. Raises InputError naming file, key and value for what can't be used."""
    file = _file()
    if not file.is_file():
        if os.environ.get(FILE_VARIABLE):
            raise InputError(f"{FILE_VARIABLE} names {file}, which is not there")
        return Settings(os.environ, file, {}, variables())
    import tomllib

    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not TOML: {error}") from None
    _check(file, tables)
    return Settings(os.environ, file, tables, variables())


def _file() -> Path:
    chosen = os.environ.get(FILE_VARIABLE, "").strip()
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_config_path

    return user_config_path("greenai-infra", appauthor=False) / FILE_NAME


def _check(file: Path, tables: Mapping[str, Any]) -> None:
    """Raises InputError for an unknown table, key or type. Never shows a value: it may be a secret."""
    tables_of = {(spec.name, key) for spec in live_sources().values() for key in spec.tables}
    known = variables().keys() | tables_of
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
            texts = value.values() if (source, key) in tables_of and isinstance(value, dict) else [value]
            is_table = (source, key) in tables_of
            if is_table != isinstance(value, dict) or not all(isinstance(text, str) for text in texts):
                expected = "a table of texts" if is_table else "a text in quotes"
                raise InputError(f"{file}: [{source}] {key}: expected {expected}")


def _near(word: str, words: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; there is {', '.join(words)}"
