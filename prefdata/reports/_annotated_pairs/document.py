"""The file of AnnotatedPairs 2.0, written comparison by comparison."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._annotated_pairs.annotators import ABSENT, DEFAULT_ANNOTATOR, annotation
from prefdata.tables.messages import with_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from prefdata.reports._annotated_pairs.annotators import Annotated
    from prefdata.reports._annotated_pairs.params import AnnotatedPairs

__all__ = ["write_document"]

_VERSION = "2.0"
_KEYS = ("source", "aspect", "subset", "split", "topic", "language", "n_labels")
_TEXTS_AT_ONCE = 20_000
"""Comparisons whose texts are in memory at a time; the tables are read once for each such part."""
_LINES_AT_ONCE = 2_000
"""Comparisons whose annotations are: some kilobytes each, where principles are many."""


def write_document(
    path: Path,
    found: Annotated,
    tables: Mapping[str, pl.LazyFrame],
    params: AnnotatedPairs,
    about: Mapping[str, str],
) -> int:
    """Write the file of one source; memory does not grow with the number of comparisons.

    Args:
        path: File to write.
        found: What is written, but for texts.
        tables: ``prompts`` and ``responses`` of the source.
        params: How it is written.
        about: What the head says beside what is always there: ``source``, ``snapshot`` …

    Returns:
        Bytes of the file.
    """
    rows = found.comparisons
    keys = [key for key in _KEYS if rows[key].null_count() < rows.height]
    head = _json({"metadata": _metadata(params, about, keys), "annotators": found.annotators})
    with path.open("wb") as file:
        file.write(f'{head[:-1]},\n"comparisons":['.encode())
        separator = b"\n"
        for lines in _lines(rows, keys, found, tables, params):
            file.write(separator + "\n".join(lines).removesuffix(",").encode())
            separator = b",\n"
        file.write(b"\n]}\n")
    return path.stat().st_size


def _metadata(params: AnnotatedPairs, about: Mapping[str, str], keys: list[str]) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "description": f"Preferences of {about['source']} with the votes of principles.",
        "created_at": params.created_at,
        "dataset_name": about["source"],
        "default_annotator": DEFAULT_ANNOTATOR,
        "available_metadata_keys_per_comparison": keys,
        "filterable_columns": keys,
        **about,
    }


def _lines(
    rows: pl.DataFrame,
    keys: list[str],
    found: Annotated,
    tables: Mapping[str, pl.LazyFrame],
    params: AnnotatedPairs,
) -> Iterator[list[str]]:
    """Yield comparisons as JSON, each with a comma after it."""
    for first in range(0, rows.height, _TEXTS_AT_ONCE):
        part = _with_texts(rows.slice(first, _TEXTS_AT_ONCE), tables, params)
        for start in range(0, part.height, _LINES_AT_ONCE):
            some = part.slice(start, _LINES_AT_ONCE)
            annotations = _annotations(found, first + start, some.height)
            yield some.select(_line(keys, annotations)).to_series().to_list()


def _line(keys: list[str], annotations: pl.Series) -> pl.Expr:
    models = [f"model_{side}" for side in "ab"]
    responses = [
        pl.concat_str(
            pl.lit(f',"response_{side}":{{"text":'),
            _spelled(pl.col(f"response_{side}").fill_null("")),
            pl.when(pl.col(model).is_not_null())
            .then(pl.concat_str(pl.lit(',"model":'), _spelled(pl.col(model))))
            .otherwise(pl.lit("")),
            pl.lit("}"),
        )
        for side, model in zip("ab", models, strict=True)
    ]
    metadata = pl.concat_str(
        pl.when(pl.col(key).is_not_null())
        .then(pl.concat_str(pl.lit(f',"{key}":'), _spelled(pl.col(key))))
        .otherwise(pl.lit(""))
        for key in keys
    )
    return pl.concat_str(
        pl.lit('{"id":"'),
        "comparison_id",
        pl.lit('","prompt":'),
        "prompt",
        *responses,
        pl.lit(',"annotations":{'),
        annotations.str.slice(1),
        pl.lit('},"metadata":{'),
        metadata.str.slice(1),
        pl.lit("}},"),
    )


def _spelled(text: pl.Expr) -> pl.Expr:
    """Write a text as JSON does, with quotes around it; null as null."""
    whole = pl.struct(text.alias("t")).struct.json_encode()
    return whole.str.strip_prefix('{"t":').str.strip_suffix("}")


def _with_texts(
    rows: pl.DataFrame, tables: Mapping[str, pl.LazyFrame], params: AnnotatedPairs
) -> pl.DataFrame:
    """Add the prompt as JSON, and the texts and models of both responses."""
    wanted = pl.concat([rows["response_a_id"], rows["response_b_id"]]).unique()
    texts = (
        tables["responses"]
        .select("response_id", "text", "model")
        .join(wanted.alias("response_id").to_frame().lazy(), on="response_id", how="semi")
        .collect(engine="streaming")
    )
    asked = (
        tables["prompts"]
        .select("prompt_id", "system", "messages")
        .join(rows.lazy().select("prompt_id").unique(), on="prompt_id", how="semi")
        .collect(engine="streaming")
        .select("prompt_id", prompt=_prompt(params))
    )
    for side in "ab":
        names = {
            "response_id": f"response_{side}_id",
            "text": f"response_{side}",
            "model": f"model_{side}",
        }
        rows = rows.join(
            texts.rename(names), on=names["response_id"], how="left", maintain_order="left"
        )
    return rows.join(asked, on="prompt_id", how="left", maintain_order="left").with_columns(
        pl.col("prompt").fill_null("null")
    )


def _prompt(params: AnnotatedPairs) -> pl.Expr:
    """Write a prompt as JSON: one message as its words, several as the parameters say."""
    said = with_system()
    first = said.list.first().struct.field("content")
    role = said.list.first().struct.field("role")
    if params.prompts == "messages":
        whole = pl.struct(said.alias("t")).struct.json_encode()
        several = whole.str.strip_prefix('{"t":').str.strip_suffix("}")
    else:
        element = pl.element()
        turn = pl.concat_str(
            element.struct.field("role"), pl.lit(": "), element.struct.field("content")
        )
        several = _spelled(said.list.eval(turn).list.join("\n\n"))
    return (
        pl.when(said.list.len() == 0)
        .then(pl.lit("null"))
        .when((said.list.len() == 1) & (role == "user"))
        .then(_spelled(first))
        .otherwise(several)
    )


def _annotations(found: Annotated, first: int, n: int) -> pl.Series:
    """Return the annotations of some comparisons in a row, each with a comma before it."""
    rows = pl.int_range(first, first + n, eager=True, dtype=pl.UInt32).alias("at")
    mine = found.labels.filter(pl.col("at").is_between(first, first + n - 1))
    seen = mine.select("annotator", "sign").unique()
    written = seen.with_columns(
        fragment=pl.Series(
            [annotation(name, sign) for name, sign in seen.iter_rows()], dtype=pl.String
        )
    )
    labels = (
        mine.join(written, on=["annotator", "sign"], how="left", maintain_order="left")
        .group_by("at", maintain_order=True)
        .agg(pl.col("fragment").str.join(""))
    )
    votes = found.votes[first : first + n]
    # A loop over principles, each of which has six things to say.
    columns = [
        found.fragments(j).gather(pl.Series(votes[:, j].astype("int64") - ABSENT)).alias(f"{j}")
        for j in range(votes.shape[1])
    ]
    joined = rows.to_frame().join(labels, on="at", how="left", maintain_order="left")
    return pl.DataFrame([joined["fragment"].fill_null(""), *columns]).select(
        pl.concat_str(pl.all()).alias("annotations")
    )["annotations"]


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
