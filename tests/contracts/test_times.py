"""Times of a plan or a stack's config."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from greenai_infra.contracts.times import Time
from greenai_infra.typed_yaml.checked import Checked
from greenai_infra.typed_yaml.values import Unreadable, read_values


class Moment(Checked, frozen=True):
    """A struct with a time."""

    at: Time


def read(text: str) -> datetime:
    return read_values({"at": text}, Moment).at


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01T22:00:00Z", datetime(2026, 12, 1, 22, tzinfo=UTC)),
        ("2026-12-01T22:00:00+02:00", datetime(2026, 12, 1, 20, tzinfo=UTC)),
        # As `pulumi config --json` (3.259) shows times that stand unquoted in a stack's file.
        ("2026-12-01 22:00:00 +0000 UTC", datetime(2026, 12, 1, 22, tzinfo=UTC)),
        ("2026-12-01 22:00:00 +0200 +0200", datetime(2026, 12, 1, 20, tzinfo=UTC)),
        ("2026-12-01 22:00:00.5 -0330 NST", datetime(2026, 12, 2, 1, 30, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_it_is_written_and_as_the_engine_prints_it(text: str, moment: datetime) -> None:
    assert read(text) == moment


@pytest.mark.parametrize(
    "text",
    ["2026-12-01T22:00:00", "2026-12-01 22:00:00", "tomorrow", "", "9999-12-31T23:00:00-10:00", "1970-12-31T00:00:00Z"],
)
def test_what_is_no_certain_moment_of_this_era_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_the_first_and_last_times_of_the_era_can_be_shown_in_any_zone() -> None:
    for text in ("1971-01-01T00:00:00Z", "2199-12-31T23:59:59Z"):
        for hours in (-23, 23):
            assert read(text).astimezone(timezone(timedelta(hours=hours)))
