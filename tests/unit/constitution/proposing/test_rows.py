"""Sentences become rows: each as it was written, and each principle once."""

from __future__ import annotations

import polars as pl

from prefdata.constitution.names import principle_id
from prefdata.constitution.proposing.reading import Answer, Proposal
from prefdata.constitution.proposing.rows import (
    Asked,
    principle_rows,
    proposal_rows,
    reject_rows,
)
from prefdata.schema import check, conform, table_schema
from prefdata.tables.bundle import REJECT_COLUMNS

__all__: list[str] = []

_FORM = "Select the response that"


def _asked(n: int, *rests: str, rule: str | None = None) -> Asked:
    said = tuple(Proposal(i, f"{rest}!", f"{_FORM} {rest}") for i, rest in enumerate(rests))
    return Asked(f"c{n}", f"p{n}", "neutral", n % 2 == 1, f"r{n}", "text", Answer(said, (), rule))


_ASKED = [
    _asked(0, "is kind", "is short"),
    _asked(1, "is Kind", "is a list"),
    _asked(2, "is kind", "is short"),
    _asked(3, rule="cut-answer"),
]


def test_rows_fit_their_contracts_and_keep_the_words() -> None:
    rows = proposal_rows(_ASKED, generator="m", chat="0" * 16)
    assert rows["sentence"].to_list()[:2] == ["is kind!", "is short!"]
    assert rows["principle_id"].to_list() == principle_id(rows["form"]).to_list()
    for frame, table in ((rows.drop("form"), "proposals"), (principle_rows(rows), "principles")):
        schema = table_schema(table)
        full = conform(frame.with_columns(source=pl.lit("s"), stage=pl.lit("t")), schema)
        assert check(full, schema).rejects.is_empty()


def test_each_principle_is_there_once_the_most_frequent_first() -> None:
    for asked in (_ASKED, _ASKED[::-1], _ASKED[2:] + _ASKED[:2]):
        rows = proposal_rows(asked, generator="m", chat="c")
        found = principle_rows(rows).select("position", "sentence", "n_proposals").rows()
        assert found == [
            (0, f"{_FORM} is kind", 3),
            (1, f"{_FORM} is short", 2),
            (2, f"{_FORM} is a list", 1),
        ]


def test_nothing_proposed_is_no_fault() -> None:
    rows = proposal_rows([], generator="m", chat="c")
    assert principle_rows(rows).height == rows.height == 0
    assert reject_rows([], "m").schema == pl.Schema(REJECT_COLUMNS)


def test_a_reject_leads_to_its_answer() -> None:
    (row,) = reject_rows(_ASKED, "m").to_dicts()
    assert (row["subject"], row["id"], row["rule"]) == ("proposals", "r3", "cut-answer")
    assert row["reason"] == "The answer reached the longest length: m on c3, neutral"
