"""What goes with a raw row into quarantine, and what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.protocols import Context, NoParams, RawFile
from prefdata.registry import plugin
from prefdata.runner import ingest
from prefdata.runner.integrity import Integrity, screen
from prefdata.schema import conform, table_schema
from prefdata.tables.bundle import Bundle
from prefdata.testing.rows import prompt_rows

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog

_FILE = "red-team-attempts/red_team_attempts.jsonl"


def _flags(*ids: str) -> pl.DataFrame:
    rows = [
        {"id": i, "source": "s", "subject": subject, "flag": "odd", "stage": "ingest"}
        for i in ids
        for subject in ("prompts", "responses")
    ]
    return conform(pl.DataFrame(rows), table_schema("flags"))


def test_flags_go_with_the_row_they_are_about() -> None:
    prompts = prompt_rows("s", 3).with_columns(
        file=pl.lit("f"),
        row=pl.int_range(pl.len()),
        turn=pl.Series([0, -1, 0], dtype=pl.Int32()),
    )
    tables = {"prompts": prompts, "flags": _flags("s:0", "s:1")}
    kept, rejects = screen(Bundle(file="f", rows_in=3, tables=tables))
    assert kept["prompts"]["prompt_id"].to_list() == ["s:0", "s:2"]
    assert rejects["row"].to_list() == [1]
    # A flag about a row of another table, which no rule touched, is no business of this one.
    left = kept["flags"].select("id", "subject").rows()
    assert left == [("s:0", "prompts"), ("s:0", "responses"), ("s:1", "responses")]


def _with_bad_first_rating(raw: RawFile) -> list[Bundle]:
    """Return the red-team bundles with the first rating of member 7 off the scale."""
    source = plugin("source", "hh-rlhf")
    bundles = list(source.read([raw], NoParams(), Context()))
    off = pl.when(pl.col("row") == 0).then(pl.lit([99.0])).otherwise("scores")
    return [
        Bundle(
            bundle.file,
            bundle.rows_in,
            {
                **bundle.tables,
                "judgments": bundle.tables["judgments"].with_columns(scores=off),
            },
            bundle.rejects,
        )
        for bundle in bundles
    ]


def test_an_annotator_stays_when_the_row_that_named_them_first_is_bad(tmp_path: Path) -> None:
    path = tmp_path / "red_team_attempts.jsonl"
    path.write_bytes(plugin("source", "hh-rlhf").example[_FILE])
    integrity = Integrity("hh-rlhf")
    (bundle,) = _with_bad_first_rating(RawFile(path, _FILE))
    kept, rejects = screen(bundle)
    assert rejects.select("row", "rule").rows() == [(0, "scores_are_on_the_scale")]
    assert 0 not in kept["judgments"]["row"].to_list()
    # Member 7 rated again in row 2; no kept row may claim to come from row 0.
    annotators = dict(kept["annotators"].select("annotator_id", "row").iter_rows())
    assert None in annotators.values()
    assert 0 not in annotators.values()
    integrity.add(kept)
    integrity.finish()


def test_one_rating_off_the_scale_does_not_stop_an_ingest(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "red_team_attempts.jsonl"
    text = plugin("source", "hh-rlhf").example[_FILE].decode()
    path.write_text(text.replace('"rating": 0.0', '"rating": 99.0', 1))
    result = ingest(catalog, "hh-rlhf", [RawFile(path, _FILE)])
    assert (result.rows_in, result.rows_out, result.rejected) == (3, 2, 1)
    assert result.reasons == {"scores_are_on_the_scale": 1}
