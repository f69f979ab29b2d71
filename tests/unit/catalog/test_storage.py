"""What lies compact in the files is read back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.catalog.storage import compact, restore
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from pathlib import Path

_MESSAGES = [
    [{"role": "assistant", "content": "hi"}],
    [{"role": "assistant", "content": ""}],
    [{"role": "user", "content": "hi"}],
    [{"role": "user", "content": "x"}, {"role": "assistant", "content": "hi"}],
]


@pytest.fixture
def responses() -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "response_id": [f"s:{i}" for i in range(4)],
            "prompt_id": "s:p",
            "source": "s",
            "messages": _MESSAGES,
            "text": [turns[-1]["content"] for turns in _MESSAGES],
            "content_hash": "h",
        }
    )
    return conform(frame, table_schema("responses"))


def test_only_what_text_says_anyway_is_left_out(responses: pl.DataFrame) -> None:
    stored = compact("responses", responses)
    assert stored["messages"].is_null().to_list() == [True, True, False, False]
    assert restore("responses", stored).equals(responses, null_equal=True)


def test_every_way_of_reading_gives_the_messages_back(
    responses: pl.DataFrame, tmp_path: Path
) -> None:
    catalog = Catalog.create(tmp_path / "w")
    with catalog.write() as write:
        write.put("responses", ("s",), responses)
        write.commit("put")
    assert catalog.scan("responses").collect().equals(responses, null_equal=True)
    rows = catalog.sql("SELECT messages FROM responses ORDER BY response_id").fetchall()
    assert [row[0] for row in rows] == _MESSAGES
    stored = pl.read_parquet(catalog.files("responses"))
    assert stored["messages"].null_count() == 2


def test_other_tables_lie_as_they_are(responses: pl.DataFrame) -> None:
    assert compact("prompts", responses) is responses
    assert restore("prompts", responses) is responses
