"""checkov over every example stack: what it finds is mended, or the code says at the resource why not.

checkov ranks its checks only for customers of its vendor, so none of them counts as less than high here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .planted import PLANTED, Mistake
from .scan import ROOT, Scan, excuse, skips

if TYPE_CHECKING:
    from greenai_infra.contracts.declared import DeclaredResource

pytestmark = pytest.mark.checkov

KNOWN = skips((ROOT / "greenai_infra" / "stacks").rglob("*.py"))


def test_every_failed_check_has_its_reason_at_the_resource(
    scanned: Scan, stacks: dict[str, dict[str, DeclaredResource]]
) -> None:
    built = {label: one for labels in stacks.values() for label, one in labels.items()}
    of_stacks = [one for one in scanned.failed if one.label in built]
    unexcused = [
        f"{one.check} {one.title}: {built[one.label].name} ({built[one.label].source})"
        for one in of_stacks
        if not excuse(one, built[one.label], KNOWN)
    ]
    assert not unexcused, "\n".join(unexcused)
    assert scanned.passed > 1000  # or nothing was looked at


def test_every_skip_is_still_needed(scanned: Scan, stacks: dict[str, dict[str, DeclaredResource]]) -> None:
    built = {label: one for labels in stacks.values() for label, one in labels.items()}
    used = {excuse(one, built[one.label], KNOWN) for one in scanned.failed if one.label in built}
    assert [one for one in KNOWN if one not in used] == []


@pytest.mark.parametrize("mistake", PLANTED, ids=lambda mistake: mistake.id)
def test_a_mistake_is_found_through_the_translation(mistake: Mistake, scanned: Scan) -> None:
    assert mistake.check in {one.check for one in scanned.failed if one.label.startswith(f"{mistake.id}__")}
