"""All files of `annotated-pairs`: a folder for each source, and the page that counts them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._annotated_pairs.annotators import read_annotated
from prefdata.reports._annotated_pairs.document import write_document
from prefdata.reports._annotated_pairs.icai import write_icai
from prefdata.reports._page.files import as_json, short
from prefdata.reports._page.render import render
from prefdata.reports._page.tables import Column, plain_table, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import Context
    from prefdata.reports._annotated_pairs.params import AnnotatedPairs

__all__ = ["write_files"]

_TEMPLATE = Path(__file__).parent / "templates" / "annotated_pairs.html.j2"
_COLUMNS = (
    Column("source", "source", "text"),
    Column("comparisons", "comparisons", "count"),
    Column("voted", "voted on", "count"),
    Column("annotators", "annotators", "count"),
    Column("principles", "principles", "count"),
    Column("held", "held", "count"),
    Column("bytes", "bytes", "count"),
)
_WARNING = "Choices of single people are in the files; share them only if the licence lets you."


def write_files(
    tables: Mapping[str, pl.LazyFrame], params: AnnotatedPairs, context: Context, out: Path
) -> list[Path]:
    """Write the files of all sources that have labels, and the page; return them."""
    files: list[Path] = []
    told: list[dict[str, Any]] = []
    for source in _sources(tables, params):
        mine = {
            name: frame.filter(pl.col("source") == source)
            if "source" in frame.collect_schema()
            else frame
            for name, frame in tables.items()
        }
        written, row = _source_files(source, mine, params, context, out / source)
        files += written
        told.append({"source": source, **row})
    shown = table(_COLUMNS, told)
    is_personal = params.people == "each"
    values = {
        "title": "Annotated pairs",
        "table": shown,
        "params": params,
        "snapshot": context.snapshot or "none",
        "warning": _WARNING if is_personal else "",
    }
    n = sum(row["comparisons"] for row in told)
    lines = [f"{n:,} comparisons with their annotators"]
    lines += [_WARNING] if is_personal else []
    lines += [] if told else [f"no labels of the steps {', '.join(params.pairs)}"]
    lines += plain_table(shown) if told else []
    texts = {
        "index.html": render(_TEMPLATE, values),
        "numbers.json": as_json({"params": params.model_dump(mode="json"), "sources": told}),
        "summary.txt": "".join(f"{short(line)}\n" for line in lines),
    }
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
        files.append(out / name)
    return files


def _sources(tables: Mapping[str, pl.LazyFrame], params: AnnotatedPairs) -> list[str]:
    is_label = pl.col("stage").is_in(list(params.pairs))
    found = tables["pairs"].filter(is_label).select("source").unique().collect()
    return sorted(found["source"])


def _source_files(
    source: str,
    tables: Mapping[str, pl.LazyFrame],
    params: AnnotatedPairs,
    context: Context,
    folder: Path,
) -> tuple[list[Path], dict[str, int | None]]:
    found = read_annotated(tables, params)
    folder.mkdir()
    path = folder / "annotated_pairs.json"
    about = (
        {"source": source, "snapshot": context.snapshot} if context.snapshot else {"source": source}
    )
    n_bytes = write_document(path, found, tables, params, about)
    files = [path, *write_icai(folder / "icai", found)]
    return files, {
        "comparisons": found.comparisons.height,
        "voted": found.n_voted,
        "annotators": len(found.annotators) - found.principles.height,
        "principles": found.principles.height,
        "held": None if found.constitution is None else len(found.constitution),
        "bytes": n_bytes,
    }
