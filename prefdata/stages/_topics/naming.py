"""What a topic is called: an id from its members, and the terms that set it apart."""

from __future__ import annotations

import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.metrics.terms import class_tfidf, top_terms
from prefdata.texts.ngrams import UNSPACED, word_lists

__all__ = ["NO_WORDS", "terms_of", "topic_ids"]

NO_WORDS = "(no words)"
"""Label of a topic whose texts have no word, such as one of emojis."""

_ID_DIGITS = 12
_TEXTS_AT_ONCE = 20_000
_MIN_TEXTS = 2
# fmt: off
_CONTRACTED = frozenset((
    "ain", "aren", "couldn", "didn", "doesn", "don", "hadn", "hasn", "haven", "isn", "ll", "mustn",
    "needn", "shouldn", "ve", "wasn", "weren", "won", "wouldn",
))
# fmt: on
"""What is left of ``don't`` and ``we'll`` when words are cut at the apostrophe."""
# Words of one character say something only where a character is a word.
_SAYS_SOMETHING = rf"^(?:[{UNSPACED}]|\w{{2,}})$"
_LETTER_OR_DIGIT = r"[\p{L}\p{N}]"


def topic_ids(groups: pl.DataFrame) -> pl.DataFrame:
    """Name each group by a digest of its sorted members.

    Args:
        groups: Columns ``content_hash`` (each once) and ``label``.

    Returns:
        Columns ``label`` and ``topic_id``.
    """
    members = groups.sort("content_hash").group_by("label").agg("content_hash")
    # A loop over topics, of which there are at most hundreds.
    ids = [digest(hashes.to_list())[:_ID_DIGITS] for hashes in members["content_hash"]]
    return members.select("label", pl.Series("topic_id", ids, dtype=pl.String))


def terms_of(texts: pl.DataFrame, n_terms: int) -> pl.DataFrame:
    """Return the terms of each topic by class-based TF-IDF, and its label.

    Terms are words of at least two texts that are no stop words of English and no single letters;
    a topic without such a word is called by what words it has.

    Args:
        texts: Columns ``topic_id`` and ``text``, each distinct text once.
        n_terms: Most terms of a topic.

    Returns:
        One row a topic: ``topic_id``, ``label``, ``terms`` and ``weights``.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    counts = _counts(texts)
    stop_words = sorted(ENGLISH_STOP_WORDS | _CONTRACTED)
    is_term = (
        ~pl.col("term").is_in(stop_words)
        & pl.col("term").str.contains(_SAYS_SOMETHING)
        & pl.col("term").str.contains(_LETTER_OR_DIGIT)
        & (pl.col("n_texts").sum().over("term") >= _MIN_TEXTS)
    )
    terms = counts.filter(is_term)
    best = top_terms(class_tfidf(terms), n_terms)
    rest = class_tfidf(counts).join(best, on="class", how="anti")
    best = pl.concat([best, top_terms(rest, n_terms)]).rename({"class": "topic_id"})
    label = pl.col("terms").list.join(", ").fill_null(NO_WORDS)
    nothing = {
        "terms": pl.lit([], pl.List(pl.String)),
        "weights": pl.lit([], pl.List(pl.Float64)),
    }
    return (
        texts.select("topic_id")
        .unique()
        .join(best, on="topic_id", how="left")
        .with_columns(label=label, **{k: pl.col(k).fill_null(v) for k, v in nothing.items()})
        .select("topic_id", "label", "terms", "weights")
        .sort("topic_id")
    )


def _counts(texts: pl.DataFrame) -> pl.DataFrame:
    """Count the words of each topic, and the texts that hold each."""
    parts = []
    for start in range(0, max(texts.height, 1), _TEXTS_AT_ONCE):
        part = texts.slice(start, _TEXTS_AT_ONCE)
        words = part.select(
            pl.col("topic_id").alias("class"), word_lists(part["text"]).alias("term")
        )
        parts.append(
            words.with_row_index()
            .explode("term", empty_as_null=False, keep_nulls=False)
            .group_by("class", "term")
            .agg(count=pl.len(), n_texts=pl.col("index").n_unique())
        )
    return (
        pl.concat(parts)
        .group_by("class", "term")
        .agg(pl.col("count").sum(), pl.col("n_texts").sum())
        .sort("class", "term")
    )
