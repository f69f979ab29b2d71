"""embed and search through the real entry point, with the embedder that needs no weights."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import prefdata as pf
from prefdata.protocols import RawFile
from prefdata.runner import ingest

if TYPE_CHECKING:
    from pathlib import Path

_ROWS = [
    {"prompt": f"{what} please", "chosen": f"here is how: {what}", "rejected": "no"}
    for what in (
        "bake a loaf of bread",
        "pick a lock with a hair pin",
        "write a poem on rivers",
        "name the planets in order",
    )
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    catalog = pf.init(folder / "w")
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in _ROWS))
    ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": "mine"})
    return folder / "w"


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "prefdata", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_embed_counts_rows_and_search_finds_the_nearest(workspace: Path) -> None:
    done = _run("embed", "--model", "lexical", "-w", workspace)
    assert done.returncode == 0, done.stderr
    assert "12 rows = 12 with a vector + 0 without" in done.stdout
    found = _run("search", "how to pick locks", "--model", "lexical", "-k", "2", "-w", workspace)
    assert found.returncode == 0, found.stderr
    first, text, *_ = found.stdout.splitlines()
    assert "mine:" in first
    assert "prompt" in first
    assert text.strip() == "pick a lock with a hair pin please"
    assert "2 of 4 distinct texts by lexical (exact)" in found.stderr


def test_hits_are_json_lines_with_all_that_is_known(workspace: Path) -> None:
    words = ("search", "loaf", "--in", "responses", "--where", "text <> 'no'", "--json")
    found = _run(*words, "--model", "lexical", "-w", workspace)
    hits = [json.loads(line) for line in found.stdout.splitlines()]
    assert len(hits) == 4
    assert hits[0]["text"] == "here is how: bake a loaf of bread"
    assert set(hits[0]) == {
        "score",
        "id",
        "source",
        "text",
        "part",
        "n_rows",
        "ids",
        "n_pairs",
        "pairs",
    }


def test_pairs_whose_responses_differ_alike_are_found(workspace: Path) -> None:
    assert _run("run", "clean", "-w", workspace).returncode == 0
    pair = pf.open(workspace).sql("SELECT min(pair_id) FROM pairs").fetchall()[0][0]
    found = _run("alike", pair[:12], "--model", "lexical", "-w", workspace)
    assert found.returncode == 0, found.stderr
    assert len(found.stdout.splitlines()) == 6
    assert "3 of 3 pairs by lexical (exact)" in found.stderr


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("search", "x", "--in", "annotators"), 2, "'annotators' cannot be searched"),
        (("search", " ", "--model", "lexical"), 2, "nothing to search for"),
        (("search", "x", "--model", "lexical", "--where", "colour = 1"), 2, "colour"),
        (("search", "x", "--model", "./nowhere"), 4, "nowhere"),
        (("alike", "nowhere", "--model", "lexical"), 2, "'nowhere'"),
        (("embed", "--of", "planets", "--model", "lexical"), 2, "of"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_a_remedy(
    workspace: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    done = _run(*words, "-w", workspace)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr
    assert "fix:" in done.stderr
