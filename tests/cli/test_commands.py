"""Every command through the real entry point: its output, its messages and its exit status."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import prefdata as pf
from prefdata.registry import plugin

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_ENTRY = (sys.executable, "-m", "prefdata")


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    stdout: str
    stderr: str
    status: int

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]


def run(*args: str | Path, stdin: str = "") -> Result:
    done = subprocess.run(
        [*_ENTRY, *map(str, args)],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    return Result(done.stdout, done.stderr, done.returncode)


@dataclass(frozen=True)
class Place:
    """A workspace with the example rows of HH-RLHF, cleaned, and the commands that made it."""

    root: Path
    raw: Path
    init: Result
    ingest: Result
    clean: Result

    def run(self, *args: str | Path, stdin: str = "") -> Result:
        return run(*args, "-w", self.root, stdin=stdin)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask in this process, where the answer is not what is tested."""
        return pf.open(self.root).sql(query).fetchall()

    def n_snapshots(self) -> int:
        return len(pf.open(self.root).history())


def _rows(content: bytes) -> list[Any]:
    """Read JSON Lines, or one array of JSON."""
    if content.startswith(b"["):
        return list(json.loads(content))
    return [json.loads(line) for line in content.splitlines()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("cli")
    root, raw = folder / "workspace", folder / "raw"
    for name, content in plugin("source", "hh-rlhf").example.items():
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).write_bytes(content)
    return Place(
        root,
        raw,
        init=run("init", root),
        ingest=run("ingest", "hh-rlhf", "--from", raw, "-w", root),
        clean=run("run", "clean", "-w", root),
    )


# --- data in --------------------------------------------------------------------------------------


def test_init_names_the_workspace(place: Place) -> None:
    assert place.init == Result(f"workspace {place.root}\n", "", 0)


def test_ingest_accounts_for_every_raw_row(place: Place) -> None:
    assert place.ingest.status == 0
    assert "21 raw rows = 21 kept + 0 in quarantine" in place.ingest.stdout
    assert "hh-rlhf: 21 in, 21 out" in place.ingest.stderr
    assert "committed snapshot" in place.ingest.stderr


def test_ingest_tells_its_events_as_json(place: Place) -> None:
    result = place.run("ingest", "hh-rlhf", "--from", place.raw, "--json")
    assert (result.status, result.stderr) == (0, "")
    assert {record["event"] for record in result.records()} >= {"StepFinished"}


def test_sources_are_listed_and_shown(place: Place) -> None:
    listed = run("source", "list", "--json")
    assert (listed.status, listed.stderr) == (0, "")
    assert "hh-rlhf" in {record["source"] for record in listed.records()}
    shown = run("source", "show", "hh-rlhf")
    assert (shown.status, shown.stderr) == (0, "")
    assert "source: hh-rlhf\n" in shown.stdout
    assert "\nfiles\n" in shown.stdout
    (card,) = run("source", "show", "hh-rlhf", "--json").records()
    assert "harmless-base/test.jsonl.gz" in {file["path"] for file in card["files"]}


def test_the_raw_rows_come_back_from_the_catalog(place: Place, tmp_path: Path) -> None:
    result = place.run("source", "rebuild", "hh-rlhf", "--to", tmp_path)
    assert (result.status, result.stderr) == (0, "")
    assert "helpful-base/train.jsonl" in result.stdout
    for name, content in plugin("source", "hh-rlhf").example.items():
        rebuilt = (tmp_path / f"{name}.rebuilt.jsonl").read_bytes()
        assert _rows(rebuilt) == _rows(content)


def test_synth_writes_the_raw_files_of_a_dataset(tmp_path: Path) -> None:
    result = run("synth", tmp_path, "--scale", "0.005", "--source", "multipref", "--json")
    assert (result.status, result.stderr) == (0, "")
    assert [record["rows"] for record in result.records()] == [52]
    assert list(tmp_path.glob("multipref/**/*.parquet"))


# --- recipes --------------------------------------------------------------------------------------


def test_run_tells_each_step_the_export_and_the_snapshot(place: Place) -> None:
    assert place.clean.status == 0
    for said in ("make-pairs", "split-by-prompt", "10 pairs as trl in", "(#2)"):
        assert said in place.clean.stdout
    assert "5 rejected (identical-responses 2, not-comparable 3)" in place.clean.stderr
    files = {path.name for path in (place.root / "exports" / "clean-trl").iterdir()}
    assert {"train.jsonl", "train.parquet"} <= files


def test_run_tells_its_events_as_json(place: Place) -> None:
    result = place.run("run", "clean", "--json")
    assert (result.status, result.stderr) == (0, "")
    done = [record for record in result.records() if record["event"] == "StepFinished"]
    assert all(r["rows_in"] == r["rows_out"] + r["rejected"] for r in done)


def test_plan_tells_what_is_done_already(place: Place) -> None:
    result = place.run("plan", "clean", "--json")
    assert (result.status, result.stderr) == (0, "")
    assert {record["status"] for record in result.records()} == {"cached"}


def test_export_writes_files_and_names_their_digests(place: Place, tmp_path: Path) -> None:
    result = place.run("export", tmp_path / "out", "--as", "jsonl", "--source", "hh-rlhf")
    assert (result.status, result.stderr) == (0, "")
    assert f"16 pairs as jsonl in {tmp_path / 'out'}" in result.stdout
    assert "train.jsonl" in result.stdout
    assert len((tmp_path / "out" / "train.jsonl").read_text().splitlines()) == 16


def test_stages_are_listed_and_shown() -> None:
    listed = run("stage", "list", "--json")
    assert (listed.status, listed.stderr) == (0, "")
    assert {"make-pairs", "select-pairs"} <= {record["stage"] for record in listed.records()}
    shown = run("stage", "show", "make-pairs")
    assert (shown.status, shown.stderr) == (0, "")
    assert "writes pairs" in shown.stdout
    assert "tie_band" in shown.stdout


def test_recipes_are_listed_shown_and_described() -> None:
    listed = run("recipe", "list", "--json")
    assert (listed.status, listed.stderr) == (0, "")
    assert "clean" in {record["recipe"] for record in listed.records()}
    shown = run("recipe", "show", "clean")
    assert (shown.status, shown.stderr) == (0, "")
    assert "name: clean" in shown.stdout
    schema = run("recipe", "schema")
    assert (schema.status, schema.stderr) == (0, "")
    assert "steps" in json.loads(schema.stdout)["properties"]


# --- queries --------------------------------------------------------------------------------------

_QUERY = "SELECT range AS n, 'a,b' AS text FROM range(3)"


def test_sql_shows_a_table_and_says_when_it_is_cut(place: Place) -> None:
    result = place.run("sql", _QUERY, "--limit", "2")
    assert result.status == 0
    assert [line.split() for line in result.stdout.splitlines()[2:]] == [["0", "a,b"], ["1", "a,b"]]
    assert "--limit shows more" in result.stderr
    whole = place.run("sql", _QUERY)
    assert (whole.status, whole.stderr) == (0, "")


def test_sql_writes_text_to_standard_output(place: Place) -> None:
    expected = [{"n": n, "text": "a,b"} for n in range(3)]
    found = {kind: place.run("sql", _QUERY, "-o", kind) for kind in ("csv", "json", "jsonl")}
    assert {(r.stderr, r.status) for r in found.values()} == {("3 rows\n", 0)}
    rows = csv.DictReader(io.StringIO(found["csv"].stdout))
    assert [{"n": int(row["n"]), "text": row["text"]} for row in rows] == expected
    assert json.loads(found["json"].stdout) == expected
    assert found["jsonl"].records() == expected


def test_sql_writes_a_file_in_the_format_of_its_name(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "found.parquet"
    result = place.run("sql", _QUERY, "--to", file)
    assert result == Result("", f"3 rows in {file}\n", 0)
    assert pl.read_parquet(file)["n"].to_list() == [0, 1, 2]


def test_sql_reads_standard_input_and_files(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "query.sql"
    file.write_text("SELECT 42 AS answer;\n")
    piped = place.run("sql", "-", "-o", "jsonl", stdin=file.read_text())
    named = place.run("sql", file, "-o", "jsonl")
    assert piped.records() == named.records() == [{"answer": 42}]


def test_sql_looks_at_an_older_snapshot(place: Place) -> None:
    query = "SELECT count(*) AS n FROM pairs"
    assert place.run("sql", query, "-o", "jsonl", "--at", "#1").records() == [{"n": 0}]
    assert place.sql(query) == [(16,)]


def test_tables_are_listed_and_described(place: Place) -> None:
    listed = place.run("tables", "--json")
    assert (listed.status, listed.stderr) == (0, "")
    rows = {record["name"]: record["rows"] for record in listed.records()}
    assert rows["judgments"] == 21
    described = place.run("tables", "pairs")
    assert (described.status, described.stderr) == (0, "")
    assert "margin_unit" in described.stdout


def test_why_tells_the_story_of_a_pair_that_is_in_and_of_one_that_is_out(place: Place) -> None:
    kept = {is_kept: pair for pair, is_kept in place.sql("SELECT pair_id, is_kept FROM decisions")}
    for is_kept, said in ((True, " yes "), (False, " flag:")):
        result = place.run("why", kept[is_kept])
        assert (result.status, result.stderr) == (0, "")
        assert f"pair      {kept[is_kept]}\n" in result.stdout
        for heading in ("texts", "flags", "decisions", "splits"):
            assert f"\n{heading}\n" in result.stdout
        assert said in result.stdout
    (story,) = place.run("why", kept[True][:12], "--json").records()
    assert story["pair"]["pair_id"] == kept[True]


def test_why_tells_the_reason_of_a_judgment_without_a_pair(place: Place) -> None:
    ((judgment, *_), *_) = place.sql("SELECT id FROM rejects WHERE rule = 'identical-responses'")
    result = place.run("why", judgment)
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout.startswith("It became no pair:\n")


# --- health ---------------------------------------------------------------------------------------


def test_validate_holds_the_catalog_against_its_contracts(place: Place, tmp_path: Path) -> None:
    pytest.importorskip("great_expectations")
    result = place.run("validate", "--table", "pairs", "--docs", tmp_path)
    assert (result.status, result.stderr) == (0, "")
    assert " 0 failed" in result.stdout
    assert f"pages: {tmp_path / 'index.html'}" in result.stdout
    assert (tmp_path / "index.html").is_file()


def test_verify_reads_every_file(place: Place) -> None:
    result = place.run("verify", "--deep", "--json")
    assert (result.status, result.stderr) == (0, "")
    (found,) = result.records()
    assert found["files"] > 0
    assert found["problems"] == 0


def test_doctor_tells_what_is_there(place: Place) -> None:
    result = place.run("doctor", "--json")
    assert (result.status, result.stderr) == (0, "")
    parts = {record["part"]: record for record in result.records()}
    assert parts["network"]["state"] == "off"
    assert "hh-rlhf" in parts["workspace"]["more"]


# --- history --------------------------------------------------------------------------------------


def test_history_is_listed_shown_and_compared(place: Place) -> None:
    listed = place.run("snapshot", "list", "--all", "--json")
    assert (listed.status, listed.stderr) == (0, "")
    said = [record["what"] for record in listed.records()]
    assert said[:3] == ["init", "ingest hh-rlhf", "run clean"]
    shown = place.run("snapshot", "show", "#2")
    assert (shown.status, shown.stderr) == (0, "")
    assert "hh-rlhf/make-pairs" in shown.stdout
    changed = place.run("snapshot", "diff", "#0", "#1", "--json")
    assert (changed.status, changed.stderr) == (0, "")
    assert {r["table"]: r["added"] for r in changed.records()}["judgments"] == 21


def test_a_tag_names_a_snapshot_until_it_is_taken_off(place: Place) -> None:
    tagged = place.run("snapshot", "tag", "mine", "#1")
    assert (tagged.status, tagged.stderr) == (0, "")
    assert tagged.stdout.startswith("mine = ")
    assert "mine" in place.run("snapshot", "show", "mine").stdout
    assert place.run("snapshot", "untag", "mine") == Result("", "", 0)


def test_a_rollback_brings_old_content_back_as_the_newest(place: Place) -> None:
    before = place.n_snapshots()
    back = place.run("snapshot", "rollback", "#1")
    assert (back.status, back.stderr) == (0, "")
    assert "rollback to #1" in back.stdout
    assert place.sql("SELECT count(*) FROM pairs") == [(0,)]
    assert place.run("snapshot", "rollback", "#2").status == 0
    assert place.n_snapshots() == before + 2


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("ingest", "hh-rlfh"), "unknown-name"),
        (("run", "claen"), "unknown-name"),
        (("snapshot", "show", "nope"), "unknown-name"),
        (("snapshot", "untag", "nope"), "unknown-name"),
        (("sql", "SELEC 1"), "query"),
        (("sql", "DELETE FROM pairs"), "query"),
        (("sql", "COPY pairs TO 'x.csv'"), "query"),
        (("sql", "SELECT 1", "-o", "xml"), "user"),
        (("ingest", "hh-rlhf", "--set", "x"), "user"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_is_answered_with_what_to_do(
    place: Place, args: tuple[str, ...], code: str
) -> None:
    result = place.run(*args)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error[{code}]: ")
    assert "\n  fix:   " in result.stderr


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    result = run("stage", "show", "make-pair")
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("error[unknown-name]: There is no stage named 'make-pair'.\n")
    assert "fix:   Did you mean 'make-pairs'?" in result.stderr


def test_a_folder_without_a_workspace_is_told_how_to_make_one(tmp_path: Path) -> None:
    result = run("tables", "-w", tmp_path)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("error[workspace]: ")
    assert f"prefdata init {tmp_path}" in result.stderr


def test_an_unknown_command_is_refused() -> None:
    result = run("nonsense")
    assert (result.status, result.stdout) == (2, "")
    assert "No such command 'nonsense'" in result.stderr


def test_a_wrong_file_is_the_fault_of_the_data(place: Place, tmp_path: Path) -> None:
    (tmp_path / "helpful-base").mkdir()
    (tmp_path / "helpful-base" / "train.jsonl").write_text("<html>Not found</html>")
    result = place.run("ingest", "hh-rlhf", "--from", tmp_path)
    assert (result.status, result.stdout) == (3, "")
    assert "error[source-drift]: The file is a web page, not data." in result.stderr
    assert "where: helpful-base/train.jsonl" in result.stderr


def test_too_many_rejects_commit_nothing(place: Place) -> None:
    before = place.n_snapshots()
    result = place.run("run", "clean", "--max-rejects", "0.01", "--force")
    assert (result.status, result.stdout) == (3, "")
    assert "error[rejects]: make-pairs rejected 5 of 21 rows" in result.stderr
    assert place.n_snapshots() == before


def test_without_a_network_the_files_to_fetch_are_listed(place: Place) -> None:
    result = place.run("ingest", "hh-rlhf", "--offline")
    assert (result.status, result.stdout) == (4, "")
    assert result.stderr.startswith("error[fetch]: ")
    assert "--offline was given" in result.stderr
    assert "harmless-base/test.jsonl.gz" in result.stderr
    assert "then:  prefdata ingest hh-rlhf --from <folder>" in result.stderr


# --- the entry point ------------------------------------------------------------------------------


def test_the_version_is_told() -> None:
    from importlib.metadata import version

    assert run("--version") == Result(f"prefdata {version('prefdata')}\n", "", 0)


@pytest.mark.parametrize("kind", ["csv", "table"])
def test_a_reader_that_goes_away_is_no_error(place: Place, kind: str) -> None:
    query = "SELECT repeat('x', 60) AS text FROM range(200_000)"
    args = [*_ENTRY, "sql", query, "-o", kind, "--limit", "20000", "-w", str(place.root)]
    with subprocess.Popen(
        args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
