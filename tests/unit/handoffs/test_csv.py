"""Sheets: what spreadsheets do to them, and what people write into them."""

from __future__ import annotations

import io
import threading
from csv import field_size_limit
from csv import reader as csv_reader
from csv import writer as csv_writer
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import DataError
from prefdata.handoffs._csv.cells import guarded, unguarded
from prefdata.handoffs.csv import Csv, csv
from prefdata.protocols import ANSWERS
from prefdata.testing.handoffs import example_tasks

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _read(folder: Path, data: str | bytes, **params: str) -> pl.DataFrame:
    path = folder / "sheet.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return csv.read([path], Csv(**params))  # type: ignore[arg-type]


def _outcome(folder: Path, data: bytes) -> pl.DataFrame | DataError:
    try:
        return _read(folder, data)
    except DataError as error:
        return error


def _said(read: pl.DataFrame) -> list[tuple[object, ...]]:
    return read.select("comparison_id", "annotator", "status", "choice").rows()


def test_a_judgment_is_a_sheet_so_that_nobody_sees_what_others_chose(tmp_path: Path) -> None:
    tasks = example_tasks()
    paths = csv.write(tasks, tmp_path, Csv())
    assert [path.name for path in paths] == [
        "sheet-1.csv",
        "sheet-2.csv",
        "sheet-3.csv",
        "README.md",
    ]
    lines = [pl.read_csv(path, infer_schema=False)["comparison_id"].to_list() for path in paths[:3]]
    several = tasks.filter(pl.col("n_votes") == 3)["comparison_id"]
    assert [len(found) for found in lines] == [tasks.height, len(several), len(several)]


def test_excel_sees_the_encoding_and_the_separator(tmp_path: Path) -> None:
    path, *_ = csv.write(example_tasks(), tmp_path, Csv(separator=";", with_confidence=True))
    data = path.read_bytes()
    assert data.startswith(
        b'\xef\xbb\xbf"question";"prompt";"A";"B";"choice";"confidence";"comment"'
    )
    assert data.count(b"\r\n") > 10


_CHANGED = ["=1+1", "+1", "-3", "@x", "\t=1", "\r=1", "'x", "3/4", "007", "12e45", "1,5", "50 %"]
_CHANGED += [
    "May 5",
    "5 May",
    "2026-01-02",
    "12:30",
    "3 pm",
    "TRUE",
    "false",
    "(3)",
    "$5",
    "1",
]
_KEPT = ["", "a = b", "1. First, do this", "May I?", "12 angry men", "e", "true or false"]


@pytest.mark.parametrize("text", _CHANGED)
def test_what_a_spreadsheet_would_change_is_guarded(text: str) -> None:
    assert pl.select(guarded(pl.lit(text))).item() == f"'{text}"


@pytest.mark.parametrize("text", _KEPT)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert pl.select(guarded(pl.lit(text))).item() == text


@given(
    st.lists(
        st.text()
        | st.text("0123456789.,eE+-/:'=@%$ \n\r\tapmjnAPMJN\u017f")
        | st.sampled_from(_CHANGED),
        min_size=1,
        max_size=20,
    )
)
def test_the_apostrophe_comes_off_again(texts: list[str]) -> None:
    cells = pl.DataFrame({"text": texts}).select(guarded(pl.col("text")).alias("text"))["text"]
    assert [unguarded(cell) for cell in cells] == texts
    assert not any(cell[:1] in tuple("=+-@\t\r\n") for cell in cells if cell)


@pytest.mark.parametrize(
    "data",
    [
        "comparison_id,choice,annotator\nc,a_much,ann\n",
        "﻿comparison_id,choice,annotator\r\nc,a_much,ann\r\n",
        'annotator;"choice";comparison_id\n"ann";"a much";"c"\n',
        "sep=;\r\nComparison ID;CHOICE;Annotator\nc;A is much better; Ann \n",
        "extra\tchoice\tannotator\tcomparison_id\n\ta_much\tann\tc\n",
        "comparison_id,choice,annotator\n,,\n\nc,a_much,ann\n , ,\n",
    ],
)
def test_a_sheet_is_read_however_it_was_saved(tmp_path: Path, data: str) -> None:
    assert _said(_read(tmp_path, data)) == [("c", "ann", "submitted", 2)]


def test_utf_16_and_code_pages_are_read(tmp_path: Path) -> None:
    data = "comparison_id\tchoice\tannotator\tcomment\nc\ttie\tann\tschön\n"
    for encoding in ("utf-16", "cp1252"):
        read = _read(tmp_path, data.encode(encoding))
        assert _said(read) == [("c", "ann", "submitted", 0)]
        assert read["comment"].to_list() == ["schön"]


def test_an_id_that_looks_like_a_number_survives_a_spreadsheet(tmp_path: Path) -> None:
    number = "12345678901234567890123456789e12"
    tasks = example_tasks().head(1).with_columns(comparison_id=pl.lit(number))
    path, *_ = csv.write(tasks, tmp_path, Csv())
    assert f'"\'{number}"' in path.read_text(encoding="utf-8-sig")
    data = path.read_text(encoding="utf-8-sig")
    assert csv.read([path], Csv())["comparison_id"].to_list() == [number]
    assert data


def test_lines_that_nobody_filled_in_are_not_done_yet(tmp_path: Path) -> None:
    path, *_ = csv.write(example_tasks(), tmp_path, Csv())
    read = csv.read([path], Csv())
    assert set(read["status"]) == {"draft"}
    assert read.height == example_tasks().height
    assert not csv.is_answered(path)


def test_skip_is_skipped_and_a_word_without_strength_is_slight(tmp_path: Path) -> None:
    data = "comparison_id,choice,annotator\nc,skip,ann\nd,a,ann\ne,B,ann\nf,tie,ann\ng,1,ann\n"
    read = _read(tmp_path, data)
    assert read.select("status", "choice", "raw_value").rows() == [
        ("skipped", None, "skip"),
        ("submitted", 1, "a"),
        ("submitted", -1, "B"),
        ("submitted", 0, "tie"),
        ("unreadable", None, "1"),
    ]


def test_who_names_nobody_is_nobody_unless_one_person_did_all(tmp_path: Path) -> None:
    data = "comparison_id,choice\nc,tie\nc,a\n"
    read = _read(tmp_path, data)
    assert read["annotator"].to_list() == [None, None]
    assert read["answer_id"].n_unique() == 2
    assert _read(tmp_path, data, annotator="Ann")["annotator"].to_list() == ["ann", "ann"]


def test_an_address_is_kept_as_a_digest_alone(tmp_path: Path) -> None:
    read = _read(tmp_path, "comparison_id,choice,annotator\nc,tie,Ann@example.org\n")
    assert read["annotator"].item().startswith("mail-")
    assert "example" not in read["raw"].item()


def test_a_line_with_more_cells_than_the_header_is_not_guessed(tmp_path: Path) -> None:
    read = _read(tmp_path, "comparison_id,choice,comment\nc,tie,well, yes\nd,tie,fine\n")
    assert read.select("comparison_id", "status").rows() == [
        ("c", "unreadable"),
        ("d", "submitted"),
    ]
    assert "more cells" in read["detail"][0]


def test_long_cells_are_read_and_the_limit_is_put_back(tmp_path: Path) -> None:
    before = field_size_limit()
    data = f'comparison_id,choice,B\nc,tie,"{"x" * 1_000_000}"\n'
    assert _said(_read(tmp_path, data)) == [("c", None, "submitted", 0)]
    assert field_size_limit() == before
    assert "x" * 50 not in _read(tmp_path, data)["raw"].item()


def test_sheets_are_read_by_several_threads(tmp_path: Path) -> None:
    path, *_ = csv.write(example_tasks(), tmp_path, Csv())
    heights: list[int] = []
    threads = [
        threading.Thread(target=lambda: heights.append(csv.read([path], Csv()).height))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heights == [example_tasks().height] * 4


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "no column comparison_id, choice"),
        ("comparison_id,annotator\nc,ann\n", "no column choice"),
        ("comparison_id,choice,choice\nc,tie,a\n", "several columns choice"),
        ('comparison_id,choice\nc,"tie\n', "no CSV"),
        ("comparison_id,preference,annotation_id,lead_time\nc,tie,1,2\n", "CSV of Label Studio"),
    ],
)
def test_what_is_no_sheet_says_why_and_what_to_do(tmp_path: Path, data: str, why: str) -> None:
    with pytest.raises(DataError, match=why) as caught:
        _read(tmp_path, data)
    assert caught.value.where
    assert caught.value.fix


def test_the_readme_names_every_word(tmp_path: Path) -> None:
    *_, path = csv.write(example_tasks(), tmp_path, Csv(with_confidence=True))
    text = path.read_text()
    assert all(f"`{word}`" in text for word in ("a_much", "b_slight", "tie", "skip", "confidence"))


_CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(rows=st.lists(st.lists(_CELL, min_size=3, max_size=4), max_size=5))
def test_no_cell_crashes_the_reader_and_no_line_vanishes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv_writer(buffer)
    writer.writerow(["comparison_id", "choice", "annotator"])
    writer.writerows(rows)
    read = _read(tmp_path_factory.mktemp("csv"), buffer.getvalue())
    assert read.schema == pl.Schema(ANSWERS)
    lines = list(csv_reader(io.StringIO(buffer.getvalue(), newline="")))[1:]
    assert read.height == sum(any(cell.strip() for cell in line) for line in lines)


@given(data=st.binary(max_size=60))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    read = _outcome(folder, b"comparison_id,choice\n" + data)
    if isinstance(read, DataError):
        assert read.fix
    else:
        assert read.schema == pl.Schema(ANSWERS)
