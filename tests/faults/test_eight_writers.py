"""Two and eight writers at once, on the same rows and on others: one order explains the outcome."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

_ROWS = 30


def _rows(folder: Path, writer: int) -> Path:
    path = folder / f"rows-{writer}.jsonl"
    rows = [
        {"prompt": f"{i}?", "chosen": f"by writer {writer}", "rejected": "no"} for i in range(_ROWS)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.mark.fault
@pytest.mark.parametrize(("n_writers", "n_sources"), [(2, 1), (2, 2), (8, 3), (8, 8)])
def test_writers_that_meet_lose_nothing_and_losers_say_who_won(
    n_writers: int, n_sources: int, tmp_path: Path
) -> None:
    workspace = tmp_path / "w"
    catalog = Catalog.create(workspace)
    children = []
    for writer in range(n_writers):
        name = f"name=source-{writer % n_sources}"
        words = ["ingest", "trl", "--from", str(_rows(tmp_path, writer)), "--set", name]
        children.append(
            subprocess.Popen(
                [sys.executable, "-m", "prefdata", *words, "-w", str(workspace)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    n_won = n_lost = 0
    winners: dict[int, set[int]] = {}
    for writer, child in enumerate(children):
        said = child.communicate()[1]
        if child.returncode:
            assert child.returncode == 4, said
            assert "error[conflict]: Commit" in said
            assert f"source-{writer % n_sources}" in said
            n_lost += 1
        else:
            winners.setdefault(writer % n_sources, set()).add(writer)
            n_won += 1
    assert n_won >= n_sources
    assert n_sources < n_writers or n_lost == 0
    assert len(catalog.history()) == 1 + n_won
    rows = catalog.sql(
        "SELECT source, list(DISTINCT text), count(*) FROM responses WHERE text <> 'no' "
        "GROUP BY source"
    ).fetchall()
    assert len(rows) == n_sources
    for source, texts, count in rows:
        # All rows of a source are of one writer, of those that committed.
        assert count == _ROWS
        assert len(texts) == 1
        assert int(texts[0].split()[-1]) in winners[int(source.split("-")[-1])]
    assert verify(catalog, is_deep=True).problems == ()
    print(f"{n_writers} writers, {n_sources} sources: {n_won} won, {n_lost} lost")  # noqa: T201
