"""kill -9 between reservation, files and record, and between copy, commit and settlement.

The process kills itself before one of the moves by which files become what others see; that is
where a half-done hand-off could differ from a whole one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl

import prefdata as pf
from prefdata.annotation.tasks import read_tasks
from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.testing.labelling import put_plan

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_PROGRAM = """
import os, signal, sys
left = int(sys.argv[1])
def watch(event, args):
    global left
    if event == "os.rename":
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
sys.argv = ["prefdata", *sys.argv[2:]]
from prefdata.cli import main
main()
"""
# Each kill costs the start of a process; the nightly run has them all.
_IS_FULL = int(os.environ.get("PREFDATA_KILLS", "4")) > 4
_BUDGET = "2.0"  # Just what the batch costs: a second reservation would be refused.


def _kill(at: int, *words: str | Path) -> None:
    """Run a command and let it be killed before the ``at``-th move of a file."""
    command = [sys.executable, "-c", _PROGRAM, str(at), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def _written(root: Path) -> dict[str, bytes]:
    folder = root / "handoffs"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(folder).parts)
    }


def _ledger(catalog: Catalog) -> list[tuple[Any, ...]]:
    rows = catalog.scan("vote_ledger").collect()
    keys = rows.select("event_id", "status")
    assert keys.is_duplicated().sum() == 0
    columns = ["event_id", pl.col("status").cast(pl.String), "plan_id", "cost", "annotator_id"]
    return rows.select(columns).sort("event_id", "status").rows()


def _answered(root: Path, to: Path) -> list[Path]:
    """Fill in the sheets: each by another person, who prefers the first."""
    filled = []
    for sheet in sorted((root / "handoffs").glob("*/sheet-*.csv")):
        rows = pl.read_csv(sheet).with_columns(
            choice=pl.lit("a_slight"), annotator=pl.lit(sheet.stem)
        )
        rows.write_csv(to / sheet.name)
        filled.append(to / sheet.name)
    return filled


def test_who_is_killed_at_any_point_hands_the_same_off_and_pays_once(tmp_path: Path) -> None:
    calm, storm = (Catalog.create(tmp_path / name) for name in ("calm", "storm"))
    roots = [catalog.workspace.root for catalog in (calm, storm)]
    for catalog in (calm, storm):
        put_plan(catalog)
    sent = pf.hand_off("csv", workspace=roots[0], budget=float(_BUDGET))
    export = ("annotate", "export", "--as", "csv", "-w", roots[1], "--budget", _BUDGET)
    # Before the events are written; after they are committed; before the record of the tasks.
    points = ((1, 0), (2, 8), (2, 8))
    for at, n_reserved in points if _IS_FULL else points[1:]:
        _kill(at, *export)
        assert calm.scan("vote_ledger").collect().height == 8
        assert storm.scan("vote_ledger").collect().height == n_reserved
        assert not list((roots[1] / "handoffs").glob("*.tasks.parquet"))
        assert verify(storm).problems == ()
    again = pf.hand_off("csv", workspace=roots[1], budget=float(_BUDGET))
    assert (again.plan_id, again.batch, again.digests) == (sent.plan_id, 0, sent.digests)
    assert again.is_again
    assert _written(roots[0]) == _written(roots[1])
    assert _ledger(calm) == _ledger(storm)

    answers = _answered(roots[0], tmp_path)
    pf.take_back(answers, workspace=roots[0])
    n_answers = read_tasks((roots[0] / "handoffs").glob("*.tasks.parquet"))["n_votes"].sum()
    # After the first copy; then, with all copies there, after the commit and before settlement.
    n_copies = len(answers)
    if _IS_FULL:
        _kill(2, "annotate", "import", *answers, "-w", roots[1])
        assert len(list((roots[1] / "handoffs").glob("csv-*"))) == 1
        n_copies -= 1
    _kill(n_copies + 6, "annotate", "import", *answers, "-w", roots[1])
    judged = storm.scan("judgments").filter(pl.col("stage") == "import-labels").collect()
    assert judged.height == n_answers == 8
    assert storm.scan("vote_ledger").collect().height == 8
    # Whoever comes next settles: no file is needed for that.
    done = pf.take_back([], workspace=roots[1])
    assert done.settled == {"done": 8, "failed": 0, "refunded": 0}
    assert storm.head().name == calm.head().name
    assert _ledger(calm) == _ledger(storm)
    assert _written(roots[0]) == _written(roots[1])
    assert [batch.done for batch in pf.label_status(workspace=roots[1])] == [2.0, 0.0]
