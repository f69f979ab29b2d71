"""The texts of evaluation sets, from files of any common form.

Items are rows. A column is text when it holds strings, lists of strings (the turns of a
conversation, the choices of a question) or lists of messages; the parts of a list are joined by
an empty line.
"""

from __future__ import annotations

import difflib
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import DataError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ITEM_COLUMNS", "read_items"]

ITEM_COLUMNS: dict[str, pl.DataType] = {
    "item": pl.String(),
    "field": pl.String(),
    "text": pl.String(),
}
"""Columns of items: name of the item, column that the text is from, text (null or blank too)."""

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_FILE_FORMAT = b"ARROW1"
_CONTENTS = ("content", "value", "text")
_FORMS = ".jsonl, .ndjson, .json, .csv, .tsv, .parquet, .arrow, .feather or .ipc"


def read_items(
    path: Path,
    *,
    name: str,
    columns: Sequence[str] | None = None,
    id_column: str | None = None,
) -> pl.DataFrame:
    """Return the texts of an evaluation file, item by item.

    Args:
        path: The file; JSON Lines, JSON and CSV may be gzipped.
        name: What the file is called in messages; its last part names items without an id.
        columns: Columns whose texts to take; when None all columns of text but ``id_column``.
        id_column: Column that names the items; ``<file>:<row>`` without it, or where it is null.

    Returns:
        `ITEM_COLUMNS`, a row for each item and column of text.

    Raises:
        UserError: If the file is missing or of no known form, or a column is not there or holds
            no text.
        DataError: If the file cannot be read or has no rows.
    """
    table = _table(path, name)
    if not table.height:
        raise DataError(
            "The evaluation file has no rows.", where=name, fix="Give the file with the items."
        )
    for column in (*(columns or ()), *filter(None, [id_column])):
        _check_is_there(table, column, name)
    all_texts = [column for column in _text_columns(table) if column != id_column]
    chosen = all_texts if columns is None else list(dict.fromkeys(columns))
    _check_are_texts(table, chosen, name)
    row = pl.lit(name.rsplit("/", maxsplit=1)[-1] + ":") + pl.int_range(pl.len()).cast(pl.String)
    item = row if id_column is None else pl.coalesce(_name(table, id_column, name), row)
    parts = [
        table.select(item=item, field=pl.lit(column), text=_text(table.schema[column], column))
        for column in chosen
    ]
    return pl.concat(parts).cast(pl.Schema(ITEM_COLUMNS))


def _table(path: Path, name: str) -> pl.DataFrame:
    """Read a file by the ending of its name."""
    if not path.is_file():
        raise UserError(
            "There is no such evaluation file.", where=name, fix="Correct `files` in the recipe."
        )
    form = _form(path.name) or _form(name)
    if form is None:
        raise UserError(
            "The name of the evaluation file does not say what form it has.",
            where=name,
            fix=f"Give a table: a file that ends in {_FORMS}.",
        )
    try:
        return _read(path, form)
    except (pl.exceptions.PolarsError, OSError, EOFError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        if form == "JSON Lines":
            reason = _first_fault(path) or reason
        raise DataError(
            f"The evaluation file cannot be read as {form}: {reason}.",
            where=name,
            fix="Check that the file is whole, and that its ending says what it is.",
        ) from error


def _first_fault(path: Path) -> str | None:
    """Say which line is no JSON; None when all are, or the file cannot be read."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            # A loop over lines, taken only by a file that could not be read.
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    json.loads(line)
                except ValueError as error:
                    return f"line {number} is no JSON ({error})"
    except (OSError, EOFError):
        return None
    return None


def _form(name: str) -> str | None:
    """Return the ending that says what is in a file, without that of a compression."""
    forms = {
        ".jsonl": "JSON Lines",
        ".ndjson": "JSON Lines",
        ".json": "JSON",
        ".csv": "CSV",
        ".tsv": "TSV",
        ".parquet": "Parquet",
        ".arrow": "Arrow",
        ".feather": "Arrow",
        ".ipc": "Arrow",
    }
    plain = name.lower().removesuffix(".gz")
    return next((form for ending, form in forms.items() if plain.endswith(ending)), None)


def _read(path: Path, form: str) -> pl.DataFrame:
    if form == "Parquet":
        return pl.read_parquet(path)
    data = path.read_bytes()
    if data.startswith(_GZIP):
        data = gzip.decompress(data)
    if form == "Arrow":
        reader = pl.read_ipc if data.startswith(_FILE_FORMAT) else pl.read_ipc_stream
        return reader(io.BytesIO(data))
    data = data.removeprefix(_BOM)
    if not data.strip():
        return pl.DataFrame()
    if form in {"CSV", "TSV"}:
        separator = "\t" if form == "TSV" else ","
        return pl.read_csv(data, separator=separator, infer_schema=False)
    return _json_lines(_lines_of(data) if form == "JSON" else data)


def _json_lines(data: bytes) -> pl.DataFrame:
    return pl.read_ndjson(data, infer_schema_length=None)


def _lines_of(data: bytes) -> bytes:
    """Return the rows of a JSON document as lines: those of a list, or of the list it holds."""
    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return data  # JSON Lines under the name of JSON, as many datasets on the hub have it.
        raise
    tables = [document]
    if isinstance(document, dict):
        tables = [part for part in document.values() if _is_table(part)] or [[document]]
    if len(tables) != 1 or not _is_table(tables[0]):
        message = "it is neither a list of objects nor an object that holds one such list"
        raise ValueError(message)
    return "\n".join(json.dumps(row) for row in tables[0]).encode()


def _is_table(part: Any) -> bool:
    return isinstance(part, list) and all(isinstance(row, dict) for row in part)


def _content(kind: pl.DataType) -> str | None:
    """Return the field of a message that holds its text."""
    if not isinstance(kind, pl.Struct):
        return None
    strings = {field.name for field in kind.fields if field.dtype == pl.String}
    return next((name for name in _CONTENTS if name in strings), None)


def _is_text(kind: pl.DataType) -> bool:
    if isinstance(kind, pl.List):
        inner = kind.inner
        return inner == pl.String or (isinstance(inner, pl.Struct) and _content(inner) is not None)
    return isinstance(kind, pl.String | pl.Categorical | pl.Enum)


def _text(kind: pl.DataType, column: str) -> pl.Expr:
    """Return a column of text as strings."""
    if not isinstance(kind, pl.List):
        return pl.col(column).cast(pl.String)
    part: pl.Expr = pl.element()
    if isinstance(kind.inner, pl.Struct):
        part = part.struct.field(_content(kind.inner) or "")
    return pl.col(column).list.eval(part.drop_nulls()).list.join("\n\n")


def _text_columns(table: pl.DataFrame) -> list[str]:
    return [name for name, kind in table.schema.items() if _is_text(kind)]


def _name(table: pl.DataFrame, column: str, name: str) -> pl.Expr:
    if table.schema[column].is_nested():
        raise UserError(
            f"The column {column!r} cannot name items: it holds {table.schema[column]}.",
            where=name,
            fix="Give as `id` a column of strings or numbers.",
        )
    return pl.col(column).cast(pl.String)


def _check_is_there(table: pl.DataFrame, column: str, name: str) -> None:
    if column in table.columns:
        return
    near = difflib.get_close_matches(column, table.columns, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise UserError(
        f"The evaluation file has no column {column!r}.",
        where=name,
        fix=f"{hint}Its columns: {', '.join(table.columns)}.",
    )


def _check_are_texts(table: pl.DataFrame, columns: Sequence[str], name: str) -> None:
    known = ", ".join(_text_columns(table)) or "none"
    if not columns:
        raise UserError(
            "The evaluation file has no column of text.",
            where=name,
            fix=f"Its columns: {', '.join(table.columns)}.",
        )
    for column in columns:
        if not _is_text(table.schema[column]):
            raise UserError(
                f"The column {column!r} of the evaluation file holds no text, "
                f"but {table.schema[column]}.",
                where=name,
                fix=f"Its columns of text: {known}.",
            )
