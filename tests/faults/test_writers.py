"""Many writers at once: nobody's rows are lost, and readers never see half a commit."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

_WRITERS = 4
_ROUNDS = 2
_ROWS = 40


def _rows(folder: Path, name: str, round_: int) -> Path:
    path = folder / f"{name}-{round_}.jsonl"
    lines = [
        json.dumps({"prompt": f"{name} {i}?", "chosen": f"yes {round_}", "rejected": "no"})
        for i in range(_ROWS)
    ]
    path.write_text("\n".join(lines))
    return path


def test_four_writers_lose_no_row_while_readers_look(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    catalog = Catalog.create(workspace)
    for round_ in range(_ROUNDS):
        children = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "prefdata",
                    "ingest",
                    "trl",
                    "-w",
                    str(workspace),
                    "--set",
                    f"name=writer-{i}",
                    "--from",
                    str(_rows(tmp_path, f"writer-{i}", round_)),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for i in range(_WRITERS)
        ]
        while any(child.poll() is None for child in children):
            counts = catalog.sql(
                "SELECT (SELECT count(*) FROM prompts), (SELECT count(*) FROM responses)"
            ).fetchall()[0]
            assert counts[1] == 2 * counts[0], "a reader saw prompts without their responses"
            time.sleep(0.1)  # The writers need the processors more.
        for child in children:
            said = child.communicate()[1]
            assert child.returncode == 0, said
        rows = catalog.sql("SELECT source, count(*) FROM prompts GROUP BY source ORDER BY source")
        assert rows.fetchall() == [(f"writer-{i}", _ROWS) for i in range(_WRITERS)]
    texts = catalog.sql("SELECT DISTINCT text FROM responses WHERE text <> 'no'").fetchall()
    assert texts == [(f"yes {_ROUNDS - 1}",)]
    assert len(catalog.history()) == 1 + _WRITERS * _ROUNDS
    assert verify(catalog, is_deep=True).problems == ()
