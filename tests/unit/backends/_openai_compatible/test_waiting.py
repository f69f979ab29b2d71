from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._openai_compatible.waiting import retry_after_seconds

__all__: list[str] = []

_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.25"}, 0.25),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": ""}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        ({"retry-after-ms": "?", "Retry-After": "2"}, 2.0),
    ],
)
def test_seconds_are_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


@pytest.mark.parametrize(("minutes", "seconds"), [(2, 120.0), (-2, 0.0)])
def test_a_date_counts_from_the_clock_of_the_server(minutes: int, seconds: float) -> None:
    later = _NOON + timedelta(minutes=minutes)
    headers = {"Retry-After": format_datetime(later, usegmt=True)}
    headers["Date"] = format_datetime(_NOON, usegmt=True)
    assert retry_after_seconds(headers) == seconds


def test_without_its_clock_a_date_counts_from_ours() -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    seconds = retry_after_seconds({"Retry-After": format_datetime(later, usegmt=True)})
    assert seconds is not None
    assert 85 < seconds <= 90


def test_a_date_without_a_zone_is_one_of_greenwich() -> None:
    headers = {"Retry-After": "Fri, 20 Nov 2026 12:01:00 -0000"}
    assert retry_after_seconds({**headers, "Date": "Fri, 20 Nov 2026 12:00:00 GMT"}) == 60


@given(st.dictionaries(st.sampled_from(["Retry-After", "retry-after-ms", "Date"]), st.text()))
def test_no_header_raises(headers: dict[str, str]) -> None:
    seconds = retry_after_seconds(headers)
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)
