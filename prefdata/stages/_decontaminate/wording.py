"""Items whose words a text holds: equal texts, and runs of words that both have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.metrics.overlap import index_runs, longest_stretches, shuffled
from prefdata.stages._decontaminate.evidence import telling_runs
from prefdata.stages._decontaminate.tally import HITS, Tally
from prefdata.tables.identity import unit_interval
from prefdata.texts.ngrams import word_lists, words
from prefdata.texts.normal import normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols import Context
    from prefdata.stages._decontaminate.corpus import Corpus
    from prefdata.stages._decontaminate.items import Items
    from prefdata.stages._decontaminate.params import Decontaminate

__all__ = ["MAX_WORDS", "MIN_DOCUMENTS", "Wording", "by_wording", "stretches"]

MIN_DOCUMENTS = 10
"""A run that no more texts hold is no boilerplate, however few texts there are."""
MAX_WORDS = 60
"""Words of a stretch that are kept as evidence."""
_HASH_DIGITS = 16
_SALT_DIGITS = 13


@dataclass(frozen=True, slots=True)
class Wording:
    """What a search by words found."""

    hits: pl.DataFrame
    """Columns `HITS`; of several lengths of run the greatest."""
    n_texts: int
    """Distinct texts that share runs with an item."""
    n_shuffled: int
    """Texts that were searched with their words shuffled too."""
    n_by_chance: int
    """Those of them that then share runs with an item."""
    n_boilerplate: int
    """Runs of items that are in too many texts to be evidence."""


def by_wording(corpus: Corpus, items: Items, params: Decontaminate, context: Context) -> Wording:
    """Search the texts of a corpus for the words of items."""
    # A text of an item that is shorter than all runs is looked for as a whole.
    shortest = min(params.ngram_sizes, default=0)
    lengths = set(items.words.counts[items.words.counts < shortest].tolist())
    limit = max(params.max_document_share * corpus.n_texts, MIN_DOCUMENTS)
    tallies, chances = [], []
    for n in sorted({*lengths, *params.ngram_sizes}):
        among = items.words.counts == n if n < shortest else None
        index = index_runs(items.words, n, among=among)
        is_telling = telling_runs(index, items)
        tallies.append(Tally(index, is_telling, limit))
        chances.append(Tally(index, is_telling, np.inf))
    equal = [pl.DataFrame(schema=HITS)]
    n_shuffled = 0
    for first, batch in corpus.batches(context, "compare"):
        if params.exact:
            equal.append(_equal(first, batch["text"], items))
        if not tallies:
            continue
        hashed = words(batch["text"])
        for tally in tallies:
            tally.add(first, hashed)
        sample = _sample(batch, params.null_texts / max(corpus.n_texts, 1), context.seed)
        mixed = shuffled(words(sample["text"]), _seeds(sample, context.seed))
        for tally in chances:
            tally.add(n_shuffled, mixed)
        n_shuffled += sample.height
    greatest = max(params.ngram_sizes, default=0)
    found, chance = [], []
    for tally, shuffle in zip(tallies, chances, strict=True):
        # Shorter runs are often idioms, so one of them in a long text says little.
        share = params.min_share if tally.index.n < greatest else 0.0
        found.append(tally.hits(min_matches=params.min_matches, min_share=share))
        chance.append(
            shuffle.hits(
                min_matches=params.min_matches, min_share=share, evidence=tally.is_evidence
            )
        )
    hits = pl.concat([pl.DataFrame(schema=HITS), *found])
    longest = hits.sort("size", descending=True).unique(["text", "unit"], keep="first")
    return Wording(
        hits=pl.concat([*equal, longest]),
        n_texts=hits["text"].n_unique(),
        n_shuffled=n_shuffled,
        n_by_chance=pl.concat([pl.DataFrame(schema=HITS), *chance])["text"].n_unique(),
        n_boilerplate=sum(tally.n_boilerplate for tally in tallies),
    )


def stretches(hits: pl.DataFrame, corpus: Corpus, items: Items, context: Context) -> pl.DataFrame:
    """Add to hits by runs the longest stretch that text and item share.

    Args:
        hits: Columns ``text``, ``unit`` and ``size``; each text and unit once.
        corpus: Where the texts are from.
        items: Where the units are from.
        context: Where to report.

    Returns:
        Columns ``text``, ``unit`` and ``matched_text``, without hits that share no stretch after
        all because only their hashes are equal.
    """
    parts = [pl.DataFrame(schema={"text": pl.Int64, "unit": pl.Int64, "matched_text": pl.String})]
    if hits.is_empty():
        return parts[0]
    numbers = hits["text"].unique()
    for first, batch in corpus.batches(context, "quote"):
        held = batch.with_columns(text=pl.int_range(first, first + batch.height), said="text")
        held = held.filter(pl.col("text").is_in(numbers.implode()))
        lists = word_lists(held["said"])
        hashed = words(held["said"])
        places = pl.DataFrame({"text": held["text"], "words": lists}).with_row_index("place")
        pairs = hits.select("text", "unit", "size").join(places, on="text")
        for group in pairs.partition_by("size", maintain_order=True):
            starts, counts = longest_stretches(
                hashed,
                items.words,
                (group["place"].cast(pl.Int64).to_numpy(), group["unit"].to_numpy()),
                group["size"][0],
            )
            said = group.with_columns(start=pl.Series(starts), count=pl.Series(counts))
            parts.append(
                said.filter(pl.col("count") > 0).select(
                    "text",
                    "unit",
                    pl.col("words")
                    .list.slice("start", pl.min_horizontal("count", MAX_WORDS))
                    .list.join(" ")
                    .alias("matched_text")
                    + pl.when(pl.col("count") > MAX_WORDS).then(pl.lit(" …")).otherwise(pl.lit("")),
                )
            )
    return pl.concat(parts)


def _equal(first: int, texts: pl.Series, items: Items) -> pl.DataFrame:
    """Return the texts of items that equal each text in the form in which texts are compared."""
    form = normalised("text").alias("form")
    wanted = items.table.with_row_index("unit").select("unit", form)
    known = texts.alias("text").to_frame().select(form).with_row_index("text", first)
    return (
        known.join(wanted, on="form")
        .with_columns(method=pl.lit("exact"), size=None, n_matches=None, similarity=1.0)
        .select(*HITS)
        .cast(pl.Schema(HITS))
    )


def _sample(batch: pl.DataFrame, share: float, seed: int) -> pl.DataFrame:
    """Draw texts by a digest of their content."""
    return batch.filter(unit_interval("content_hash", salt=digest(seed)[:_SALT_DIGITS]) < share)


def _seeds(texts: pl.DataFrame, seed: int) -> NDArray[np.uint64]:
    """Return the number that decides how each text is shuffled; by content, not by place."""
    own = texts["content_hash"].str.tail(_HASH_DIGITS).str.to_integer(base=16, dtype=pl.UInt64)
    return own.to_numpy() ^ np.uint64(int(digest(seed)[:_HASH_DIGITS], 16))
