from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from prefdata.privacy.find import find
from prefdata.privacy.patterns import patterns
from prefdata.privacy.scrub import Scrubber
from prefdata.tables.messages import MESSAGES

__all__: list[str] = []

_RATIONALES = pl.List(pl.Struct({"text": pl.String, "n": pl.Float64}))
_SCHEMA: dict[str, pl.DataType] = {
    "pair_id": pl.String(),
    **dict.fromkeys(("prompt", "chosen", "rejected"), MESSAGES),
}
_HITS = [match for pattern in patterns() for match in pattern.hits.values()]
_TEXT = st.lists(
    st.sampled_from([*_HITS, " ", "", "@", "<EMAIL_1>", "4", "é", "."]), max_size=4
).map("".join)


def _said(*texts: str) -> list[dict[str, str]]:
    return [
        {"role": "user" if i % 2 == 0 else "assistant", "content": t} for i, t in enumerate(texts)
    ]


def _frame(*rows: tuple[list[str], list[str], list[str]]) -> pl.DataFrame:
    table = [(f"p{i}", *(_said(*texts) for texts in row)) for i, row in enumerate(rows)]
    return pl.DataFrame(table, schema=_SCHEMA, orient="row")


def _words(frame: pl.DataFrame, column: str) -> list[list[str]]:
    return frame[column].list.eval(pl.element().struct.field("content")).to_list()


def test_the_same_address_has_the_same_number_in_all_parts_of_a_row() -> None:
    frame = _frame(
        (["Write Jo@mail.org"], ["to jo@mail.org or al@mail.org"], ["to al@mail.org"]),
        ([""], ["al@mail.org"], []),
    )
    scrubber = Scrubber()
    after = scrubber.scrub(frame)
    assert _words(after, "prompt") == [["Write <EMAIL_1>"], [""]]
    assert _words(after, "chosen") == [["to <EMAIL_1> or <EMAIL_2>"], ["<EMAIL_1>"]]
    assert _words(after, "rejected") == [["to <EMAIL_2>"], []]
    assert scrubber.counts == {"email": 5}
    assert scrubber.rows == {"email": 2}


def test_rationales_are_scrubbed_and_other_columns_left_alone() -> None:
    rationales = [[{"text": "names jo@mail.org", "n": 0.5}, {"text": None, "n": None}]]
    frame = _frame((["hi"], ["jo@mail.org"], ["no"])).with_columns(
        rationales=pl.Series(rationales, dtype=_RATIONALES), note=pl.lit("jo@mail.org")
    )
    after = Scrubber().scrub(frame)
    assert after["rationales"].to_list() == [
        [{"text": "names <EMAIL_1>", "n": 0.5}, {"text": None, "n": None}]
    ]
    assert after["note"].to_list() == ["jo@mail.org"]


def test_placeholders_that_are_there_keep_their_numbers() -> None:
    after = Scrubber().scrub(_frame((["<EMAIL_1> and a@b.org"], ["a@b.org"], [""])))
    assert _words(after, "prompt") == [["<EMAIL_1> and <EMAIL_2>"]]


def test_only_the_kinds_that_are_asked_for_are_replaced() -> None:
    frame = _frame((["a@b.org, 4111 1111 1111 1111"], ["x"], ["y"]))
    after = Scrubber(["credit-card"]).scrub(frame)
    assert _words(after, "prompt") == [["a@b.org, <CREDIT_CARD_1>"]]


def test_a_frame_without_finds_is_the_same_frame() -> None:
    frame = _frame((["hi"], ["yes"], ["no"]))
    assert Scrubber().scrub(frame) is frame
    assert Scrubber().scrub(frame.clear()).is_empty()


def _finds(frame: pl.DataFrame) -> pl.DataFrame:
    parts = pl.concat(
        [frame.select("pair_id", m=name) for name in ("prompt", "chosen", "rejected")]
    )
    texts = parts.explode("m").select(id="pair_id", text=pl.col("m").struct.field("content"))
    return find(texts)


@settings(max_examples=12)
@given(st.lists(st.tuples(*[st.lists(_TEXT, max_size=2)] * 3), max_size=3))
def test_nothing_is_found_after_scrubbing_and_rows_without_finds_stay(
    rows: list[tuple[list[str], list[str], list[str]]],
) -> None:
    frame = _frame(*rows)
    scrubber = Scrubber()
    after = scrubber.scrub(frame)
    assert after.schema == frame.schema
    assert_frame_equal(scrubber.scrub(after), after)
    assert _finds(after).is_empty()
    has_none = ~frame["pair_id"].is_in(_finds(frame)["id"].implode())
    assert_frame_equal(after.filter(has_none), frame.filter(has_none))
