from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import RawFile
from prefdata.sources._prism.rows import (
    Rule,
    finite,
    json_member,
    json_object,
    leftovers,
    member,
    read_part,
    restore,
    screen,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

SHAPE = pa.schema(
    [
        ("key", pa.string()),
        ("size", pa.float64()),
        ("parts", pa.struct([("a", pa.float64()), ("b", pa.int64())])),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def rebuilt(folder: Path, text: str) -> list[dict[str, Any]]:
    """Read rows and put them together again from the columns and the leftovers."""
    path = folder / "rows.jsonl"
    path.write_text(text)
    part = read_part(RawFile(path, path.name), SHAPE, required=("key",))
    assert part.rejects.is_empty()
    frame = part.frame.with_columns(raw=json_object(*leftovers()))
    return [
        restore({name: row[name] for name in SHAPE.names}, json.loads(row["raw"] or "{}"))
        for row in frame.iter_rows(named=True)
    ]


@given(st.dictionaries(st.sampled_from(["a", "b", "not_json", "absent"]), JSON))
def test_a_finite_row_tells_all_of_the_row(row: dict[str, Any]) -> None:
    cleaned = finite(row)
    json.dumps({key: value for key, value in cleaned.items() if key != "not_json"}, allow_nan=False)
    extra = {key: value for key, value in cleaned.items() if key == "not_json"}
    rest = {key: value for key, value in cleaned.items() if key != "not_json"}
    assert json.dumps(restore(rest, {"extra": extra}), sort_keys=True) == (
        json.dumps(row, sort_keys=True)
    )


@pytest.mark.parametrize("slow", ["", ', "new": [1]'])
def test_numbers_that_json_cannot_say_come_back_from_both_readers(
    tmp_path: Path, slow: str
) -> None:
    rows = [
        f'{{"key": "a", "size": NaN, "parts": {{"a": -Infinity, "b": 1}}{slow}}}',
        '{"key": "b", "size": Infinity, "parts": {"a": 2.5, "b": null}}',
        '{"key": "c", "size": null, "parts": null}',
        '{"key": "\\"size\\": NaN", "size": 3, "parts": {"a": NaN, "b": 2}}',
    ]
    back = rebuilt(tmp_path, "\n".join(rows))
    assert math.isnan(back[0]["size"])
    assert repr(back) == repr([json.loads(row) for row in rows]).replace(
        "'size': 3,", "'size': 3.0,"
    )


def test_an_absent_field_stays_absent_and_a_null_stays_null(tmp_path: Path) -> None:
    rows = ['{"key": "a"}', '{"parts": null, "key": "b"}', '{"key": "c", "size": null}']
    back = rebuilt(tmp_path, "\n".join(rows))
    assert back == [json.loads(row) for row in rows]


def test_members_are_json() -> None:
    frame = pl.DataFrame(
        {"text": ['a"\\\n\x00é', None], "number": [1, None], "json": ["[1]", None]}
    )
    text = frame.select(
        json_object(
            member('te"xt', "text"),
            member("number", "number", when=pl.lit(value=True)),
            json_member('js"on', "json"),
        )
    ).to_series()
    assert [json.loads(item) for item in text] == [
        {'te"xt': 'a"\\\n\x00é', "number": 1, 'js"on': [1]},
        {"number": None},
    ]
    assert frame.select(json_object(member("a", "text"))).to_series()[1] is None


def test_the_first_broken_rule_is_told() -> None:
    frame = pl.DataFrame({"n": [1, 2, 3, None], "row": [0, 1, 2, 3]})
    rules = [
        Rule("large", "n", pl.col("n") > 2, pl.format("{} is large", "n")),
        Rule("above-one", "n", pl.col("n") > 1, pl.lit("above one")),
    ]
    kept, rejects = screen(frame, "f", rules)
    assert kept["row"].to_list() == [0, 3]
    assert rejects.select("file", "row", "rule", "reason", "raw").rows() == [
        ("f", 1, "above-one", "above one", '{"n":2}'),
        ("f", 2, "large", "3 is large", '{"n":3}'),
    ]
