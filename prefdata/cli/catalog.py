"""Commands around the workspace's health: validate, verify, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prefdata.cli import _output
from prefdata.cli._options import At, Json, Workspace
from prefdata.core.errors import ValidationError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("validate")(validate)
    app.command("verify")(verify)
    app.command("doctor")(doctor)


def validate(
    workspace: Workspace = None,
    at: At = None,
    sample: Annotated[
        int | None,
        typer.Option(
            help="Look at this many rows per table; all by default.", min=1, show_default=False
        ),
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table; may be repeated.", show_default=False)
    ] = None,
    docs: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the pages; data_docs in the workspace by default.", show_default=False
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Hold the catalog against its contracts and the published facts; write Data Docs."""
    import prefdata as pf

    result = pf.validate(workspace=workspace, at=at, sample=sample, tables=table, docs=docs)
    summary = result.by_table()
    _output.rows(summary, as_json=as_json)
    failed = [check.as_row() for check in result.results if check.is_passed is False]
    if not as_json:
        if failed:
            shown = ("table", "source", "rule", "observed", "examples")
            _output.rows([{name: row[name] for name in shown} for row in failed])
        _output.line(
            f"{result.n_checks:,} checks, {len(failed):,} failed, {result.n_skipped:,} skipped, "
            f"{result.seconds:.1f} s"
        )
        _output.line(f"pages: {result.docs}")
    if failed:
        raise ValidationError(
            f"{len(failed)} of {result.n_checks} checks failed.",
            where=", ".join(sorted({str(row["table"]) for row in failed})),
            fix=f"Open {result.docs}; the rows are in the tables named there.",
        )


def verify(
    workspace: Workspace = None,
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every file and compare its digest.")
    ] = False,
    clean: Annotated[
        bool, typer.Option("--clean", help="Remove files that no snapshot names.")
    ] = False,
    older_than_hours: Annotated[
        float,
        typer.Option(help="With --clean: spare younger files, which a run may be writing.", min=0),
    ] = 24.0,
    as_json: Json = False,
) -> None:
    """Check that every file of every snapshot is there and whole; find orphans."""
    import prefdata as pf
    from prefdata.catalog.verify import verify as check

    found = check(
        pf.open(workspace), is_deep=deep, is_clean=clean, older_than_hours=older_than_hours
    )
    _output.rows([found.as_row()], as_json=as_json)
    if found.problems:
        for problem in found.problems:
            _output.line(f"- {problem}")
        raise found.error()


def doctor(workspace: Workspace = None, *, as_json: Json = False) -> None:
    """Tell what is installed, what is reachable, and what to install for more."""
    from prefdata.doctor import examine

    _output.rows(examine(workspace), as_json=as_json)
