"""Output that changes, changes its version: digests of what every adapter and stage writes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.protocols import Context, Params, Source, Stage
from prefdata.registry import names, plugin
from prefdata.schema import empty_frame, polars_schema, table_schema
from prefdata.testing.contracts import read_source, write_files

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of stages that cannot be run without parameters.
_PARAMS: dict[str, dict[str, Any]] = {
    "audit-trainability": {"tokenizer": "any"},
    "decontaminate": {"evaluations": [{"name": "quiz", "files": "quiz.jsonl"}]},
    "filter-displacement": {"keep_lowest": 0.5},
    "flag-removals": {"list": "removals.jsonl"},
    "judge": {"models": "any"},
    "propose-principles": {"model": "none"},
    "score-ches": {"model": "any"},
    "vote-principles": {"model": "none"},
    "write-rationales": {"model": "any"},
}
_GOLDEN = Path(__file__).with_name("outputs.json")


def _digest(frame: pl.DataFrame) -> str:
    """Return the digest of a frame's rows as JSON, which no library version changes."""
    rows = sorted(frame.write_ndjson().splitlines())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def _params(source: Source, folder: Path) -> Params:
    values: dict[str, Any] = {"name": "example"} if source.is_generic else {}
    if "mapping" in source.params.model_fields:
        mapping = folder / "mapping.yaml"
        mapping.write_bytes(source.example["mapping.yaml"])
        values["mapping"] = mapping
    return source.params.model_validate(values)


def _source_tables(name: str, folder: Path) -> Mapping[str, pl.DataFrame]:
    source: Source = plugin("source", name)
    files = write_files(source.example, folder)
    back = read_source(source, files, _params(source, folder))
    return {**back.tables, "rejects": back.rejects}


def _of_source(name: str, folder: Path) -> dict[str, Any]:
    tables = _source_tables(name, folder)
    digests = {table: _digest(frame) for table, frame in sorted(tables.items()) if frame.height}
    return {"version": plugin("source", name).version, **digests}


def _of_stage(name: str, folder: Path) -> dict[str, Any]:
    """Run a stage with its defaults on one example, after the stages that it may stand on."""
    tables = dict(_source_tables("hh-rlhf", folder))
    stage: Stage = plugin("stage", name)
    for before in ("flag-quality", "make-pairs", "split-by-prompt", "dedup", "factors"):
        if before != name:
            _add(tables, plugin("stage", before), folder)
    written = _run(tables, stage, folder)
    digests = {table: _digest(frame) for table, frame in sorted(written.items())}
    return {"version": stage.version, **digests}


def _run(tables: Mapping[str, pl.DataFrame], stage: Stage, folder: Path) -> dict[str, pl.DataFrame]:
    frames = {
        table: tables.get(table, empty_frame(table_schema(table))).lazy() for table in stage.reads
    }
    context = Context(
        source="hh-rlhf" if stage.scope == "source" else "",
        sources=("hh-rlhf",),
        step=stage.name,
        scratch=folder,
        files=_files(frames["prompts"], folder) if "prompts" in frames else {},
    )
    params = stage.params.model_validate(_PARAMS.get(stage.name, {}))
    return dict(stage.run(frames, params, context).tables)


def _files(prompts: pl.LazyFrame, folder: Path) -> dict[str, Path]:
    """Write an evaluation set that asks what the prompts ask, and the removal of one of them."""
    quiz, removals = folder / "quiz.jsonl", folder / "removals.jsonl"
    asked = pl.col("messages").list.first().struct.field("content").alias("question")
    prompts.select(asked).unique().sort("question").collect().write_ndjson(quiz)
    gone = prompts.select(subject=pl.lit("prompts"), id=pl.col("prompt_id").min()).head(1)
    gone.collect().write_ndjson(removals)
    return {path.name: path for path in (quiz, removals)}


def _add(tables: dict[str, pl.DataFrame], stage: Stage, folder: Path) -> None:
    for table, frame in _run(tables, stage, folder).items():
        full = frame.with_columns(source=pl.lit("hh-rlhf"), stage=pl.lit(stage.name))
        schema = polars_schema(table_schema(table))
        known = tables.get(table, pl.DataFrame(schema=schema))
        tables[table] = pl.concat([known, full.select(list(schema))], how="vertical_relaxed")


_CASES = [("source", name) for name in names("source")]
# The last bits of vectors differ between machines, so what stands on them has no digest.
_CASES += [
    ("stage", name)
    for name in names("stage")
    if not plugin("stage", name).params.model_validate(_PARAMS.get(name, {})).outside().models
]


@pytest.mark.parametrize(("kind", "name"), _CASES)
def test_the_output_is_that_of_its_version(
    kind: str, name: str, tmp_path: Path, *, update_golden: bool
) -> None:
    found = _of_source(name, tmp_path) if kind == "source" else _of_stage(name, tmp_path)
    golden: dict[str, Any] = json.loads(_GOLDEN.read_text()) if _GOLDEN.is_file() else {}
    if update_golden:
        golden[f"{kind}:{name}"] = found
        _GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")
        return
    assert f"{kind}:{name}" in golden, "new: run pytest --update-golden once"
    assert found == golden[f"{kind}:{name}"], "the output changed: raise the version, update golden"
