"""Votes with a structure that is known, as a source, a judge and annotation tools would leave them.

Where the prompt is of moderate safety the AI prefers the longer response, whatever it says; where
it is complex, people guess more often. So people are worth asking on the first kind and not on the
second, and a router that finds this out is right. Texts show which response is better: it has
more words of praise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.runner.lineage import RunRecord
from prefdata.schema import conform, table_schema
from prefdata.tables.comparisons import comparison_ids
from prefdata.tables.identity import hash_texts, hash_tuple

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__ = ["STEPS", "VoteWorld", "commit_frames", "put_votes", "vote_tables"]

STEPS = ("human-votes", "ai-votes", "imported-votes")
"""Steps whose pairs are the votes: of the source's people, of the judge, of annotation tools."""
_FEATURES = "route-features"
_JUDGE, _IMPORT = "judge", "import-labels"
_PRAISE = ("clear", "exact", "kind", "sound", "tested", "useful", "careful", "honest")
_BLAME = ("vague", "wrong", "rude", "broken", "idle", "untested", "careless", "false")
_PLAIN = ("stone", "river", "answer", "bread", "music", "garden", "letter", "window", "engine")
_FIELDS = ("Biology", "Law", "Mathematics", "Religion")
_SCALAR = "analyzer_scalar::feature_name={}|value={}"
_CLOSED = "analyzer_closed_set::feature_name={}|constraints={}"
_BINS = ("min_val=0.0|max_val=0.33", "min_val=0.33|max_val=0.67", "min_val=0.67|max_val=1.0")
_RIGHT_AI, _RIGHT_HUMAN, _RIGHT_HUMAN_COMPLEX = 0.94, 0.9, 0.65
_TIES = 0.05


@dataclass(frozen=True, slots=True)
class VoteWorld:
    """How many comparisons have which votes; the rest is chance by the seed."""

    source: str = "toy"
    n_evaluation: int = 60
    """With three votes of people or four."""
    n_seed: int = 80
    """With one."""
    n_pool: int = 160
    """With none."""
    n_imported: int = 0
    """Comparisons of the pool that got one vote through an annotation tool."""
    n_without_ai: int = 0
    """Comparisons of those with one that the judge did not see."""
    share_moderate: float = 0.3
    share_complex: float = 0.3
    seed: int = 0

    @property
    def n(self) -> int:
        """Return the number of comparisons."""
        return self.n_evaluation + self.n_seed + self.n_pool


def vote_tables(world: VoteWorld | None = None) -> dict[str, pl.DataFrame]:
    """Return prompts, responses, annotators, judgments, pairs and features of comparisons.

    Every fifth prompt has three responses, so two comparisons; the others have two. The pairs are
    those that `make-pairs` makes with ``aggregate: annotator, tie: both-orders``, of the `STEPS`.
    """
    world = world or VoteWorld()
    rng = np.random.default_rng([world.seed, world.n])
    drawn = _draw(world, rng)
    votes = _votes(drawn, world, rng)
    frames = {
        "prompts": _prompts(drawn),
        "responses": _responses(drawn),
        "annotators": _annotators(world.source),
        "judgments": _judgments(votes),
        "pairs": _pairs(votes),
        "comparison_features": _features(drawn),
    }
    return {name: conform(frame, table_schema(name)) for name, frame in frames.items()}


def put_votes(catalog: Catalog, world: VoteWorld | None = None) -> dict[str, pl.DataFrame]:
    """Commit the tables of `vote_tables`, with the lineage of their steps; return them."""
    frames = vote_tables(world)
    commit_frames(catalog, frames, steps=(_JUDGE, _IMPORT, *STEPS, _FEATURES))
    return frames


def commit_frames(
    catalog: Catalog, frames: dict[str, pl.DataFrame], *, steps: tuple[str, ...]
) -> None:
    """Commit frames by source and step, as if these steps had written them."""
    record = RunRecord(command="made up")
    for step in steps:
        record.written(
            step=f"{step}/all", by=step, version=1, params={}, files={}, rows=0, seconds=0.0
        )
    with catalog.write() as write:
        for table, frame in frames.items():
            keys = ["source", "stage"] if "stage" in frame.columns else ["source"]
            parts = frame.partition_by(keys, as_dict=True, maintain_order=True)
            for key, part in parts.items():
                write.put(table, tuple(str(value) for value in key if value is not None), part)
        record.write(write)
        write.commit("made up", run_id=record.run_id)


def _draw(world: VoteWorld, rng: np.random.Generator) -> pl.DataFrame:
    """Return each comparison with its texts, its tags, and who is right."""
    n = world.n
    # Every sixth comparison is the second one of the prompt before it.
    is_second = np.arange(n) % 6 == 5  # noqa: PLR2004
    prompt = np.arange(n) - np.cumsum(is_second)
    of_prompt = np.unique(prompt).size
    is_moderate = (rng.random(of_prompt) < world.share_moderate)[prompt]
    is_complex = (rng.random(of_prompt) < world.share_complex)[prompt]
    field = rng.integers(len(_FIELDS), size=of_prompt)[prompt]
    texts: list[str] = []
    merits = rng.integers(0, 7, size=(n, 2))
    merits[:, 1] += merits[:, 0] == merits[:, 1]
    if is_second.any():
        merits[is_second, 0] = merits[np.flatnonzero(is_second) - 1, 0]
        same = is_second & (merits[:, 0] == merits[:, 1])
        merits[same, 1] += 1
    lengths = rng.integers(8, 40, size=(n, 2))
    # A loop over rows writes the texts.
    for i in range(n):
        texts += [_text(rng, int(merits[i, side]), int(lengths[i, side])) for side in (0, 1)]
    first = pl.Series("first", texts[0::2])
    frame = pl.DataFrame(
        {
            "index": np.arange(n),
            "prompt": prompt,
            "is_second": is_second,
            "is_moderate": is_moderate,
            "is_complex": is_complex,
            "field": [_FIELDS[i] for i in field],
            "is_one_better": merits[:, 0] > merits[:, 1],
            "one_text": first,
            "other_text": texts[1::2],
        }
    )
    own = pl.when("is_second").then(pl.col("one_text").shift(1)).otherwise("one_text")
    frame = frame.with_columns(
        own.alias("one_text"),
        source=pl.lit(world.source),
        aspect=pl.lit("overall"),
        prompt_id=pl.format("{}:{}", pl.lit(world.source), "prompt"),
    ).with_columns(
        one_id=pl.format("{}/0", "prompt_id"),
        other_id=pl.format("{}/{}", "prompt_id", pl.col("is_second").cast(pl.Int8) + 1),
        is_one_longer=pl.col("one_text").str.len_chars() > pl.col("other_text").str.len_chars(),
    )
    return comparison_ids(frame, "one_id", "other_id")


def _text(rng: np.random.Generator, merit: int, length: int) -> str:
    good = rng.choice(_PRAISE, size=merit)
    bad = rng.choice(_BLAME, size=max(6 - merit, 0))
    words = np.concatenate([good, bad, rng.choice(_PLAIN, size=length)])
    return " ".join(rng.permutation(words))


def _votes(drawn: pl.DataFrame, world: VoteWorld, rng: np.random.Generator) -> pl.DataFrame:
    """Return a row for each vote: the comparison, who, and what they say."""
    n = world.n
    # What is where is drawn, so that ids say nothing of it.
    order = rng.permutation(n)
    evaluation, seed, pool = np.split(
        order, [world.n_evaluation, world.n_evaluation + world.n_seed]
    )
    better = drawn["is_one_better"].to_numpy()
    longer = drawn["is_one_longer"].to_numpy()
    moderate, hard = drawn["is_moderate"].to_numpy(), drawn["is_complex"].to_numpy()
    said_ai = np.where(moderate, longer, better == (rng.random(n) < _RIGHT_AI))
    right = np.where(hard, _RIGHT_HUMAN_COMPLEX, _RIGHT_HUMAN)
    rows: list[dict[str, Any]] = []

    def add(i: int, who: str, step: str, *, says_one: bool) -> None:
        tie = rng.random() < _TIES
        rows.append({"index": i, "who": who, "step": step, "says_one": says_one, "is_tie": tie})

    unseen = set(seed[: world.n_without_ai].tolist())
    # A loop over rows draws the votes.
    for i in range(n):
        if i not in unseen:
            add(i, "model", STEPS[1], says_one=bool(said_ai[i]))
    for group, counts in ((evaluation, (3, 4)), (seed, (1, 1))):
        for i in group.tolist():
            people = rng.permutation(6)[: rng.choice(counts)]
            for person in people:
                says = bool(better[i] == (rng.random() < right[i]))
                add(i, f"p{person}", STEPS[0], says_one=says)
    for i in pool[: world.n_imported].tolist():
        says = bool(better[i] == (rng.random() < right[i]))
        add(i, f"tool{rng.integers(3)}", STEPS[2], says_one=says)
    schema = {
        "index": pl.Int64,
        "who": pl.String,
        "step": pl.String,
        "says_one": pl.Boolean,
        "is_tie": pl.Boolean,
    }
    votes = pl.DataFrame(rows, schema=schema).join(drawn, on="index", maintain_order="left")
    winner = pl.when("says_one").then("one_id").otherwise("other_id")
    loser = pl.when("says_one").then("other_id").otherwise("one_id")
    return votes.with_columns(
        annotator_id=pl.format("{}:{}", "source", "who"),
        judgment_id=pl.format("{}@{}@{}", "prompt_id", "other_id", "who"),
        chosen_id=winner,
        rejected_id=loser,
        margin=pl.when(pl.col("who") == "model").then((pl.col("index") * 37 % 100) / 100),
    )


def _prompts(drawn: pl.DataFrame) -> pl.DataFrame:
    content = pl.format("What of {} in {}?", "prompt", "field")
    frame = drawn.unique("prompt_id", keep="first", maintain_order=True).select(
        "prompt_id",
        "source",
        turn=pl.lit(0, pl.Int32),
        messages=pl.concat_list(pl.struct(role=pl.lit("user"), content=content)),
        language=pl.when(pl.col("prompt") % 4 == 0).then(pl.lit("de")).otherwise(pl.lit("en")),
        content_hash=content,
    )
    return frame.with_columns(content_hash=hash_texts(frame["content_hash"]))


def _responses(drawn: pl.DataFrame) -> pl.DataFrame:
    sides = [
        drawn.select("source", "prompt_id", response_id=f"{side}_id", text=f"{side}_text")
        for side in ("one", "other")
    ]
    frame = pl.concat(sides).unique("response_id", keep="first", maintain_order=True)
    frame = frame.sort("response_id").with_columns(
        messages=pl.concat_list(pl.struct(role=pl.lit("assistant"), content="text"))
    )
    return frame.with_columns(content_hash=hash_texts(frame["text"]))


def _annotators(source: str) -> pl.DataFrame:
    people = [
        {"who": f"p{i}", "kind": "human", "pool": "expert" if i < 2 else "normal"}  # noqa: PLR2004
        for i in range(6)
    ]
    tools = [{"who": f"tool{i}", "kind": "human", "stage": _IMPORT} for i in range(3)]
    judge = {"who": "model", "kind": "model", "model": "toy-judge", "stage": _JUDGE}
    return pl.DataFrame(
        [*people, *tools, judge],
        schema=dict.fromkeys(("who", "kind", "pool", "model", "stage"), pl.String),
    ).select(
        pl.format("{}:{}", pl.lit(source), "who").alias("annotator_id"),
        pl.lit(source).alias("source"),
        "kind",
        "pool",
        "model",
        "stage",
    )


def _judgments(votes: pl.DataFrame) -> pl.DataFrame:
    of_step = {STEPS[0]: None, STEPS[1]: _JUDGE, STEPS[2]: _IMPORT}
    is_chosen = pl.when(~pl.col("is_tie")).then(pl.concat_list("says_one", ~pl.col("says_one")))
    return votes.select(
        "judgment_id",
        "prompt_id",
        "source",
        "annotator_id",
        "aspect",
        protocol=pl.lit("pairwise"),
        outcome=pl.when("is_tie").then(pl.lit("tie")).otherwise(pl.lit("chosen")),
        response_ids=pl.concat_list("one_id", "other_id"),
        is_order_known=pl.lit(value=True),
        chosen=is_chosen,
        stage=pl.col("step").replace_strict(of_step, return_dtype=pl.String),
    )


def _pairs(votes: pl.DataFrame) -> pl.DataFrame:
    """Return a pair for each choice, and two for each tie."""
    turned = votes.filter("is_tie").with_columns(chosen_id="rejected_id", rejected_id="chosen_id")
    rows = pl.concat([votes, turned]).with_columns(
        margin=pl.when("is_tie").then(0.0).otherwise("margin")
    )
    rows = rows.with_columns(
        pair_id=hash_tuple(rows, "step", "judgment_id", "chosen_id", "rejected_id"),
        margin_unit=pl.when(pl.col("margin").is_not_null()).then(pl.lit("points of 0-1")),
    )
    return rows.select(
        "pair_id",
        "source",
        "prompt_id",
        "chosen_id",
        "rejected_id",
        "judgment_id",
        "annotator_id",
        "aspect",
        "margin",
        "margin_unit",
        n_votes=pl.lit(1, pl.Int32),
        rule=pl.lit("pairs"),
        stage="step",
    ).sort("stage", "pair_id")


def _features(drawn: pl.DataFrame) -> pl.DataFrame:
    safety = pl.when("is_moderate").then(pl.lit("moderate")).otherwise(pl.lit("safe"))
    hardness = pl.when("is_complex").then(pl.lit("complex")).otherwise(pl.lit("simple"))
    longer = pl.max_horizontal(pl.col("one_text", "other_text").str.count_matches(" ") + 1)
    shorter = pl.min_horizontal(pl.col("one_text", "other_text").str.count_matches(" ") + 1)
    rows = drawn.with_columns(longer=longer, shorter=shorter).with_columns(
        bin=((pl.col("longer").rank("ordinal") - 1) * 3 // pl.len()).clip(0, 2)
    )
    tags = pl.concat_list(
        pl.format(_SCALAR, pl.lit("safety_concern"), safety),
        pl.format(_SCALAR, pl.lit("complexity_of_intents"), hardness),
        pl.format(_CLOSED, pl.lit("subject_of_expertise"), "field"),
        pl.format("len_longer::{}", pl.col("bin").replace_strict(dict(enumerate(_BINS)))),
    ).list.sort()
    return rows.select(
        "comparison_id",
        "source",
        "prompt_id",
        "response_a_id",
        "response_b_id",
        "aspect",
        len_longer=pl.col("longer").cast(pl.Float64),
        len_shorter=pl.col("shorter").cast(pl.Float64),
        token_len_diff=(pl.col("longer") - pl.col("shorter")).cast(pl.Float64),
        subject_of_expertise=pl.concat_list("field"),
        safety_concern=pl.concat_list(safety),
        complexity_of_intents=pl.concat_list(hardness),
        languages=pl.lit(["English"], pl.List(pl.String)),
        tags=tags,
        tagger=pl.lit("rules"),
        settings=pl.lit("{}"),
        stage=pl.lit(_FEATURES),
    ).sort("comparison_id")
