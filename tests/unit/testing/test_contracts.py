"""The contract passes an honest adapter, and tells of each way to be another one."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

from prefdata.core.errors import DataError, RelationError, SourceDriftError, UnknownNameError
from prefdata.protocols import Context, NoParams, Params, RawFile, Source
from prefdata.schema import conform, polars_schema, table_schema
from prefdata.tables.bundle import Bundle
from prefdata.tables.identity import hash_messages
from prefdata.tables.jsonl import read_json_rows
from prefdata.tables.messages import message, messages_of
from prefdata.tables.raw import drift
from prefdata.testing.contracts import (
    assert_source_contract,
    assert_survives_mutations,
    read_source,
    write_files,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__: list[str] = []

_FIELDS = ("ask", "good", "bad", "who")
_SCHEMA = pa.schema([(name, pa.string()) for name in _FIELDS])


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    if not files:
        raise drift("The file toy.jsonl is missing.", file="toy.jsonl")
    return list(files)


def _read(files: Sequence[RawFile], params: Params, context: Context) -> Iterator[Bundle]:
    voters: set[str] = set()
    for raw in files:
        for chunk in read_json_rows(raw, _SCHEMA, required=_FIELDS):
            tables = _tables(chunk.frame, raw, voters)
            yield Bundle(raw.name, chunk.rows_in, tables, chunk.rejects)


def _tables(rows: pl.DataFrame, raw: RawFile, voters: set[str]) -> dict[str, pl.DataFrame]:
    key = pl.format("toy:{}", "row")
    one, two = key + "/0", key + "/1"
    voter = "toy:" + pl.col("who")
    place = {"source": pl.lit("toy"), "file": pl.lit(raw.name), "row": pl.col("row")}
    said = {"text": pl.col("good"), "messages": messages_of(message("assistant", "good"))}
    lost = {"text": pl.col("bad"), "messages": messages_of(message("assistant", "bad"))}
    new = rows.filter(~pl.col("who").is_in(voters)).unique("who", maintain_order=True)
    voters.update(new["who"])
    frames = {
        "annotators": new.select(annotator_id=voter, kind=pl.lit("human"), **place),
        "prompts": rows.select(
            prompt_id=key, turn=pl.lit(0), messages=messages_of(message("user", "ask")),
            raw="extra", **place,
        ),
        "responses": pl.concat([
            rows.select(response_id=one, prompt_id=key, position=pl.lit(0), **said, **place),
            rows.select(response_id=two, prompt_id=key, position=pl.lit(1), **lost, **place),
        ]),
        "judgments": rows.select(
            judgment_id=key + "/overall", prompt_id=key, annotator_id=voter,
            aspect=pl.lit("overall"), protocol=pl.lit("pairwise"), outcome=pl.lit("chosen"),
            response_ids=pl.concat_list(one, two), is_order_known=pl.lit(value=False),
            chosen=pl.lit([True, False]), **place,
        ),
    }  # fmt: skip
    for name in ("prompts", "responses"):
        hashed = hash_messages(frames[name]["messages"]).alias("content_hash")
        frames[name] = frames[name].with_columns(hashed)
    return {name: conform(frame, table_schema(name)) for name, frame in frames.items()}


def _rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    files: dict[str, list[dict[str, Any]]] = {}
    said = dict(tables["responses"].select("response_id", "text").iter_rows())
    voted = tables["judgments"].select("prompt_id", "annotator_id")
    for row in tables["prompts"].join(voted, on="prompt_id").sort("file", "row").to_dicts():
        vote = {
            "ask": row["messages"][0]["content"],
            "good": said[f"{row['prompt_id']}/0"],
            "bad": said[f"{row['prompt_id']}/1"],
            "who": row["annotator_id"].removeprefix("toy:"),
        }
        files.setdefault(row["file"], []).append(vote | json.loads(row["raw"] or "{}"))
    return files


_EXAMPLE = b"".join(
    json.dumps({"ask": f"Why {i}?", "good": "So.", "bad": "?", "who": f"w{i % 2}"}).encode() + b"\n"
    for i in range(5)
)
_TOY = Source(
    name="toy",
    version=1,
    select=_select,
    read=_read,
    rebuild=_rebuild,
    example={"toy.jsonl": _EXAMPLE},
)


def _with(change: Callable[[Bundle], Bundle | None]) -> Source:
    """Return the toy with every bundle changed, or left out."""

    def read(files: Sequence[RawFile], params: Params, context: Context) -> Iterator[Bundle]:
        for bundle in _read(files, params, context):
            changed = change(bundle)
            if changed is not None:
                yield changed

    return dataclasses.replace(_TOY, read=read)


def _edited(table: str, edit: Callable[[pl.DataFrame], pl.DataFrame]) -> Source:
    def change(bundle: Bundle) -> Bundle:
        tables = {**bundle.tables, table: edit(bundle.tables[table])}
        return dataclasses.replace(bundle, tables=tables)

    return _with(change)


def _without_last(bundle: Bundle) -> Bundle:
    last = bundle.tables["prompts"]["row"].max()
    tables = {
        name: frame if name == "annotators" else frame.filter(pl.col("row") != last)
        for name, frame in bundle.tables.items()
    }
    return dataclasses.replace(bundle, tables=tables)


def test_an_honest_adapter_passes(tmp_path: Path) -> None:
    assert_source_contract(_TOY, tmp_path)
    assert assert_survives_mutations(_TOY, tmp_path / "m", n_rows=300, seed=5) >= 300


def test_what_an_adapter_made_is_read_back(tmp_path: Path) -> None:
    data = _EXAMPLE + b"broken\n" + b'{"ask": "a", "good": "b", "bad": "c", "who": 7}\n'
    back = read_source(_TOY, write_files({"sub/toy.jsonl": data}, tmp_path), NoParams())
    assert back.rows_in == {"sub/toy.jsonl": 7}
    assert back.kept("sub/toy.jsonl") == {0, 1, 2, 3, 4}
    assert back.kept("other.jsonl") == set()
    assert back.rejects.select("row", "rule").rows() == [(5, "invalid-json"), (6, "wrong-type")]
    assert {name: frame.height for name, frame in back.tables.items()} == {
        "annotators": 2,
        "prompts": 5,
        "responses": 10,
        "judgments": 5,
    }


def _twice_rejected(bundle: Bundle) -> Bundle:
    reject = bundle.rejects.clear(1).with_columns(
        file=pl.lit(bundle.file), row=pl.lit(9, pl.Int64), rule=pl.lit("r"), reason=pl.lit("w")
    )
    return dataclasses.replace(bundle, rejects=pl.concat([reject, reject]), rows_in=7)


def _kept_and_rejected(bundle: Bundle) -> Bundle:
    rejects = _twice_rejected(bundle).rejects[:1].with_columns(row=pl.lit(0, pl.Int64))
    return dataclasses.replace(bundle, rejects=rejects)


def _with_pairs(bundle: Bundle) -> Bundle:
    pairs = pl.DataFrame(schema=polars_schema(table_schema("pairs")))
    return dataclasses.replace(bundle, tables={**bundle.tables, "pairs": pairs})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (_with(_without_last), "5 rows in, 4 kept, 0 rejected"),
        (_with(lambda _: None), "the example gives no prompts"),
        (_with(_twice_rejected), "a raw row is rejected twice"),
        (_with(_kept_and_rejected), r"rows \[0\] are kept and rejected"),
        (_with(_with_pairs), "writes tables that it may not"),
        (_edited("judgments", lambda frame: frame.clear()), "the example gives no judgments"),
        (dataclasses.replace(_TOY, rebuild=lambda _: {}), "0 rows come back of 5"),
        (
            dataclasses.replace(_TOY, rebuild=lambda _: {"toy.jsonl": [{}] * 4}),
            "4 rows come back of 5",
        ),
        (dataclasses.replace(_TOY, select=list), "nothing: no error"),
    ],
)
def test_an_adapter_that_loses_or_invents_rows_is_told(
    source: Source, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=reason):
        assert_source_contract(source, tmp_path)


def test_an_adapter_that_is_different_each_time_is_told(tmp_path: Path) -> None:
    texts = iter(["one", "two", "three"])
    source = _edited("prompts", lambda frame: frame.with_columns(content_hash=pl.lit(next(texts))))
    with pytest.raises(AssertionError, match="prompts: two reads differ"):
        assert_source_contract(source, tmp_path)


def test_an_adapter_that_swallows_a_web_page_is_told(tmp_path: Path) -> None:
    def read(files: Sequence[RawFile], params: Params, context: Context) -> Iterator[Bundle]:
        for raw in files:
            if raw.path.read_bytes() == _EXAMPLE:
                yield from _read([raw], params, context)

    with pytest.raises(AssertionError, match="web-page: no error"):
        assert_source_contract(dataclasses.replace(_TOY, read=read), tmp_path)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DataError("No.", fix="Mend it."), "web-page: DataError"),
        (SourceDriftError("No."), "web-page: the error does not say what to do"),
    ],
)
def test_an_error_that_is_not_drift_or_does_not_help_is_told(
    error: DataError, reason: str, tmp_path: Path
) -> None:
    def read(files: Sequence[RawFile], params: Params, context: Context) -> Iterator[Bundle]:
        for raw in files:
            if raw.path.read_bytes() != _EXAMPLE:
                raise error
            yield from _read([raw], params, context)

    with pytest.raises(AssertionError, match=reason):
        assert_source_contract(dataclasses.replace(_TOY, read=read), tmp_path)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (_edited("prompts", lambda frame: pl.concat([frame, frame])), DataError),
        (_edited("annotators", lambda frame: frame.clear()), RelationError),
        (
            _with(lambda b: dataclasses.replace(b, tables={**b.tables, "ballots": pl.DataFrame()})),
            UnknownNameError,
        ),
    ],
)
def test_what_the_runner_refuses_the_contract_refuses(
    source: Source, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        assert_source_contract(source, tmp_path)


def test_a_crash_on_odd_rows_comes_out(tmp_path: Path) -> None:
    def read(files: Sequence[RawFile], params: Params, context: Context) -> Iterator[Bundle]:
        for raw in files:
            for line in raw.path.read_text("utf-8").splitlines():
                _ = json.loads(line)["ask"].upper()
            yield from _read([raw], params, context)

    source = dataclasses.replace(_TOY, read=read)
    back = read_source(source, write_files(source.example, tmp_path / "good"), NoParams())
    assert back.tables["prompts"].height == 5
    with pytest.raises((ValueError, KeyError, AttributeError, TypeError)):
        assert_survives_mutations(source, tmp_path, n_rows=2000)


def test_a_row_lost_among_odd_rows_comes_out(tmp_path: Path) -> None:
    def without_rejects(bundle: Bundle) -> Bundle:
        return dataclasses.replace(bundle, rejects=bundle.rejects.clear())

    source = _with(without_rejects)
    assert_source_contract(source, tmp_path)
    with pytest.raises(AssertionError, match=r"rows in, \d+ kept, 0 rejected"):
        assert_survives_mutations(source, tmp_path / "m", n_rows=500)


def test_an_error_among_odd_rows_says_what_to_do(tmp_path: Path) -> None:
    def read(files: Sequence[RawFile], params: Params, context: Context) -> Iterator[Bundle]:
        message = "No."
        raise DataError(message)

    with pytest.raises(AssertionError, match="attempt 0: the error does not say what to do"):
        assert_survives_mutations(dataclasses.replace(_TOY, read=read), tmp_path, n_rows=1)


def test_a_generic_adapter_is_read_under_the_name_of_the_user(tmp_path: Path) -> None:
    class Named(Params):
        """The name that the user gives."""

        name: str = "mine"

    seen: list[str] = []

    def read(files: Sequence[RawFile], params: Params, context: Context) -> Iterator[Bundle]:
        seen.append(context.source)
        return _read(files, params, context)

    source = dataclasses.replace(_TOY, read=read, params=Named, is_generic=True)
    read_source(source, write_files(source.example, tmp_path), Named())
    assert seen == ["mine"]
