"""Commands that look: sql, tables, why."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from prefdata.cli import _output
from prefdata.cli._options import At, Json, Workspace
from prefdata.cli._progress import query_bar
from prefdata.core.errors import UserError

if TYPE_CHECKING:
    from prefdata.runner.why import Why

__all__ = ["register", "show_story"]

_FORMATS = ("table", "csv", "json", "jsonl", "parquet")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("sql", cls=_QueryCommand)(sql)
    app.command("tables")(tables)
    app.command("why")(why)


class _QueryCommand(TyperCommand):
    """Takes a query that begins with a comment for what it is, not for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f"\n{a}" if _is_comment(a) else a for a in args])


def _is_comment(word: str) -> bool:
    # The name of an option holds no white space.
    return word.startswith("--") and any(c.isspace() for c in word.partition("=")[0])


def sql(
    query: Annotated[
        str, typer.Argument(help="A DuckDB query, a file that holds one, or - for standard input.")
    ],
    workspace: Workspace = None,
    at: At = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="table, csv, json, jsonl or parquet.")
    ] = "table",
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="Rows that a table shows.", min=1)] = 50,
) -> None:
    """Query the catalog, read-only, with DuckDB's SQL over its tables and views."""
    import prefdata as pf
    from prefdata.catalog.output import run_query, write_query

    if output not in _FORMATS:
        raise UserError(
            f"There is no output {output!r}.",
            where="--output",
            fix=f"Known: {', '.join(_FORMATS)}.",
        )
    if to is not None and output == "table":
        output = to.suffix.removeprefix(".") if to.suffix[1:] in _FORMATS[1:] else "csv"
    if to is not None and (to.is_dir() or not to.absolute().parent.is_dir()):
        raise UserError(
            "The file cannot be there.", where=str(to), fix="Name a file in a folder that exists."
        )
    text = _query_text(query)
    with pf.open(workspace).session(at, is_locked=True) as session, query_bar() as bar:
        if output != "table":
            count = write_query(session, text, kind=output, to=to or sys.stdout, on_progress=bar)  # type: ignore[arg-type]
            _output.say(f"{count:,} rows" + (f" in {to}" if to else ""))
            return
        result = run_query(session, text, limit=limit, on_progress=bar)
    _output.table(result.columns, result.rows)
    if not result.rows:
        _output.say("no rows")
    if result.is_cut:
        _output.say(f"the first {limit:,} rows; --limit shows more, --to FILE writes all")


def _query_text(query: str) -> str:
    if query == "-":
        return sys.stdin.read()
    if query.endswith(".sql") and len(query.split()) == 1:
        if not Path(query).is_file():
            raise UserError("There is no such file.", where=query, fix="Correct the path.")
        return Path(query).read_text()
    return query


def tables(
    name: Annotated[
        str | None, typer.Argument(help="Table or view to describe.", show_default=False)
    ] = None,
    workspace: Workspace = None,
    at: At = None,
    *,
    as_json: Json = False,
) -> None:
    """List tables and views, or describe the columns of one."""
    import prefdata as pf
    from prefdata.catalog.describe import describe_columns, list_relations

    with pf.open(workspace).session(at) as session:
        found = describe_columns(session, name) if name else list_relations(session)
    _output.rows(found, as_json=as_json)


def why(
    pair: Annotated[
        str,
        typer.Argument(help="Id of a pair (or its first digits), or of a judgment without one."),
    ],
    workspace: Workspace = None,
    at: At = None,
    *,
    as_json: Json = False,
) -> None:
    """Tell why a pair is in a dataset or out of it: each finding and decision, with its stage."""
    import prefdata as pf
    from prefdata.runner import why as explain

    story = explain(pf.open(workspace), pair, at=at)
    if as_json:
        _output.json_lines([dataclasses.asdict(story)])
        return
    show_story(story)


def show_story(story: Why) -> None:
    """Print what is known of a pair, or why there is none."""
    if story.pair is None:
        _output.line("It became no pair:")
        _output.rows(story.rejects)
        return
    shown = story.pair
    _output.line(f"pair      {shown['pair_id']}")
    _output.line(f"source    {shown['source']}, {shown['file']}, row {shown['row']}")
    _output.line(f"annotator {shown['annotator_id']}, aspect {shown['aspect']}")
    margin = (
        "" if shown["margin"] is None else f", margin {shown['margin']:g} {shown['margin_unit']}"
    )
    _output.line(f"rule      {shown['rule']} (step {shown['stage']}){margin}")
    if story.made_by:
        _output.line(f"run       {story.made_by['run_id']} at {story.made_by['started_at']} UTC")
    _output.heading("texts")
    last = shown["prompt"][-1]["content"] if shown["prompt"] else "(no prompt)"
    for label, text in (
        ("prompt", last),
        ("chosen", shown["chosen"]),
        ("rejected", shown["rejected"]),
    ):
        _output.line(f"{label:9} {' '.join(text.split())[:300]}")
    for title, items in (
        ("flags", story.flags),
        ("decisions", story.decisions),
        ("splits", story.splits),
    ):
        _output.heading(title)
        _output.rows(items, empty="none")
    if story.rationales:
        _output.heading("rationales")
        # Where the table is too wide, each text stands on a line beside the names of the columns.
        indent = max(map(len, story.rationales[0])) + 2
        _output.rows(
            [
                {**row, "text": row["text"] and _output.short(row["text"], indent=indent)}
                for row in story.rationales
            ]
        )
