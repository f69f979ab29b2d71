"""Queries: from the command, a file or standard input; to a table, text or a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

import prefdata as pf
from prefdata.core.shipped import shipped_folder
from prefdata.testing.gates import put_gated

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

__all__: list[str] = []

_EXAMPLES = sorted((shipped_folder("catalog") / "queries").glob("*.sql"))
_QUERY = "SELECT range AS n FROM range(3) ORDER BY n"


@pytest.mark.parametrize("where", ["command", "stdin", "file"])
def test_a_query_comes_from_three_places(
    where: str, run: Run, workspace: Path, tmp_path: Path
) -> None:
    file = tmp_path / "query.sql"
    file.write_text(_QUERY)
    word = {"command": _QUERY, "stdin": "-", "file": str(file)}[where]
    told = run("sql", word, "-o", "jsonl", "-w", workspace, stdin=_QUERY)
    assert told == ('{"n": 0}\n{"n": 1}\n{"n": 2}\n', "3 rows\n", 0)


@pytest.mark.parametrize("query", _EXAMPLES, ids=lambda path: path.stem)
def test_the_text_of_an_example_is_a_query_although_it_begins_with_a_comment(
    query: Path, run: Run, workspace: Path
) -> None:
    text = query.read_text()
    assert text.startswith("--")
    told = run("sql", text, "--limit=5", "-o", "csv", "-w", workspace)
    assert told.status == 0


@pytest.mark.parametrize("option", ["--limt", "--limt=5"])
def test_an_unknown_option_is_no_query(option: str, run: Run, workspace: Path) -> None:
    told = run("sql", option, "5", _QUERY, "-w", workspace)
    assert (told.status, told.stdout) == (2, "")
    assert f"No such option: {option.partition('=')[0]}" in told.stderr


@pytest.mark.parametrize(
    ("name", "option"),
    [("a.csv", None), ("a.json", None), ("a.jsonl", None), ("a.txt", None), ("a.txt", "parquet")],
)
def test_a_file_is_written_as_its_name_or_the_option_says(
    name: str, option: str | None, run: Run, workspace: Path, tmp_path: Path
) -> None:
    file = tmp_path / name
    extra = ("-o", option) if option else ()
    told = run("sql", _QUERY, "--to", file, *extra, "-w", workspace)
    assert told == ("", f"3 rows in {file}\n", 0)
    if option == "parquet":
        assert pl.read_parquet(file)["n"].to_list() == [0, 1, 2]
    elif file.suffix == ".jsonl":
        assert pl.read_ndjson(file)["n"].to_list() == [0, 1, 2]
    elif file.suffix == ".json":
        assert [row["n"] for row in json.loads(file.read_text())] == [0, 1, 2]
    else:
        assert pl.read_csv(file)["n"].to_list() == [0, 1, 2]


def test_a_table_shows_the_first_rows_and_says_so(run: Run, workspace: Path) -> None:
    cut = run("sql", _QUERY, "--limit", "2", "-w", workspace)
    assert [line.strip() for line in cut.stdout.splitlines()[2:]] == ["0", "1"]
    assert cut.stderr.startswith("the first 2 rows")
    whole = run("sql", _QUERY, "--limit", "3", "-w", workspace)
    assert (whole.stderr, whole.status) == ("", 0)


@pytest.mark.parametrize(
    "query",
    ["SELEC 1", "SELECT nope", "DELETE FROM pairs", "CREATE TABLE x (a INT)", "", "FROM nope"],
)
def test_what_cannot_run_or_would_write_is_refused(query: str, run: Run, workspace: Path) -> None:
    told = run("sql", query, "-w", workspace)
    assert (told.status, told.stdout) == (2, "")
    assert told.stderr.startswith("error[")


def test_an_unknown_output_is_refused_before_anything_is_opened(run: Run, tmp_path: Path) -> None:
    told = run("sql", _QUERY, "-o", "xml", "-w", tmp_path)
    assert (told.status, told.stdout) == (2, "")
    assert "Known: table, csv, json, jsonl, parquet." in told.stderr


def test_a_table_or_view_is_described(run: Run, workspace: Path) -> None:
    for name in ("pairs", "pair_summary"):
        told = run("tables", name, "--json", "-w", workspace)
        assert {"column", "type", "what"} == set(json.loads(told.stdout.splitlines()[0]))
    told = run("tables", "pair", "-w", workspace)
    assert (told.status, told.stdout) == (2, "")
    assert "Did you mean 'pairs'?" in told.stderr


def test_the_workspace_is_found_by_its_variable(
    run: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFDATA_HOME", str(workspace))
    assert "judgments" in run("tables").stdout


def test_why_tells_where_a_pair_is_from_and_how_it_was_made(run: Run, workspace: Path) -> None:
    ((pair,),) = (
        pf.open(workspace).sql("SELECT min(pair_id) FROM decisions WHERE is_kept").fetchall()
    )
    told = run("why", pair, "-w", workspace)
    assert told.status == 0
    for line in ("pair ", "source ", "annotator ", "rule ", "run ", "prompt ", "chosen "):
        assert f"\n{line}" in f"\n{told.stdout}"
    (story,) = map(json.loads, run("why", pair, "--json", "-w", workspace).stdout.splitlines())
    assert story["pair"]["pair_id"] == pair


def test_why_tells_of_rationales_where_there_are_some(
    run: Run, raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    catalog = pf.init(tmp_path / "w")
    pf.ingest("hh-rlhf", raw, workspace=tmp_path / "w")
    pf.run("clean", workspace=tmp_path / "w")
    pair = catalog.scan("pairs").collect()["pair_id"].min()
    before = run("why", str(pair), "-w", tmp_path / "w")
    assert "rationales" not in before.stdout
    put_gated(catalog)
    after = run("why", str(pair), "-w", tmp_path / "w")
    assert after.stdout.startswith(before.stdout)
    told = after.stdout.removeprefix(before.stdout).splitlines()
    assert told[1] == "rationales"
    assert any(line.startswith("text ") and len(line) <= 60 for line in told)
    assert {"kind", "origin", "attempt", "is_kept", "failed"} <= {
        line.split()[0] for line in told[2:]
    }


def test_why_tells_why_a_judgment_gave_no_pair(run: Run, workspace: Path) -> None:
    ((judgment,),) = pf.open(workspace).sql("SELECT min(id) FROM rejects").fetchall()
    told = run("why", judgment, "-w", workspace)
    assert told.stdout.startswith("It became no pair:\n")


def test_why_refuses_an_id_that_nothing_has(run: Run, workspace: Path) -> None:
    told = run("why", "zzz", "-w", workspace)
    assert (told.status, told.stdout) == (2, "")
    assert told.stderr.startswith("error[user]: There is no pair named 'zzz'")
    assert "SELECT pair_id" in told.stderr
