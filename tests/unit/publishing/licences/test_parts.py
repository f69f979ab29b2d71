from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.core.errors import InternalError
from prefdata.publishing.licences.parts import parts_of, weighed
from prefdata.publishing.licences.weighing import Target

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_ROW = ("default", "s", "response", "MIT", "m", 1)


def test_rows_of_one_component_of_one_source_are_one_part(
    frame: Callable[..., pl.DataFrame],
) -> None:
    rows = [_ROW, (*_ROW[:3], None, None, 2), (*_ROW[:3], "MIT", "n", 4), (*_ROW[:5], 0)]
    (part,) = parts_of(frame(rows))
    assert dict(part.licenses) == {"MIT": 5, "NOASSERTION": 2}
    assert dict(part.models) == {"m": 1, "n": 4, None: 2}
    assert part.told(1234) == "1,234 responses of s"


def test_what_stands_against_a_part_is_counted_in_its_rows(
    frame: Callable[..., pl.DataFrame],
) -> None:
    rows = [(*_ROW[:3], text, "m", 10) for text in ("MIT", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0")]
    (part,) = parts_of(frame(rows))
    found = weighed(part, Target.read("CC-BY-4.0"))
    assert found.against("restricted") == ("CC-BY-NC-4.0 AND CC-BY-NC-SA-4.0", 20)
    assert found.against("unshared") == ("CC-BY-NC-SA-4.0", 10)
    assert found.against("frozen") == ("", 0)


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [("component", "completion", "'completion'"), ("n", None, "null"), ("source", None, "null")],
)
def test_counts_that_cannot_be_are_ours_to_mend(
    column: str, value: object, problem: str, frame: Callable[..., pl.DataFrame]
) -> None:
    wrong = frame([_ROW]).with_columns(pl.lit(value).alias(column))
    with pytest.raises(InternalError, match=problem):
        parts_of(wrong)


def test_a_column_that_is_not_there_is_named(frame: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(InternalError, match="lack license"):
        parts_of(frame([_ROW]).drop("license"))
