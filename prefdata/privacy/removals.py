"""Who asked to be taken out: the list of removals, and all that goes with what it names."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import yaml

from prefdata.core.errors import UserError
from prefdata.core.strict_yaml import fault_line, load_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["REMOVAL_KEYS", "asked", "follow", "read_removals", "removal_digest"]

REMOVAL_KEYS = {
    "annotators": "annotator_id",
    "conversations": "conversation_id",
    "prompts": "prompt_id",
    "responses": "response_id",
    "judgments": "judgment_id",
    "pairs": "pair_id",
}
"""What a removal may name, and the key of its table."""

# Column of a table to the subject whose removal takes the row with it; parents come first.
_FOLLOWS: dict[str, dict[str, str]] = {
    "annotators": {},
    "conversations": {"annotator_id": "annotators"},
    "prompts": {"conversation_id": "conversations"},
    "responses": {"prompt_id": "prompts"},
    "judgments": {
        "prompt_id": "prompts",
        "annotator_id": "annotators",
        "response_ids": "responses",
    },
    "pairs": {
        "prompt_id": "prompts",
        "annotator_id": "annotators",
        "judgment_id": "judgments",
        "chosen_id": "responses",
        "rejected_id": "responses",
    },
}
_COLUMNS = ("subject", "id", "asked_at", "reason")
_DIGEST = "sha256:"
_FIX = (
    "Give each removal a `subject` ("
    + ", ".join(REMOVAL_KEYS)
    + ") and an `id`; `asked_at` and `reason` may follow, and nothing else."
)


def removal_digest(name: str) -> str:
    """Return what may stand for an id in the list: ``sha256:`` and the SHA-256 of its UTF-8.

    The list then names nobody by itself; ids that can be enumerated can still be tried.
    """
    return _DIGEST + hashlib.sha256(name.encode()).hexdigest()


def read_removals(path: Path) -> pl.DataFrame:
    """Read a list of removals.

    Args:
        path: A CSV, YAML or JSON-lines file with the columns subject (a table), id (its key, as in
            the catalog, or ``<file>#<row>`` of the raw file, or the `removal_digest` of either),
            and, where known, asked_at and reason.

    Returns:
        Columns subject and id, sorted, each removal once.

    Raises:
        UserError: If the file is not such a list; says where.
    """
    rows = []
    for where, row in _rows(path):
        _check(row, where)
        rows.append({"subject": row["subject"].strip(), "id": row["id"].strip()})
    schema = {"subject": pl.String, "id": pl.String}
    return pl.DataFrame(rows, schema=schema).unique().sort("subject", "id")


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        if path.suffix == ".csv":
            table = pl.read_csv(path, infer_schema=False, null_values=[""])
            for index, row in enumerate(table.iter_rows(named=True)):
                yield f"{path}:{index + 2}", row
        elif path.suffix in {".yaml", ".yml"}:
            yield from _listed(path)
        elif path.suffix in {".jsonl", ".ndjson"}:
            for index, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
                if line.strip():
                    yield f"{path}:{index + 1}", json.loads(line)
        else:
            raise UserError(
                "A list of removals is a CSV, YAML or JSON-lines file.",
                where=str(path),
                fix="Name it .csv, .yaml or .jsonl.",
            )
    except pl.exceptions.NoDataError:
        return
    except (pl.exceptions.PolarsError, ValueError, RecursionError, OSError) as error:
        raise UserError(
            f"The list of removals cannot be read: {str(error).splitlines()[0]}.",
            where=str(path),
            fix=_FIX,
        ) from error


def _listed(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        listed = load_tree(path.read_text(encoding="utf-8"))[0] or []
    except yaml.MarkedYAMLError as error:
        raise UserError(
            f"The list of removals cannot be read: {error.problem}.",
            where=f"{path}:{fault_line(error)}",
            fix=_FIX,
        ) from error
    for index, row in enumerate(listed if isinstance(listed, list) else [listed]):
        yield f"{path}, entry {index + 1}", row


def _check(row: Any, where: str) -> None:
    """Refuse what is no removal: to pass over it would publish what somebody asked to remove."""
    fault = ""
    if not isinstance(row, dict):
        fault = "An entry of the list of removals has no subject and id"
    elif more := sorted(str(name) for name in row if name not in _COLUMNS):
        fault = f"The list of removals has what it should not: {', '.join(more)}"
    elif not isinstance(row.get("id"), str) or not row["id"].strip():
        fault = "A removal has no id, or one that is no text"
    elif not isinstance(row.get("subject"), str) or row["subject"].strip() not in REMOVAL_KEYS:
        fault = f"A removal has the subject {row.get('subject')!r}"
    if fault:
        raise UserError(f"{fault}.", where=where, fix=_FIX)


def asked(ids: pl.Series, removals: pl.DataFrame, subject: str) -> pl.Series:
    """Tell for each id whether its removal is asked for.

    Args:
        ids: Keys of rows, or ``<file>#<row>``; null ones are not.
        removals: As `read_removals` returns them.
        subject: Table that the ids belong to.
    """
    wanted = removals.filter(pl.col("subject") == subject)["id"]
    is_digest = wanted.str.starts_with(_DIGEST)
    named = ids.is_in(wanted.filter(~is_digest).implode())
    if is_digest.any():
        digests = set(wanted.filter(is_digest).str.to_lowercase())
        # Hashing has no expression; each id is hashed once.
        hidden = [one for one in ids.unique().drop_nulls() if removal_digest(one) in digests]
        named |= ids.is_in(pl.Series(hidden, dtype=pl.String).implode())
    return named.fill_null(value=False)


def follow(tables: Mapping[str, pl.LazyFrame], removals: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Find the rows that are to go: those that the list names, and those that hang on them.

    With an annotator go their conversations and judgments, with a conversation its prompts, with a
    prompt its responses, judgments and pairs. A prompt holds what was said before, so with a prompt
    or response go the later turns of its conversation too. Of pairs that pool several judgments
    nobody can tell which: pool again after leaving out the judgments.

    Args:
        tables: Frames by name, of those in `REMOVAL_KEYS`; what is missing is empty.
        removals: As `read_removals` returns them.

    Returns:
        For each table columns id and is_asked, true where the list names the row itself; in the
        order of the table.
    """
    frames = {name: _frame(tables, name) for name in _FOLLOWS if name in tables}
    named = {name: _asked_rows(name, frame, frames, removals) for name, frame in frames.items()}
    gone: dict[str, pl.Series] = {}
    result = {}
    for name, frame in frames.items():
        goes = named[name]
        for column, parent in _FOLLOWS[name].items():
            if parent in gone:
                goes |= _holds(frame[column], gone[parent])
        if name == "prompts":
            goes |= _later(frames, named)
        key = REMOVAL_KEYS[name]
        gone[name] = frame.filter(goes)[key]
        result[name] = pl.DataFrame({"id": frame[key], "is_asked": named[name]}).filter(goes)
    return result


def _frame(tables: Mapping[str, pl.LazyFrame], name: str) -> pl.DataFrame:
    columns = [REMOVAL_KEYS[name], *_FOLLOWS[name]]
    columns += ["turn"] if name == "prompts" else []
    rows = pl.format("{}#{}", "file", "row") if name != "pairs" else pl.lit(None, pl.String)
    return tables[name].select(*columns, source_row_id=rows).collect()


def _asked_rows(
    name: str, frame: pl.DataFrame, frames: Mapping[str, pl.DataFrame], removals: pl.DataFrame
) -> pl.Series:
    """Tell which rows of a table the list names, by their key or their place in the raw files."""
    if name == "pairs" and "prompts" in frames:
        places = frames["prompts"].select("prompt_id", "source_row_id")
        frame = frame.drop("source_row_id").join(
            places, on="prompt_id", how="left", maintain_order="left"
        )
    by_place = asked(frame["source_row_id"], removals, name)
    return asked(frame[REMOVAL_KEYS[name]], removals, name) | by_place


def _holds(values: pl.Series, gone: pl.Series) -> pl.Series:
    """Tell which values are, or hold, an id that is to go."""
    if values.dtype == pl.List:
        among = pl.element().is_in(gone.implode())
        hits = values.to_frame("ids").select(pl.col("ids").list.eval(among).list.any()).to_series()
    else:
        hits = values.is_in(gone.implode())
    return hits.fill_null(value=False)


def _later(frames: Mapping[str, pl.DataFrame], named: Mapping[str, pl.Series]) -> pl.Series:
    """Tell which prompts come after a prompt or response that is to go, so that they repeat it."""
    prompts = frames["prompts"]
    touched = prompts.filter(named["prompts"])["prompt_id"]
    if "responses" in frames:
        answered = frames["responses"].filter(named["responses"])["prompt_id"]
        touched = pl.concat([touched, answered])
    first = (
        prompts.filter(pl.col("prompt_id").is_in(touched.implode()))
        .drop_nulls("conversation_id")
        .group_by("conversation_id")
        .agg(first=pl.col("turn").min())
    )
    joined = prompts.join(first, on="conversation_id", how="left", maintain_order="left")
    return joined.select((pl.col("turn") > pl.col("first")).fill_null(value=False)).to_series()
