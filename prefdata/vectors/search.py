"""Find the prompts, responses and pairs whose texts are nearest to a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from prefdata.core.errors import UserError
from prefdata.core.events import Report, once, silent
from prefdata.protocols import EmbedderParams
from prefdata.texts.normal import is_blank
from prefdata.texts.views import KEYS, texts_of
from prefdata.vectors.spaces import Space, open_space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.catalog import Catalog, Session, Snapshot

__all__ = ["Hit", "Searched", "Within", "search"]

Within = Literal["prompts", "responses", "pairs"]
_PARTS = {"prompt": "prompts", "chosen": "responses", "rejected": "responses"}
_N_IDS = 5

_PAIRS_OF = {
    "prompts": "rows.id = pairs.prompt_id",
    "responses": "rows.id IN (pairs.chosen_id, pairs.rejected_id)",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One text that was found, with the rows that hold it; or one pair."""

    score: float
    """Cosine of the text and what was searched for, -1 to 1; of a pair, that of its best part."""
    id: str
    """The smallest id of the rows."""
    source: str
    text: str
    """The text that was compared; of a pair, that of its best part."""
    part: str
    """What the text is: ``prompt``, ``response``, ``chosen`` or ``rejected``; of `alike`,
    ``same`` or ``reversed``."""
    n_rows: int
    """Rows that hold the same content, among those that `where` admits."""
    ids: tuple[str, ...]
    """Up to five of their ids."""
    n_pairs: int
    """Pairs that use one of the rows."""
    pairs: tuple[str, ...]
    """Up to five of their ids."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found, and how it looked."""

    hits: tuple[Hit, ...]
    n_searched: int
    """Distinct contents that were compared, those left out by `where` not counted."""
    model: str
    spaces: tuple[Space, ...]

    def pl(self) -> pl.DataFrame:
        """Return the hits as a frame, best first."""
        names = list(Hit.__dataclass_fields__)
        rows = [[getattr(hit, name) for name in names] for hit in self.hits]
        schema: dict[str, Any] = {
            "score": pl.Float64,
            **dict.fromkeys(("id", "source", "text", "part"), pl.String),
            "n_rows": pl.Int64,
            "ids": pl.List(pl.String),
            "n_pairs": pl.Int64,
            "pairs": pl.List(pl.String),
        }
        return pl.DataFrame(rows, schema=schema, orient="row")


def search(  # noqa: PLR0913 - the options of the command
    catalog: Catalog,
    text: str,
    *,
    within: Within = "prompts",
    where: str | None = None,
    k: int = 10,
    view: str | None = None,
    model: EmbedderParams | None = None,
    at: str | None = None,
    report: Report = silent,
) -> Searched:
    """Search by a sentence.

    Texts without a vector are embedded first, and the index is built when it is not there or of
    another snapshot.

    Args:
        catalog: Where to search.
        text: What to look for.
        within: ``prompts``, ``responses``, or ``pairs``, which are found by their prompt or
            either of their responses.
        where: An SQL condition on ``prompts``, ``responses`` or the view ``pair_texts``; only
            rows that meet it are looked at, so there are ``k`` hits when so many meet it.
        k: Number of hits.
        view: What of a prompt is compared; see `prefdata.texts.views`.
        model: The embedder.
        at: Snapshot or tag.
        report: Where to tell progress.

    Raises:
        UserError: If there is nothing to search, or nothing in the text to search for.
        QueryError: If the condition is no SQL.
        BackendError: If the model cannot be had.
    """
    _check(text, k)
    report = once(report)
    snapshot = catalog.snapshot(at)
    asked = model or EmbedderParams()
    with catalog.session(f"#{snapshot.number}", is_locked=True) as session:
        if within == "pairs":
            return _search_pairs(catalog, snapshot, session, text, where, k, view, asked, report)
        rows = _rows(session, within, where)
        _refuse_nothing(rows, within, where, session)
        space = open_space(catalog, snapshot, within, view, asked, report)
        found = _nearest(space, text, rows["content_hash"], k)
        hits = _hits(catalog, snapshot, session, within, view, rows, found)
    return Searched(hits, found.n_searched, space.model, (space,))


def _check(text: str, k: int) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            "The text holds half a character (a lone surrogate).",
            where=ascii(text[:40]),
            fix="Give the text as UTF-8.",
        ) from error
    if pl.select(is_blank(pl.lit(text))).item():
        raise UserError("There is nothing to search for.", fix="Give a word or a sentence.")
    if k < 1:
        raise UserError(f"{k} hits cannot be found.", where="k", fix="Ask for 1 or more.")


def _rows(session: Session, within: str, where: str | None) -> pl.DataFrame:
    """Return id, source and content of the rows that a condition admits."""
    key = KEYS[within]
    query = f"SELECT {key} AS id, source, content_hash FROM {within}"  # noqa: S608
    rows: pl.DataFrame = session.sql(f"{query} WHERE ({where})" if where else query).pl()
    return rows


def _refuse_nothing(rows: pl.DataFrame, within: str, where: str | None, session: Session) -> None:
    if not rows.is_empty():
        return
    is_bare = not session.sql(f"SELECT 1 FROM {within} LIMIT 1").fetchall()  # noqa: S608
    fix = "Widen the condition."
    if is_bare:
        fix = (
            "Make pairs first: prefdata run clean"
            if within == "pairs"
            else "Ingest a source first."
        )
    raise UserError(f"There are no {within} to search.", where=where, fix=fix)


@dataclass(frozen=True, slots=True)
class _Nearest:
    """Contents and their scores, best first."""

    hashes: pl.Series
    scores: NDArray[np.float32]
    n_searched: int


def _nearest(space: Space, text: str, allowed: pl.Series, k: int) -> _Nearest:
    """Return the nearest contents among those allowed."""
    known = space.index.hashes
    mask = known.is_in(allowed.unique().implode()).to_numpy()
    scores, rows = space.index.search(space.query(text), k, allowed=mask)
    is_hit = rows[0] >= 0
    return _Nearest(known.gather(rows[0][is_hit]), scores[0][is_hit], int(mask.sum()))


def _hits(
    catalog: Catalog,
    snapshot: Snapshot,
    session: Session,
    within: str,
    view: str | None,
    rows: pl.DataFrame,
    found: _Nearest,
) -> tuple[Hit, ...]:
    """Add to the contents their rows, their text and the pairs that use them."""
    order = pl.DataFrame(
        {"content_hash": found.hashes, "score": found.scores.astype(np.float64)}
    ).with_row_index("rank")
    held = (
        rows.join(order, on="content_hash")
        .sort("rank", "id")
        .group_by("content_hash", "score", "rank", maintain_order=True)
        .agg(pl.col("source").first(), pl.col("id"), n_rows=pl.len())
    )
    texts = _texts(catalog, snapshot, within, view, found.hashes)
    pairs = _pairs(session, within, held)
    return tuple(
        Hit(
            score=row["score"],
            id=row["id"][0],
            source=row["source"],
            text=texts[row["content_hash"]],
            part=within.removesuffix("s"),
            n_rows=row["n_rows"],
            ids=tuple(row["id"][:_N_IDS]),
            n_pairs=pairs.get(row["content_hash"], (0, ()))[0],
            pairs=tuple(pairs.get(row["content_hash"], (0, ()))[1]),
        )
        # A loop over the hits, of which there are k.
        for row in held.iter_rows(named=True)
    )


def _texts(
    catalog: Catalog, snapshot: Snapshot, within: str, view: str | None, hashes: pl.Series
) -> dict[str, str]:
    wanted = catalog.scan(within, at=snapshot).filter(
        pl.col("content_hash").is_in(hashes.implode())
    )
    rows = texts_of(wanted, within, view).unique("content_hash", keep="any").collect()
    return dict(zip(rows["content_hash"], rows["text"], strict=True))


def _pairs(session: Session, within: str, held: pl.DataFrame) -> dict[str, tuple[int, list[str]]]:
    """Return for each content how many pairs use it, and some of them."""
    rows = held.select("content_hash", "id").explode("id")
    query = f"""
    SELECT rows.content_hash, count(DISTINCT pairs.pair_id),
           list(DISTINCT pairs.pair_id ORDER BY pairs.pair_id)[:{_N_IDS}]
    FROM (SELECT unnest($hashes) AS content_hash, unnest($ids) AS id) AS rows
    JOIN pairs ON {_PAIRS_OF[within]}
    GROUP BY rows.content_hash
    """  # noqa: S608 - only constants of this module
    values = {"hashes": rows["content_hash"].to_list(), "ids": rows["id"].to_list()}
    found = session.connection.execute(query, values).fetchall()
    return {name: (count, pairs) for name, count, pairs in found}


def _search_pairs(  # noqa: PLR0913, PLR0917 - the arguments of `search`
    catalog: Catalog,
    snapshot: Snapshot,
    session: Session,
    text: str,
    where: str | None,
    k: int,
    view: str | None,
    model: EmbedderParams,
    report: Report,
) -> Searched:
    """Find pairs by their best part.

    The best ``k`` contents of each table are enough: each has a pair, so no pair outside of
    theirs can be among the best ``k``.
    """
    query = (
        "SELECT DISTINCT pair_id, source, prompt_hash AS prompt, chosen_hash AS chosen, "
        "rejected_hash AS rejected FROM pair_texts"
    )
    pairs = session.sql(f"{query} WHERE ({where})" if where else query).pl()
    _refuse_nothing(pairs, "pairs", where, session)
    spaces = {
        table: open_space(
            catalog, snapshot, table, view if table == "prompts" else None, model, report
        )
        for table in ("prompts", "responses")
    }
    parts: list[pl.DataFrame] = []
    n_searched = 0
    for table, space in spaces.items():
        names = [part for part, held_in in _PARTS.items() if held_in == table]
        allowed = pl.concat([pairs[name].alias("hash") for name in names])
        found = _nearest(space, text, allowed, k)
        n_searched += found.n_searched
        scores = pl.DataFrame({"hash": found.hashes, "score": found.scores.astype(np.float64)})
        parts += [
            pairs.select("pair_id", "source", hash=name)
            .join(scores, on="hash")
            .with_columns(part=pl.lit(name))
            for name in names
        ]
    best = (
        pl.concat(parts)
        .sort(["score", "pair_id", "part"], descending=[True, False, False])
        .unique("pair_id", keep="first", maintain_order=True)
        .head(k)
    )
    texts: dict[tuple[str, str], str] = {}
    for table in spaces:
        hashes = best.filter(pl.col("part").replace_strict(_PARTS) == table)["hash"]
        told = _texts(catalog, snapshot, table, view if table == "prompts" else None, hashes)
        texts |= {(table, name): value for name, value in told.items()}
    hits = tuple(_pair_hit(row, texts) for row in best.iter_rows(named=True))
    return Searched(hits, n_searched, spaces["prompts"].model, tuple(spaces.values()))


def _pair_hit(row: dict[str, Any], texts: dict[tuple[str, str], str]) -> Hit:
    return Hit(
        score=row["score"],
        id=row["pair_id"],
        source=row["source"],
        text=texts[_PARTS[row["part"]], row["hash"]],
        part=row["part"],
        n_rows=1,
        ids=(row["pair_id"],),
        n_pairs=1,
        pairs=(row["pair_id"],),
    )
