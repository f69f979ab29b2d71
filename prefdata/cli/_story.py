"""The demo: a synthetic world, five sources, SQL, a recipe, an export; each step a command."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from prefdata.cli import _output
from prefdata.cli._progress import reporter
from prefdata.cli.pipeline import show_decisions, show_steps
from prefdata.cli.query import show_story
from prefdata.core.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog

__all__ = ["tell"]

_MARK = ".prefdata-demo"
_QUERIES = (
    (
        "What is in the catalog?",
        """
SELECT source, prompts, responses, judgments, annotators FROM source_overview ORDER BY source
""",
    ),
    (
        "Which model wins, and against what chance?",
        """
SELECT model, sum(shown) AS shown, round(sum(chosen) / sum(shown), 3) AS win_rate,
       round(sum(expected) / sum(shown), 3) AS chance
FROM model_win_rates WHERE source = 'prism' GROUP BY model ORDER BY win_rate DESC LIMIT 5
""",
    ),
    (
        "Does the position of an answer decide?",
        """
SELECT position, count(*) AS shown, round(avg(is_chosen::INT), 3) AS share_chosen
FROM judgments_flat WHERE source = 'community-alignment' AND is_chosen IS NOT NULL
GROUP BY position ORDER BY position
""",
    ),
)
_REASONS = """
SELECT source, coalesce(reason, 'kept') AS decision, count(*) AS pairs
FROM decisions GROUP BY ALL ORDER BY source, pairs DESC
"""
_ONE_OUT = "SELECT pair_id FROM decisions WHERE NOT is_kept ORDER BY pair_id LIMIT 1"


def tell(folder: Path) -> None:
    """Run the story in ``folder``, which is removed first if an earlier demo made it."""
    import prefdata as pf
    from prefdata.runner import why

    started = time.perf_counter()
    _fresh(folder)
    workspace = folder / "workspace"
    _world(folder)
    catalog = pf.init(workspace)
    _ingest(folder, workspace)
    for number, (question, query) in enumerate(_QUERIES, start=1):
        _output.heading(f"3.{number} SQL: {question}")
        _show(catalog, query)
    _output.heading("4. Clean: flags, pairs, splits, selection, export for TRL")
    _command("prefdata run clean")
    with reporter(is_quiet=True) as report:
        run = pf.run("clean", workspace=workspace, report=report)
    show_steps(run)
    show_decisions(catalog, run)
    _output.heading("5. Why is a pair out?")
    _show(catalog, _REASONS)
    with catalog.session() as session:
        out = session.sql(_ONE_OUT).fetchall()
    for (pair_id,) in out:
        _command(f"prefdata why {pair_id[:12]} -w {workspace}")
        show_story(why(catalog, pair_id))
    _output.heading("6. Where things are")
    _output.line(f"workspace  {workspace}")
    for item in run.exports:
        for name, digest in item.digests.items():
            _output.line(
                f"export     {workspace / 'exports' / item.folder.name / name}  {digest[:12]}"
            )
    _output.line(f"snapshot   {run.snapshot.name[:12]} (#{run.snapshot.number})")
    _output.line(
        f"\n{time.perf_counter() - started:.0f} s, without network, GPU or language model."
    )


def _world(folder: Path) -> None:
    from prefdata.testing.world import DEMO, write_world

    _output.heading("1. A world: raw files in the published formats of five datasets")
    _command(f"prefdata synth {folder}/raw")
    world = write_world(folder / "raw", DEMO)
    _output.rows(world.summary())


def _ingest(folder: Path, workspace: Path) -> None:
    import prefdata as pf
    from prefdata.testing.world import DEMO

    _output.heading("2. Ingest: one catalog, every row accounted for")
    done = []
    for source in DEMO.sources:
        _command(f"prefdata ingest {source} --from {folder}/raw/{source}")
        with reporter(is_quiet=True) as report:
            done.append(
                pf.ingest(source, folder / "raw" / source, workspace=workspace, report=report)
            )
    _output.table(
        ["source", "raw rows", "kept", "rejected", "prompts", "responses", "judgments"],
        [
            [r.source, r.rows_in, r.rows_out, r.rejected]
            + [r.tables.get(name, 0) for name in ("prompts", "responses", "judgments")]
            for r in done
        ],
    )


def _show(catalog: Catalog, query: str) -> None:
    from prefdata.catalog.output import run_query

    _command(f'prefdata sql "{" ".join(query.split())}"')
    with catalog.session(is_locked=True) as session:
        found = run_query(session, query, limit=20)
    _output.table(found.columns, found.rows)


def _command(text: str) -> None:
    """Print the command that does the same, wrapped for the eye."""
    import textwrap

    for line in textwrap.wrap(
        text, 76, initial_indent="$ ", subsequent_indent="    ", break_on_hyphens=False
    ):
        _output.line(line)


def _fresh(folder: Path) -> None:
    if folder.exists():
        if any(folder.iterdir()) and not (folder / _MARK).is_file():
            raise WorkspaceError(
                "The folder holds files that no demo wrote.",
                where=str(folder),
                fix="Name another folder: prefdata demo FOLDER",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).write_text("made by prefdata demo; removed by the next\n")
