"""The plan document as JSON: reading it from a file, and the digest that is its `plan_id`."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from greenai_infra import strict_json
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEMA_VERSION = "1"


def read_document(path: Path, *, if_edited: Callable[[str], None]) -> dict[str, Any]:
    """The plan document in a file. Raises InputError for an unreadable file, another document, or another version.

    `if_edited` gets a sentence where the content is not what the `plan_id` was made of.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror}); write a plan with: greenai-infra plan WORKLOAD --out {path}"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a plan: it is not UTF-8 text") from None
    try:
        document = strict_json.loads(text)
    except ValueError as error:
        if _is_workload(text):
            raise InputError(_workload_instead(path)) from None
        raise InputError(f"{path} is not a plan: not JSON ({error})") from None
    if not isinstance(document, dict):
        raise InputError(f"{path} is not a plan: expected an object, found {type(document).__name__}")
    if {"kind", "work", "hardware"} <= set(document):
        raise InputError(_workload_instead(path))
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        found = "no schema_version" if version is None else f"schema_version {version!r}"
        raise InputError(
            f"{path} has {found}, this release reads {SCHEMA_VERSION!r}; make the plan again with this release"
        )
    digest = plan_digest(document)
    if document.get("plan_id") != digest:
        says = document.get("plan_id")
        if_edited(f"{path} was edited after it was made: it says plan_id {says!r}, and its content makes {digest!r}")
    return document


def _is_workload(text: str) -> bool:
    return len(set(re.findall(r"(?m)^(kind|work|hardware|project):", text))) >= 3


def _workload_instead(path: Path) -> str:
    return f"{path} is a workload file, not a plan: make one with `greenai-infra plan {path} --out plan.json`"


def plan_digest(document: dict[str, Any]) -> str:
    """The `plan_id` of a document: a digest of all the rest of it."""
    body = {key: value for key, value in document.items() if key != "plan_id"}
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()[:16]
