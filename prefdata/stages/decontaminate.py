"""Overlap with evaluation sets, with the words that both hold as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.protocols import Context, StageResult, stage
from prefdata.stages._decontaminate.corpus import Corpus
from prefdata.stages._decontaminate.items import load_items
from prefdata.stages._decontaminate.meaning import by_meaning
from prefdata.stages._decontaminate.params import Decontaminate, Evaluation
from prefdata.stages._decontaminate.ranking import flags_of, listed, matches_of
from prefdata.stages._decontaminate.wording import by_wording, stretches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.stages._decontaminate.items import Items
    from prefdata.stages._decontaminate.wording import Wording

__all__ = ["Decontaminate", "Evaluation", "decontaminate"]


@stage(
    version=1,
    reads=("prompts", "responses"),
    writes=("flags", "matches"),
    params=Decontaminate,
    scope="catalog",
)
def decontaminate(
    tables: Mapping[str, pl.LazyFrame], params: Decontaminate, context: Context
) -> StageResult:
    """Flag rows that hold text of evaluation sets; drop nothing.

    A row is compared with each text of each item (a row of an evaluation file has one for each
    of its columns of text):

    - `exact`: both are equal but for case, white space and compatible characters.
    - `ngram`: both hold a run of `ngram_sizes` words; `matches` gives the greatest of these
      sizes, and `similarity` is the share of the runs of the item's text that the row holds. A
      text of an item that is shorter than the smallest size is looked for as a whole.
    - `semantic`, when asked for: the item nearest to the row by embeddings has a cosine of at
      least `semantic_threshold`. The vectors of all texts are in memory then.

    What anyone may write is no evidence: texts of items of fewer than `min_words` words; runs in
    which fewer than two words are neither function words of English nor numbers, or fewer than
    half of the words are different; runs that more than 5 % of the items of a set hold, and more
    than 25, which are its template; and runs in more than `max_document_share` of the distinct
    texts of the table, which are boilerplate. Runs shorter than the greatest size are often
    idioms, so they count only where the row holds `min_share` of the item's runs. Between two
    disjoint sets, 2,312 prompts and 4,624 responses of HH-RLHF's ``harmless-base/test`` and 1,000
    whole conversations of ``helpful-base/test``, that leaves no match; without it runs of 8 words
    match 8 prompts and 95 responses ("can you tell me a little more about").

    Rows with a match get the flag `contaminated`; `value` is the greatest similarity, and
    `reason` names that item and quotes what both hold. `matches` has a row for each of the
    `max_items` items most alike and each method, with the longest stretch of words that both
    hold, cut to 60. Long quotations and formulas are in many texts: read some matches first.

    The notes give the rate of rows with a match, and the null rate: the share of texts that
    share runs with an item when the words of each text are shuffled. Shuffling keeps the words
    and destroys their order, so the null rate says what word frequencies alone bring about; idioms
    and quotations it does not count. The ledger counts the rows that are compared.
    """
    items = load_items(tables, params, context)
    matches, flags = [], []
    notes = list(items.notes)
    n_rows = 0
    for subject in dict.fromkeys(params.subjects):
        corpus = Corpus.of(tables, subject, params)
        found, told = _compare(corpus, items, params, context)
        n_rows += corpus.n_rows
        matches.append(found)
        flags.append(flags_of(found, subject))
        notes += told
    return StageResult(
        tables={"matches": pl.concat(matches), "flags": pl.concat(flags)},
        rows_in=n_rows,
        rows_out=n_rows,
        notes=tuple(notes),
    )


def _compare(
    corpus: Corpus, items: Items, params: Decontaminate, context: Context
) -> tuple[pl.DataFrame, list[str]]:
    """Return the matches of the rows of one table, and what to tell of them."""
    wording = by_wording(corpus, items, params, context)
    hits = [wording.hits]
    notes: list[str] = []
    if params.semantic:
        meaning = by_meaning(corpus, items, params, context)
        hits.append(meaning.hits)
        notes += meaning.notes
    kept, n_cut = listed(pl.concat(hits), items, params.max_items)
    runs = kept.filter(pl.col("method") == "ngram")
    quoted = stretches(runs, corpus, items, context)
    matches = matches_of(kept, quoted, corpus, items)
    return matches, [*_rates(corpus, matches, wording, n_cut, params), *notes]


def _rates(
    corpus: Corpus, matches: pl.DataFrame, wording: Wording, n_cut: int, params: Decontaminate
) -> list[str]:
    """Say how many rows match, by method, and how many would by chance."""
    n_found = matches["id"].n_unique()
    by_method = matches.group_by("method").agg(n=pl.col("id").n_unique()).sort("method")
    methods = ", ".join(f"{method} {n:,}" for method, n in by_method.iter_rows())
    share = n_found / max(corpus.n_rows, 1)
    notes = [
        f"{corpus.subject}: {n_found:,} of {corpus.n_rows:,} rows match an item, a share of "
        f"{share:.2g}" + (f" ({methods})" if methods else "")
    ]
    if wording.n_shuffled:
        notes.append(
            f"{corpus.subject}: a share of {wording.n_texts / corpus.n_texts:.2g} of distinct "
            f"texts has runs of words of an item; with their words shuffled, of "
            f"{wording.n_shuffled:,} texts, {wording.n_by_chance / wording.n_shuffled:.2g}"
        )
    if wording.n_boilerplate:
        notes.append(
            f"{corpus.subject}: {wording.n_boilerplate:,} runs of items are in so many texts that "
            "they were left out as boilerplate (`max_document_share`)"
        )
    if n_cut:
        notes.append(
            f"{corpus.subject}: {n_cut:,} matches of a text with an item are not listed, beyond "
            f"{params.max_items} items for one text (`max_items`)"
        )
    return notes
