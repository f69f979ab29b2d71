"""How long a server asks to wait, in the three ways in which servers say that."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["retry_after_seconds"]


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the headers of a response ask to wait, or None.

    ``retry-after-ms`` is the finest and is read first; ``Retry-After`` is a number of seconds or a
    date (RFC 9110, section 10.2.3). A date counts from the server's own clock where it tells it,
    because clocks differ by more than such waits last.

    Args:
        headers: Of a response; the case of their names must not matter.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    told = headers.get("Retry-After")
    seconds = _number(told)
    if seconds is not None:
        return seconds
    until = _date(told)
    if until is None:
        return None
    now = _date(headers.get("Date")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _number(told: str | None) -> float | None:
    try:
        value = float(told or "")
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def _date(told: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(told or "")
    except (ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
