"""Rows of an export: which pairs of a snapshot go out, and their texts, as a stream.

Who is selected is settled first, over ids alone; the texts of those are read last.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import RelationError, UnknownNameError
from prefdata.fetch.cards import card, card_names
from prefdata.protocols import MORE_COLUMNS, Policies
from prefdata.runner.export_policies import leave_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prefdata.catalog import Session

__all__ = ["Rows", "Selection", "select_rows"]

_BATCH_ROWS = 8_192
_COLUMNS = (
    "pair_id",
    "source",
    "subset",
    "prompt_id",
    "prompt",
    "chosen",
    "rejected",
    "margin",
    "margin_unit",
    "strength",
    "n_votes",
    "aspect",
    "annotator_id",
    "chosen_model",
    "rejected_model",
    "language",
    "split",
)
_NOBODY = "NOASSERTION"
_number = itertools.count()

_SELECTED = """
CREATE TABLE {selected} AS
SELECT row_number() OVER () AS position, *
FROM (
    SELECT
        pairs.pair_id, pairs.source, pairs.prompt_id, pairs.chosen_id, pairs.rejected_id,
        pairs.judgment_id, pairs.annotator_id, pairs.aspect, pairs.margin, pairs.margin_unit,
        pairs.strength, pairs.n_votes, pairs.rule
    FROM pairs
    LEFT JOIN decisions ON decisions.pair_id = pairs.pair_id AND decisions.stage = $decisions
    WHERE pairs.stage = $pairs
      AND ($decisions IS NULL OR decisions.is_kept)
      AND ($sources IS NULL OR list_contains($sources, pairs.source))
    -- By the digest that names a pair: the order depends on nothing but content, and neighbours
    -- are no neighbours in the source, which trainers want anyway.
    ORDER BY pairs.pair_id
)
"""
# One row for each pair, without its responses.
_PAIRS = """
SELECT
    pairs.position, pairs.pair_id, pairs.source, prompts.subset, pairs.prompt_id,
    CASE
        WHEN prompts.system IS NULL THEN prompts.messages
        ELSE list_prepend(
            struct_pack(role := 'system', content := prompts.system), prompts.messages
        )
    END AS prompt,
    pairs.margin, pairs.margin_unit, pairs.strength, pairs.n_votes, pairs.aspect,
    pairs.annotator_id, prompts.language, coalesce(splits.split, 'train') AS split{columns}
FROM {selected} AS pairs
JOIN prompts ON prompts.prompt_id = pairs.prompt_id
LEFT JOIN splits ON splits.prompt_id = pairs.prompt_id AND splits.stage = $splits
{joins}ORDER BY pairs.position
"""
# Two rows for each pair: what is chosen, and then what is rejected.
_RESPONSES = """
SELECT sides.place, responses.messages, responses.model{columns}
FROM (
    SELECT 2 * position AS place, chosen_id AS response_id FROM {selected}
    UNION ALL
    SELECT 2 * position + 1, rejected_id FROM {selected}
) AS sides
JOIN responses ON responses.response_id = sides.response_id
ORDER BY sides.place
"""
LICENSES_TOGETHER = (
    "CASE WHEN contains({0} || {1}, ' OR ') THEN '(' || {0} || ') AND (' || {1} || ')' "
    "ELSE {0} || ' AND ' || {1} END"
)
"""Two licences that are both on a text, as SQL; a choice keeps its own parentheses."""

_LICENSE = f", coalesce(responses.license, '{_NOBODY}') AS license"
_MORE = {
    **{name: f"pairs.{name}" for name in ("chosen_id", "rejected_id", "judgment_id", "rule")},
    "topic": "prompts.topic",
    "annotator_kind": "annotators.kind",
    "annotator_model": "annotators.model",
    "chosen_score": "judgments.scores[list_position(judgments.response_ids, pairs.chosen_id)]",
    "rejected_score": "judgments.scores[list_position(judgments.response_ids, pairs.rejected_id)]",
    "source_revision": "prompts.revision",
    "source_row_id": "prompts.file || '#' || prompts.row",
    # A prompt that holds earlier turns of an assistant holds responses, so both licences are on it.
    "prompt_license": "CASE WHEN answered.license <> prompts.license AND list_contains("
    "list_transform(prompts.messages, lambda m: m.role), 'assistant') "
    f"THEN {LICENSES_TOGETHER.format('prompts.license', 'answered.license')} "
    f"ELSE coalesce(prompts.license, '{_NOBODY}') END",
    "annotation_license": "coalesce("
    "$licenses[list_position($licensed, pairs.source)]::VARCHAR, "
    f"prompts.license, '{_NOBODY}')",
}
_MORE_JOINS = {
    "answered": "JOIN responses AS answered ON answered.response_id = pairs.chosen_id\n",
    "annotators": "LEFT JOIN annotators ON annotators.annotator_id = pairs.annotator_id\n",
    "judgments": "LEFT JOIN judgments ON judgments.judgment_id = pairs.judgment_id\n",
}
_RATIONALE = """
rationale_id := r.rationale_id, kind := r.kind, origin := r.origin, scope := r.scope,
status := r.status, text := r.text, language := r.language,
about := CASE r.response_ids
    WHEN [p.chosen_id] THEN 'chosen' WHEN [p.rejected_id] THEN 'rejected' ELSE 'both'
END,
preferred := r.preferred,
-- A writer that was told the label said nothing of its own; the verdict in its row is that of the
-- blind try before it.
verdict := CASE WHEN r.origin = 'blind' THEN r.verdict END,
aspect := r.aspect, aspects := r.aspects,
generator := r.generator, attempt := r.attempt
"""
_GATED = """
SELECT r.pair_id, struct_pack(
    {rationale}, is_passed := g.is_passed, is_kept := g.is_kept, failed := g.failed
) AS told
FROM rationale_gates AS g
JOIN rationales AS r ON r.rationale_id = g.rationale_id AND r.pair_id = g.pair_id
JOIN {selected} AS p ON p.pair_id = r.pair_id
WHERE g.stage = $rationales
-- A rationale that two steps wrote alike counts once.
QUALIFY row_number() OVER (PARTITION BY r.rationale_id, r.pair_id ORDER BY r.stage) = 1
"""
# What a source says of one response is of no pair, and no gate reads it.
_OF_ONE = """
SELECT p.pair_id, struct_pack(
    {rationale},
    is_passed := NULL::BOOLEAN, is_kept := NULL::BOOLEAN, failed := NULL::VARCHAR[]
) AS told
FROM rationales AS r
JOIN {selected} AS p
  ON p.prompt_id = r.prompt_id AND r.response_ids[1] IN (p.chosen_id, p.rejected_id)
WHERE r.scope = 'response' AND r.origin = 'native' AND r.pair_id IS NULL
QUALIFY row_number() OVER (PARTITION BY r.rationale_id, p.pair_id ORDER BY r.stage) = 1
"""
_TOLD = """
LEFT JOIN (
    SELECT pair_id, list(told ORDER BY told.kind, told.attempt, told.rationale_id) AS rationales
    FROM ({rationales})
    GROUP BY pair_id
) AS told ON told.pair_id = pairs.pair_id
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which pairs of a snapshot are exported."""

    pairs: str
    """Step whose pairs they are."""
    decisions: str | None = None
    """Step that decides which of them are in; all when None."""
    splits: str | None = None
    """Step that assigns the splits; one split ``train`` when None."""
    rationales: str | None = None
    """Step that let rationales pass; none are read when None."""
    sources: tuple[str, ...] | None = None
    """Sources that are exported; all when None."""
    policies: Policies = field(default_factory=Policies)
    removals: pl.DataFrame | None = None
    """What must not leave: columns subject and id; see `leave_out`."""


class Rows:
    """The pairs that a selection yields; `select_rows` makes it."""

    def __init__(
        self,
        session: Session,
        table: str,
        counts: tuple[int, dict[str, int]],
        queries: tuple[str, str],
        columns: tuple[str, ...],
        values: dict[str, Any],
    ) -> None:
        """Take the table of pairs, and the queries of their texts."""
        self._session = session
        self.table = table
        """Table of the session with the ids of the pairs that come."""
        self.n_selected, self.left_out = counts
        self.n_kept = self.n_selected - sum(self.left_out.values())
        """Pairs that come, in all batches together."""
        self._queries = queries
        self._columns = columns
        self._values = values

    def batches(self) -> Iterator[pl.DataFrame]:
        """Yield the pairs with their texts in order of ``pair_id``, columns as `Exporter` says.

        Pairs and responses are read and sorted apart, each in one pass, and put together here:
        a join of all of them would have the texts in memory several times.

        Raises:
            RelationError: If a pair points to a prompt or a response that is not there.
        """
        heads, sides = self._queries
        connection = self._session.connection
        # Two results at a time need two connections; they see the same tables.
        with connection.cursor() as one, connection.cursor() as other:
            pairs = _frames(one, heads, self._values, _BATCH_ROWS)
            responses = _frames(other, sides, {}, 2 * _BATCH_ROWS)
            n_rows = 0
            for frame in pairs:
                n_rows += frame.height
                said = next(responses, None)
                if said is None or not _belong_together(frame, said):
                    raise self._missing()
                yield _put_together(frame, said, self._columns)
            if n_rows != self.n_kept:
                raise self._missing()

    def _missing(self) -> RelationError:
        return RelationError(
            "A pair points to a prompt or a response that is not there, or is there twice.",
            where="pairs",
            fix="`prefdata verify` names the rows.",
        )


def select_rows(
    session: Session,
    selection: Selection,
    *,
    more: Sequence[str] = (),
    takes_critiques: bool = False,
) -> Rows:
    """Settle which pairs go out; see `leave_out` for the order of policies.

    Args:
        session: The snapshot; a table is made in it.
        selection: What is asked for.
        more: Columns of `MORE_COLUMNS` that the frames have besides, in this order.
        takes_critiques: Whether rationales hold what a source says of one response alone.

    Raises:
        UnknownNameError: If a column or the subject of a removal is not known.
    """
    for name in more:
        if name not in MORE_COLUMNS:
            raise UnknownNameError("column of an export", name, known=MORE_COLUMNS)
    table = f"export_{next(_number)}"
    sources = None if selection.sources is None else list(selection.sources)
    asked = {"pairs": selection.pairs, "decisions": selection.decisions, "sources": sources}
    connection = session.connection
    connection.execute(_SELECTED.format(selected=table), asked)
    n_selected = connection.table(table).shape[0]
    left_out = leave_out(session, table, selection.policies, selection.removals)
    told = ("rationales",) if selection.rationales is not None else ()
    columns = (*_COLUMNS, *told, *more)
    values: dict[str, Any] = {"splits": selection.splits}
    if selection.rationales is not None:
        values["rationales"] = selection.rationales
    if "annotation_license" in more:
        licenses = _licenses(session, table)
        values |= {"licensed": list(licenses), "licenses": list(licenses.values())}
    queries = (
        _pairs_query(table, columns, takes_critiques=takes_critiques),
        _responses_query(table, columns),
    )
    return Rows(session, table, (n_selected, left_out), queries, columns, values)


def _pairs_query(table: str, columns: Sequence[str], *, takes_critiques: bool) -> str:
    added = "".join(f", {_MORE[name]} AS {name}" for name in columns if name in _MORE)
    joins = "".join(join for name, join in _MORE_JOINS.items() if f"{name}." in added)
    if "rationales" in columns:
        parts = (_GATED, _OF_ONE) if takes_critiques else (_GATED,)
        every = [f"({part.format(rationale=_RATIONALE, selected=table)})" for part in parts]
        joins += _TOLD.format(rationales=" UNION ALL ".join(every))
        added += ", told.rationales"
    return _PAIRS.format(selected=table, columns=added, joins=joins)


def _responses_query(table: str, columns: Sequence[str]) -> str:
    has_license = not {"chosen_license", "rejected_license"}.isdisjoint(columns)
    return _RESPONSES.format(selected=table, columns=_LICENSE if has_license else "")


def _frames(
    connection: Any, query: str, values: Mapping[str, Any], n_rows: int
) -> Iterator[pl.DataFrame]:
    """Yield a result in frames of this many rows, and the rest."""
    waiting: list[pl.DataFrame] = []
    height = 0
    for batch in connection.sql(query, params=dict(values)).to_arrow_reader(n_rows):
        waiting.append(pl.DataFrame(batch))
        height += batch.num_rows
        while height >= n_rows:
            frame = pl.concat(waiting) if len(waiting) > 1 else waiting[0]
            yield frame.head(n_rows)
            height -= n_rows
            waiting = [frame.slice(n_rows)]
    if height:
        yield pl.concat(waiting)


def _belong_together(pairs: pl.DataFrame, responses: pl.DataFrame) -> bool:
    """Tell whether the responses are those of the pairs, and in the same order."""
    if responses.height != 2 * pairs.height:
        return False
    places = responses["place"]
    return (places.gather_every(2) == 2 * pairs["position"]).all() and (
        places.gather_every(2, 1) == 2 * pairs["position"] + 1
    ).all()


def _put_together(
    pairs: pl.DataFrame, responses: pl.DataFrame, columns: Sequence[str]
) -> pl.DataFrame:
    """Return the pairs with both responses of each."""
    names = {"messages": "{}", "model": "{}_model", "license": "{}_license"}
    sides = [
        responses[column].gather_every(2, offset).alias(name.format(side))
        for column, name in names.items()
        if column in responses.columns
        for offset, side in enumerate(("chosen", "rejected"))
    ]
    return pairs.with_columns(sides).select(columns)


def _licenses(session: Session, table: str) -> dict[str, str]:
    """Return the licence of the annotation by source, where a card says it."""
    text = f"SELECT DISTINCT source FROM {table}"  # noqa: S608 - our own name
    sources = {name for (name,) in session.connection.execute(text).fetchall()}
    told = {name: card(name).licenses.judgments for name in sources.intersection(card_names())}
    return {name: license_ for name, license_ in sorted(told.items()) if license_ != _NOBODY}
