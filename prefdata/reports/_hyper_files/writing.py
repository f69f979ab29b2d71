"""Mixes of labels, and the files of each."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._page.files import as_json, short
from prefdata.reports._page.render import render
from prefdata.reports._page.tables import Column, plain_table, table
from prefdata.routing.features.matrix import tag_matrix
from prefdata.routing.features.names import DIMENSIONS, HYPER_TAGS, TEXT_FEATURES
from prefdata.routing.mixes import draw_mixes
from prefdata.tables.messages import message, messages_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from prefdata.protocols import Context
    from prefdata.reports._hyper_files.params import HyperFiles

__all__ = ["write_files"]

_TEMPLATE = Path(__file__).parent / "templates" / "hyper_files.html.j2"
_NAMESPACE = uuid.UUID("a7b8d1de-5d0c-5f0e-9b7a-6f1f0f6f2c11")
_HALF = 0.5
_PREF = {1.0: "a-is-better", 0.0: "b-is-better", _HALF: "tie"}
_COLUMNS = (
    Column("source", "source", "text"),
    Column("mix", "mix", "text"),
    Column("pairs", "pairs", "count"),
    Column("human", "labels of people", "count"),
    Column("ties", "ties left out", "count"),
)


@dataclass(frozen=True, slots=True)
class _Mix:
    """One mix of one source: whose label each comparison takes."""

    name: str
    is_human: NDArray[np.bool_]


def write_files(rows: pl.DataFrame, params: HyperFiles, context: Context, out: Path) -> list[Path]:
    """Write all files of all sources, and the page; return them."""
    files: list[Path] = []
    told: list[dict[str, Any]] = []
    for (source,), part in rows.group_by("source", maintain_order=True):
        folder = out / str(source)
        folder.mkdir()
        files.append(_features(part, folder))
        stems = []
        for mix in _mixes(part, params):
            written, counts, row = _mix_files(part, mix, params, folder)
            files += [written, counts]
            stems.append(f"{written.stem}::{counts.stem}\n")
            told.append({"source": source, "mix": mix.name, **row})
        experiments = folder / "experiments.txt"
        experiments.write_text("".join(stems), encoding="utf-8")
        files.append(experiments)
    shown = table(_COLUMNS, told)
    values = {
        "title": "Files for HyPER",
        "table": shown,
        "n": rows.height,
        "params": params,
        "snapshot": context.snapshot or "none",
    }
    summary = f"{rows.height:,} comparisons that people and the AI have judged\n"
    summary += f"{short(f'aspect {params.aspect} (--set aspect=NAME for another)')}\n"
    lines = plain_table(shown) if told else []
    texts = {
        "index.html": render(_TEMPLATE, values),
        "numbers.json": as_json({"params": params.model_dump(mode="json"), "mixes": told}),
        "summary.txt": summary + "".join(f"{short(line)}\n" for line in lines),
    }
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
        files.append(out / name)
    return files


def _features(rows: pl.DataFrame, folder: Path) -> Path:
    """Write features.jsonl: a row for each comparison."""
    path = folder / "features.jsonl"
    rows.select(
        id="comparison_id",
        text="prompt",
        response_a="response_a",
        response_b="response_b",
        pref_human=pl.col("human").replace_strict(_PREF, return_dtype=pl.String),
        pref_gpt4=pl.col("ai").replace_strict(_PREF, return_dtype=pl.String),
        model_a="model_a",
        model_b="model_b",
        source="subset",
        highest_level_degree="degree",
        **{name: name for name in (*TEXT_FEATURES, *DIMENSIONS)},
    ).write_ndjson(path)
    return path


def _mixes(rows: pl.DataFrame, params: HyperFiles) -> list[_Mix]:
    """Return the random mixes of one source, and that of the plan where there is one."""
    names = [f"mix {number}" for number in range(1, params.n_mixes + 1)]
    tags, _ = tag_matrix(rows, HYPER_TAGS)
    drawn = draw_mixes(tags, params.n_mixes, seed=params.seed, has_endpoints=False)
    mixes = [_Mix(name, drawn[:, number]) for number, name in enumerate(names)]
    if rows["is_human"].count():
        asked = rows["is_human"].fill_null(value=False).to_numpy()
        mixes.append(_Mix(f"plan {rows['plan_id'].drop_nulls()[0]}", asked))
    return mixes


def _mix_files(
    rows: pl.DataFrame, mix: _Mix, params: HyperFiles, folder: Path
) -> tuple[Path, Path, dict[str, int]]:
    """Write the pairs of a mix, and how often each tag was asked of people."""
    is_human = pl.Series("is_swapped", mix.is_human)
    label = pl.when("is_swapped").then("human").otherwise("ai")
    mixed = rows.with_columns(is_human).with_columns(label=label)
    decided = mixed.filter(pl.col("label") != _HALF).head(params.n_samples)
    asked = decided.filter("is_swapped")
    counts = tag_matrix(asked, HYPER_TAGS)[0].sum(axis=0)
    name = uuid.uuid5(_NAMESPACE, f"{rows['source'][0]}/{params.seed}/{mix.name}").hex
    end = f"ID__{name}__SWAPS_{asked.height}"
    swaps = folder / "swaps" / f"human_datamodel_counts_{decided.height}_{end}.jsonl"
    swaps.parent.mkdir(exist_ok=True)
    _chosen(decided).write_ndjson(swaps)
    counted = folder / "counts" / f"regressor_feats_{end}.json"
    counted.parent.mkdir(exist_ok=True)
    content = {tag: int(count) for tag, count in zip(HYPER_TAGS, counts, strict=True)}
    counted.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    n_ties = mixed.filter(pl.col("label") == _HALF).height
    return swaps, counted, {"pairs": decided.height, "human": asked.height, "ties": n_ties}


def _chosen(rows: pl.DataFrame) -> pl.DataFrame:
    """Return pairs as HyPER's trainer reads them."""
    is_a = pl.col("label") > _HALF

    def of(name: str, *, is_chosen: bool) -> pl.Expr:
        first = is_a if is_chosen else ~is_a
        return pl.when(first).then(f"{name}_a").otherwise(f"{name}_b")

    def told(*, is_chosen: bool) -> pl.Expr:
        response = of("response", is_chosen=is_chosen).alias("said")
        return messages_of(message("user", "prompt"), message("assistant", response))

    return rows.select(
        id="comparison_id",
        source="subset",
        highest_level_degree="degree",
        prompt="prompt",
        chosen=told(is_chosen=True),
        chosen_model=of("model", is_chosen=True),
        rejected=told(is_chosen=False),
        rejected_model=of("model", is_chosen=False),
        features_used=pl.lit(None, pl.String),
        is_swapped="is_swapped",
    )
