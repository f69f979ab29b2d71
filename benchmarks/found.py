"""What `dedup` finds of the planted copies: run as ``python -m benchmarks.found``.

The synthetic HH-RLHF and MultiPref are written, ingested and searched for duplicate prompts; the
truth of the world then says which were found. At scale 1 they have 218,774 rows; one prompt in
fifty of HH-RLHF's pairs and of MultiPref repeats another, and one in ten of MultiPref's repeats one
of HH-RLHF.

Recall: of the planted copies of a kind, the share that is in one cluster with its original.
Precision: of the rows that do not stand for their cluster, the share that repeats the row that
does: a copy, its original or another copy of that, or equal words. Tables of both are printed as
Markdown, then the overlap of the two sources as SQL shows it; the last line is all of it as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.inputs import CACHE
from benchmarks.report import machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from prefdata.catalog import Catalog
    from prefdata.testing.world import World

__all__ = ["copies_of", "families", "overlap", "score"]

_METHODS = ("exact", "near", "semantic")
_PLACE = ["source", "file", "row"]
_OVERLAP = """
SELECT mine.method,
       theirs.subset AS hh_rlhf,
       count(DISTINCT mine.id) AS multipref_prompts
FROM neighbors AS mine
JOIN neighbors AS other USING (method, stage, cluster_id)
JOIN prompts AS theirs ON theirs.prompt_id = other.id
WHERE mine.source = 'multipref' AND other.source = 'hh-rlhf'
GROUP BY ALL
ORDER BY ALL
"""
_EXAMPLES = """
SELECT mine.method, mine.id, other.id AS of_id,
       left(ours.messages[-1].content, 60) AS multipref,
       left(theirs.messages[-1].content, 60) AS hh_rlhf
FROM neighbors AS mine
JOIN neighbors AS other USING (method, stage, cluster_id)
JOIN prompts AS ours ON ours.prompt_id = mine.id
JOIN prompts AS theirs ON theirs.prompt_id = other.id
WHERE mine.source = 'multipref' AND other.source = 'hh-rlhf'
QUALIFY row_number() OVER (PARTITION BY mine.method ORDER BY mine.id, other.id) <= 2
ORDER BY ALL
"""


def main() -> None:
    """Make the world, search it, and print what was found."""
    arguments = _arguments()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        world = _world(folder / "world", arguments.scale, arguments.seed)
        catalog = _ingested(world, folder / "workspace")
        seconds = {
            method: _search(catalog, method, arguments.settings.get(method, {}))
            for method in arguments.methods
        }
        said = _evaluate(world, catalog, arguments.methods)
        said = {"scale": arguments.scale, "seed": arguments.seed, "seconds": seconds, **said}
        _show(said, catalog)
    said |= {"settings": arguments.settings, "machine": machine()}
    print(json.dumps(said))


def _world(folder: Path, scale: float, seed: int) -> World:
    from prefdata.testing.world import WorldSpec, write_world

    _tell("writing the world")
    return write_world(folder, WorldSpec(seed, scale, ("hh-rlhf", "multipref")))


def _ingested(world: World, workspace: Path) -> Catalog:
    import prefdata as pf

    catalog = pf.init(workspace)
    for name, source in world.sources.items():
        _tell(f"ingesting {name}")
        pf.ingest(name, source.folder, workspace=workspace, is_offline=True)
    return catalog


def _search(catalog: Catalog, method: str, settings: dict[str, Any]) -> float:
    """Run one step of `dedup` and return the seconds that it took."""
    import prefdata as pf
    from prefdata.recipes import Recipe, Step

    _tell(f"dedup: {method}")
    params = {"subject": "prompts", "method": method, **settings}
    step = Step(stage="dedup", name=f"dedup-{method}", params=params)
    started = time.perf_counter()
    pf.run(Recipe(name=f"found-{method}", steps=(step,)), workspace=catalog.workspace.root)
    return round(time.perf_counter() - started, 1)


def copies_of(world: World, prompts: pl.DataFrame) -> pl.DataFrame:
    """Return the planted copies that are in the catalog.

    Args:
        world: The truth is read from it.
        prompts: Columns ``prompt_id``, ``source``, ``file`` and ``row``.

    Returns:
        ``id``, ``of_id``, ``kind`` and ``across``: whether the original is of another source.
    """
    import polars as pl

    near, cross = (world.truth.table(f"{name}_duplicates") for name in ("near", "cross"))
    both = pl.concat(
        [
            near.with_columns(of_source="source", across=pl.lit(value=False)),
            cross.with_columns(across=pl.lit(value=True)),
        ],
        how="diagonal",
    )
    ids = prompts.select(*_PLACE, id="prompt_id")
    of_ids = ids.select(**{f"of_{name}": name for name in (*_PLACE, "id")})
    found = both.join(ids, on=_PLACE).join(of_ids, on=[f"of_{name}" for name in _PLACE])
    return found.select("id", "of_id", "kind", "across")


def families(prompts: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """Return what belongs together by the truth: equal words, and copies with their originals.

    Args:
        prompts: Columns ``prompt_id`` and ``text``, the words as they are compared.
        copies: As `copies_of` returns them.

    Returns:
        ``id`` and ``family``, a number.
    """
    import polars as pl
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = prompts.select(id="prompt_id", words=pl.col("text").rank("dense").cast(pl.Int64) - 1)
    links = copies.join(rows, on="id").join(rows.rename({"id": "of_id", "words": "of"}), on="of_id")
    n = rows["words"].n_unique()
    ends = (links["words"].to_numpy(), links["of"].to_numpy())
    graph = coo_array(([True] * links.height, ends), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    return rows.select("id", family=pl.Series(labels).gather(rows["words"]))


def score(neighbors: pl.DataFrame, copies: pl.DataFrame, family: pl.DataFrame) -> dict[str, Any]:
    """Compare what one method found with the truth.

    Args:
        neighbors: The rows of `neighbors` of one step.
        copies: As `copies_of` returns them.
        family: As `families` returns them.

    Returns:
        ``recall``: planted and found by kind, within a source and across sources; ``precision``:
        rows that do not stand for their cluster, and how many of them are right.
    """
    import polars as pl

    from prefdata.testing.world.edits import KINDS

    cluster = neighbors.select("id", "cluster_id")
    both = copies.join(cluster, on="id", how="left").join(
        cluster.rename({"id": "of_id", "cluster_id": "of_cluster"}), on="of_id", how="left"
    )
    is_found = (pl.col("cluster_id") == pl.col("of_cluster")).fill_null(value=False)
    counts = both.group_by("across", pl.col("kind").cast(pl.Enum(KINDS))).agg(
        pl.len().alias("planted"), found=is_found.sum()
    )
    spare = neighbors.filter(pl.col("id") != pl.col("representative_id"))
    judged = spare.join(family, on="id").join(
        family.rename({"id": "representative_id", "family": "of"}), on="representative_id"
    )
    return {
        "recall": counts.sort("across", "kind").to_dicts(),
        "precision": {
            "clustered": spare.height,
            "right": judged.filter(pl.col("family") == pl.col("of")).height,
            "clusters": neighbors["cluster_id"].n_unique(),
        },
    }


def overlap(catalog: Catalog, copies: pl.DataFrame, prompts: pl.DataFrame) -> list[dict[str, Any]]:
    """Return prompts of MultiPref that are in a cluster with HH-RLHF: by SQL, and planted."""
    import polars as pl

    found: pl.DataFrame = catalog.sql(_OVERLAP).pl()
    tranche = prompts.select(of_id="prompt_id", hh_rlhf="subset")
    planted = (
        copies.filter("across").join(tranche, on="of_id").group_by("hh_rlhf").agg(planted=pl.len())
    )
    joined = found.join(planted, on="hh_rlhf", how="left")
    return joined.sort("method", "hh_rlhf").to_dicts()


def _evaluate(world: World, catalog: Catalog, methods: Sequence[str]) -> dict[str, Any]:
    import polars as pl

    from prefdata.texts.normal import normalised
    from prefdata.texts.views import texts_of

    rows = catalog.scan("prompts")
    # Compared as a whole, by words: what a person would call the same prompt.
    texts = texts_of(rows, "prompts", "conversation").select("id", text=normalised("text"))
    places = rows.select("prompt_id", *_PLACE, "subset").collect()
    prompts = places.join(texts.collect().rename({"id": "prompt_id"}), on="prompt_id")
    copies = copies_of(world, prompts)
    family = families(prompts, copies)
    scores = {
        method: score(
            catalog.scan("neighbors").filter(pl.col("stage") == f"dedup-{method}").collect(),
            copies,
            family,
        )
        for method in methods
    }
    planted = sum(world.truth.table(f"{name}_duplicates").height for name in ("near", "cross"))
    return {
        "rows": sum(sum(source.rows.values()) for source in world.sources.values()),
        "prompts": prompts.height,
        "planted": planted,
        "planted_in_catalog": copies.height,
        "scores": scores,
        "overlap": overlap(catalog, copies, prompts),
    }


def _show(said: dict[str, Any], catalog: Catalog) -> None:
    scores = said["scores"]
    first = next(iter(scores.values()))["recall"]
    print(
        f"\n{said['rows']:,} rows, {said['prompts']:,} prompts; {said['planted_in_catalog']:,} of "
        f"{said['planted']:,} planted copies are in the catalog.\n"
    )
    header = ["copy", "planted", *(f"{name}: found" for name in scores)]
    lines = [header, ["---", *["--:"] * (len(header) - 1)]]
    for index, kind in enumerate(first):
        where = "of HH-RLHF in MultiPref" if kind["across"] else "in a source"
        found = [scores[name]["recall"][index] for name in scores]
        cells = [f"{one['found']:,} ({one['found'] / one['planted']:.1%})" for one in found]
        lines.append([f"{kind['kind']}, {where}", f"{kind['planted']:,}", *cells])
    lines.append(["precision", "", *(_share(scores[name]["precision"]) for name in scores)])
    lines.append(["seconds", "", *(f"{said['seconds'][name]:.0f}" for name in scores)])
    print("\n".join(f"| {' | '.join(line)} |" for line in lines))
    print(f"\n```sql{_OVERLAP}```\n")
    print("| method | HH-RLHF | MultiPref prompts found | planted |\n| --- | --- | --: | --: |")
    for row in said["overlap"]:
        print(f"| {' | '.join(map(str, row.values()))} |")
    print("\n| method | MultiPref | HH-RLHF |\n| --- | --- | --- |")
    for row in catalog.sql(_EXAMPLES).pl().iter_rows(named=True):
        print(f"| {row['method']} | {row['multipref']!r} | {row['hh_rlhf']!r} |")
    print()


def _share(counts: dict[str, int]) -> str:
    right, clustered = counts["right"], counts["clustered"]
    return f"{right:,} of {clustered:,} ({right / clustered:.1%})" if clustered else "–"


def _tell(what: str) -> None:
    print(f"{what} …", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.found", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the published sizes")
    parser.add_argument("--seed", type=int, default=0, help="which world")
    parser.add_argument("--methods", default="exact,near", help=f"any of {','.join(_METHODS)}")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="METHOD.PARAMETER=JSON",
        help="a parameter of dedup, such as near.threshold=0.8",
    )
    arguments = parser.parse_args()
    arguments.methods = arguments.methods.split(",")
    if unknown := sorted(set(arguments.methods) - set(_METHODS)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(_METHODS)}")
    arguments.settings = {}
    for one in arguments.set:
        name, _, value = one.partition("=")
        method, _, parameter = name.partition(".")
        arguments.settings.setdefault(method, {})[parameter] = json.loads(value)
    return arguments


if __name__ == "__main__":
    main()
