"""Pairs as things that are compared: a prompt and two responses in either order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.stages._dedup.links import (
    Links,
    compared,
    proposed,
    semantic_links,
)
from prefdata.stages._dedup.rows import Rows, distinct_texts, picked, read_rows
from prefdata.stages._dedup.signing import sign_parts
from prefdata.stages._dedup.store import Of, Union, shingle_store
from prefdata.stages._dedup.subjects import Texts, vectors_of
from prefdata.tables.identity import hash_texts
from prefdata.texts.stretches import numbered
from prefdata.texts.views import texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.protocols import Context
    from prefdata.stages._dedup.params import Dedup
    from prefdata.stages._dedup.store import Part

__all__ = ["Pairs", "pairs_compared"]

_SIDES = {"prompt": "prompts", "chosen": "responses", "rejected": "responses"}


class Pairs:
    """Pairs; two are equal when they have equal prompts and equal responses as a set."""

    def __init__(
        self,
        frame: pl.DataFrame,
        named: pl.LazyFrame,
        prompts: Texts,
        responses: Texts,
        within: str,
    ) -> None:
        """Find the distinct pairs.

        Args:
            frame: Columns ``is_old``, ``number`` (of the source), and the numbers of the texts
                ``prompt``, ``chosen`` and ``rejected``.
            named: Columns ``id``, ``source`` and ``n_votes`` of the same rows.
            prompts: The prompts of the pairs.
            responses: The responses of the pairs.
            within: Where pairs are compared.
        """
        self._named = named
        self._prompts, self._responses = prompts, responses
        prompt, chosen, rejected = (frame[side].to_numpy() for side in _SIDES)
        low, high = np.minimum(chosen, rejected), np.maximum(chosen, rejected)
        self.is_turned: NDArray[np.bool_] = chosen > rejected
        """Whether the text chosen is the later one, of those in the order of their digests."""
        self._texts = np.stack([prompt, low, high], axis=1)
        numbered = (self._texts + 1).astype(np.uint64)
        self.rows = Rows(
            # Texts are numbered by their digests, so three numbers do for a digest of three texts.
            keys=np.stack(
                [numbered[:, 0] << np.uint64(32) | numbered[:, 1], numbered[:, 2]], axis=1
            ),
            is_blank=np.asarray((self._texts < 0).all(axis=1)),
            source=frame["number"].to_numpy(),
            is_old=frame["is_old"].to_numpy(),
        )
        self.distinct = distinct_texts(self.rows, within=within)

    def near(self, params: Dedup, context: Context) -> Links:
        """Return what is alike in wording: the prompts are, and the responses taken together."""
        prompt, low, high = self._texts[self.distinct.first_row].T
        with (
            shingle_store(
                self._prompts.texts, self._prompts.distinct, params, context.scratch
            ) as prompts,
            shingle_store(
                self._responses.texts, self._responses.distinct, params, context.scratch
            ) as responses,
        ):
            parts: list[Part] = [Of(prompts, prompt), Union(responses, low, high)]
            signed = sign_parts(parts, len(self.distinct), params, context.seed)
            return compared(parts, proposed(signed, self.distinct, params), params)

    def semantic(self, params: Dedup, context: Context) -> tuple[Links, int]:
        """Return what is alike in meaning, and how many pairs have a text without a vector.

        With unit vectors ``p``, ``a`` and ``b``, the vector ``(√½ p, ½ a, ½ b)`` has unit length,
        and products of such vectors are the mean of the prompts' cosine and of the mean cosine of
        the responses. They are taken with the responses in either order, and the greater counts.
        """
        texts = self._texts[self.distinct.first_row]
        columns = [
            _rows_of(self._prompts, texts[:, :1], params, context),
            _rows_of(self._responses, texts[:, 1:], params, context),
        ]
        places = np.concatenate([column[1] for column in columns], axis=1)
        numbers = np.flatnonzero((places >= 0).all(axis=1))
        prompt, low, high = places[numbers].T
        prompts, responses = columns[0][0], columns[1][0]
        half = np.float32(0.5)
        vectors = [
            np.concatenate(
                [prompts[prompt] * np.sqrt(half), responses[one] * half, responses[two] * half],
                axis=1,
            )
            for one, two in ((low, high), (high, low))
        ]
        straight = semantic_links(vectors[0], numbers, self.distinct, params, seed=context.seed)
        crossed = semantic_links(
            vectors[0], numbers, self.distinct, params, seed=context.seed, queries=vectors[1]
        )
        return _greater(straight, crossed), len(self.distinct) - len(numbers)

    def fetch(self, mask: NDArray[np.bool_]) -> pl.DataFrame:
        """Return ``row``, ``id``, ``source``, ``digest`` and ``n_votes`` of some rows."""
        rows = np.flatnonzero(mask)
        found = pl.concat(
            [
                self._named.clear().collect().with_columns(row=pl.lit(None, pl.Int64)),
                *picked(self._named, mask),
            ]
        )
        prompt, low, high = self._texts[rows].T
        keys = np.concatenate(
            [_digests(self._prompts, prompt)]
            + [_digests(self._responses, one) for one in (low, high)],
            axis=1,
        )
        # 96 hex digits: the digests of the prompt and of the responses in their order.
        written = pl.Series([line.tobytes().hex() for line in keys.astype(">u8")], dtype=pl.String)
        return found.with_columns(digest=hash_texts(written))


def pairs_compared(tables: Mapping[str, pl.LazyFrame], params: Dedup, context: Context) -> Pairs:
    """Read the pairs, and the texts that they are made of."""
    texts = {
        "prompts": texts_of(tables["prompts"], "prompts", params.prompt_view),
        "responses": texts_of(tables["responses"], "responses"),
    }
    keys = {subject: IdKeys.of(frame.select("id")) for subject, frame in texts.items()}
    pairs = tables["pairs"].rename({"pair_id": "id"})
    names = list(dict.fromkeys([*context.sources, *_sources(pairs)]))
    old = pl.lit(value=False)
    if params.against is not None:
        before = context.at(params.against, "pairs").select("pair_id").collect()
        old = pl.col("id").is_in(before["pair_id"].implode())
    # Without ids, which take ten times the memory; those of duplicates are read again.
    frame = pairs.select(
        is_old=old,
        number=numbered("source", names),
        prompt=keys["prompts"].hashed("prompt_id"),
        chosen=keys["responses"].hashed("chosen_id"),
        rejected=keys["responses"].hashed("rejected_id"),
    ).collect(engine="streaming")
    compared: dict[str, Texts] = {}
    places: dict[str, pl.Series] = {}
    for subject, asked in texts.items():
        sides = [side for side, of in _SIDES.items() if of == subject]
        ids = asked.select(keys[subject].hashed("id")).collect(engine="streaming")
        known = ids.to_series().to_numpy()
        # What no pair has is not compared; its rows stay, so that the order of rows does.
        used = np.isin(known, np.concatenate([frame[side].to_numpy() for side in sides]))
        rows = read_rows(asked, None, params, context, used=used)
        found = Texts(asked, None, rows, subject=subject, within="catalog")
        order = np.argsort(known)
        for side in sides:
            places[side] = _numbers(found, frame[side], known, order)
        compared[subject] = found
    frame = frame.select("is_old", "number", **places)
    wanted = tables["pairs"].select(
        "source", id="pair_id", n_votes=pl.col("n_votes").cast(pl.Int64).fill_null(1)
    )
    return Pairs(frame, wanted, compared["prompts"], compared["responses"], within=params.within)


def _sources(pairs: pl.LazyFrame) -> list[str]:
    return pairs.select("source").unique().collect()["source"].sort().to_list()


@dataclass(frozen=True, slots=True)
class IdKeys:
    """Ids as 64-bit numbers, no two of them alike."""

    seed: int

    @classmethod
    def of(cls, ids: pl.LazyFrame) -> IdKeys:
        """Find the hash that tells all of these ids apart: the first, but for one chance in 10^4.

        Args:
            ids: Column ``id``, each once.
        """
        seed = 0
        while True:
            keys = cls(seed)
            found = ids.select(keys.hashed("id")).collect(engine="streaming").to_series()
            if found.n_unique() == found.len():
                return keys
            seed += 1

    def hashed(self, column: str) -> pl.Expr:
        """Return the number of each id."""
        return pl.col(column).hash(self.seed)


def _numbers(
    texts: Texts, hashes: pl.Series, known: NDArray[np.uint64], order: NDArray[np.int64]
) -> pl.Series:
    """Return the number of the text of each id; -1 for blank ones, and for ids without a row.

    Args:
        texts: The texts.
        hashes: The ids, as numbers.
        known: The ids of the texts, as numbers.
        order: What sorts them.
    """
    if not len(known):
        return pl.Series(np.full(hashes.len(), -1))
    asked = hashes.to_numpy()
    row = order[np.minimum(np.searchsorted(known, asked, sorter=order), len(known) - 1)]
    return pl.Series(np.where(known[row] == asked, texts.distinct.text_of[row], -1))


def _digests(texts: Texts, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the digests of some texts; zero for blank ones."""
    known = texts.rows.keys[texts.distinct.first_row]
    return np.concatenate([known, np.zeros((1, 2), np.uint64)])[numbers]


def _rows_of(
    texts: Texts, numbers: NDArray[np.int64], params: Dedup, context: Context
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return vectors, and for each text number its row among them; -1 where there is none."""
    known, matrix = vectors_of(texts, params, context)
    place = np.full(len(texts.distinct) + 1, -1, np.int64)
    place[known] = np.arange(len(known))
    return matrix, place[numbers]


def _greater(one: Links, other: Links) -> Links:
    """Return the links of both; of those that both have, the one of greater similarity."""
    pairs = np.concatenate([one.pairs, other.pairs])
    similarity = np.concatenate([one.similarity, other.similarity])
    measure = np.concatenate([one.measure, other.measure])
    order = np.lexsort((-similarity, pairs[:, 1], pairs[:, 0]))
    pairs = pairs[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return Links(pairs[is_first], similarity[order][is_first], measure[order][is_first])
