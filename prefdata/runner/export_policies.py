"""Which selected pairs stay in: lists of removals, and policies for pairs that say too much.

All of it is SQL over a table of ids; no text is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.core.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from prefdata.catalog import Session
    from prefdata.protocols import Policies

__all__ = ["REMOVABLE", "leave_out"]

REMOVABLE = {
    "pairs": ("s.pair_id",),
    "prompts": ("s.prompt_id",),
    "responses": ("s.chosen_id", "s.rejected_id"),
    "judgments": ("s.judgment_id",),
    # Who held a conversation leaves with its words.
    "annotators": ("s.annotator_id", "conversations.annotator_id"),
    "conversations": ("prompts.conversation_id",),
}
"""What a list of removals may name: the table, and where its key is in a pair."""

_PLACES = {
    "pairs": ("prompts",),
    "prompts": ("prompts",),
    "responses": ("chosen", "rejected"),
    "judgments": ("judgments",),
}
"""Tables whose ``<file>#<row>`` may stand for the key."""
_PLACE = "#"

_REMOVED = """
SELECT s.pair_id FROM {selected} AS s
{joins}WHERE {tests}
"""
_JOINS = {
    "prompts.": "JOIN prompts ON prompts.prompt_id = s.prompt_id\n",
    "conversations.": "JOIN prompts AS turn ON turn.prompt_id = s.prompt_id\n"
    "LEFT JOIN conversations ON conversations.conversation_id = turn.conversation_id\n",
    "chosen.": "JOIN responses AS chosen ON chosen.response_id = s.chosen_id\n",
    "rejected.": "JOIN responses AS rejected ON rejected.response_id = s.rejected_id\n",
    "judgments.": "LEFT JOIN judgments ON judgments.judgment_id = s.judgment_id\n",
}
_SEVERAL_CHOSEN = """
SELECT s.pair_id FROM {selected} AS s
JOIN judgments ON judgments.judgment_id = s.judgment_id
WHERE list_count(list_filter(judgments.chosen, lambda is_chosen: is_chosen)) > 1
"""
# Both orders of two responses with margin 0, of one judgment (or of one annotator, where several
# judgments are behind the pair): what `make-pairs` makes of a tie.
_TIES = """
SELECT unnest(ids) AS pair_id FROM (
    SELECT list(pair_id) AS ids
    FROM {selected}
    WHERE margin = 0
    GROUP BY
        least(chosen_id, rejected_id), greatest(chosen_id, rejected_id),
        aspect, judgment_id, annotator_id
    HAVING count(DISTINCT chosen_id) > 1
)
"""
# A tie decides nothing. Who is behind a pooled pair is not known, so each is somebody else.
_DISPUTED = """
WITH decided AS (
    SELECT
        pair_id, least(chosen_id, rejected_id) AS a, greatest(chosen_id, rejected_id) AS b, aspect,
        chosen_id < rejected_id AS is_a, coalesce(n_votes, 1) AS votes,
        coalesce(annotator_id, pair_id) AS who
    FROM {selected}
    WHERE pair_id NOT IN ({ties})
), disputed AS (
    SELECT a, b, aspect,
        sum(votes) FILTER (WHERE is_a) AS for_a, sum(votes) FILTER (WHERE NOT is_a) AS for_b
    FROM decided
    GROUP BY a, b, aspect
    HAVING count(DISTINCT is_a) > 1 AND count(DISTINCT who) > 1
)
SELECT decided.pair_id FROM decided JOIN disputed USING (a, b, aspect)
WHERE NOT $has_majority OR CASE WHEN is_a THEN for_a <= for_b ELSE for_b <= for_a END
"""
_REPEATED = """
CREATE OR REPLACE TABLE {selected}_repeated AS
SELECT min(pair_id) AS first_id, list(pair_id) AS ids, sum(coalesce(n_votes, 1))::INTEGER AS n_votes
FROM (SELECT *, pair_id IN ({ties}) AS is_tie FROM {selected})
GROUP BY chosen_id, rejected_id, aspect, is_tie
HAVING count(*) > 1
"""
_SUM_VOTES = """
UPDATE {selected} SET n_votes = repeated.n_votes
FROM {selected}_repeated AS repeated
WHERE {selected}.pair_id = repeated.first_id
"""
_NOT_THE_FIRST = """
SELECT pair_id FROM (SELECT first_id, unnest(ids) AS pair_id FROM {selected}_repeated)
WHERE pair_id <> first_id
"""


def leave_out(
    session: Session, selected: str, policies: Policies, removals: pl.DataFrame | None
) -> dict[str, int]:
    """Take out of a table of pairs what may not leave.

    In this order, each part over what the one before left: what is on the list of removals,
    pairs of judgments that chose several, ties, comparisons with disagreement, repeats. So
    nobody who is removed votes. A pooled pair names none of its judgments: where one of them is
    removed, the pair must be made again.

    Args:
        session: Where the table is.
        selected: Name of the table: the ids of `pairs`, aspect, margin and n_votes.
        policies: What is done with ties, disagreement, repeats and several chosen.
        removals: Columns subject (one of `REMOVABLE`) and id: the key of its table, or the
            ``<file>#<row>`` of the raw file that the row comes from. What hangs on other rows of
            a removed one, such as later turns, `prefdata.privacy.removals.follow` adds to it.

    Returns:
        Reason to pairs, without those that no pair has.

    Raises:
        UnknownNameError: If the subject of a removal is not known.
    """
    ties = _TIES.format(selected=selected)
    counts: dict[str, int] = {}

    def take_out(reason: str, found: str, values: Mapping[str, Any] | None = None) -> None:
        text = f"DELETE FROM {selected} WHERE pair_id IN ({found})"  # noqa: S608 - our own text
        row = session.connection.execute(text, dict(values or {})).fetchone()
        if row and row[0]:
            counts[reason] = int(row[0])

    if removals is not None and removals.height:
        session.connection.register("removals", removals.to_arrow())
        take_out("removed", _removed(selected, removals))
        session.connection.unregister("removals")
    if policies.several_chosen == "leave-out":
        take_out("several-chosen", _SEVERAL_CHOSEN.format(selected=selected))
    if policies.ties == "leave-out":
        take_out("tie", ties)
    if policies.disagreement != "keep":
        found = _DISPUTED.format(selected=selected, ties=ties)
        take_out("disagreement", found, {"has_majority": policies.disagreement == "majority"})
    if policies.repeats == "once":
        session.connection.execute(_REPEATED.format(selected=selected, ties=ties))
        session.connection.execute(_SUM_VOTES.format(selected=selected))
        take_out("repeat", _NOT_THE_FIRST.format(selected=selected))
    return counts


def _removed(selected: str, removals: pl.DataFrame) -> str:
    """Return the query of the pairs that the relation ``removals`` names."""
    for name in sorted(set(removals["subject"]) - set(REMOVABLE)):
        raise UnknownNameError("subject of a removal", name, known=REMOVABLE)
    tests: list[str] = []
    for subject, keys in REMOVABLE.items():
        ids = removals.filter(subject=subject)["id"]
        tables = _PLACES.get(subject, ()) if ids.str.contains(_PLACE, literal=True).any() else ()
        wanted = [*keys, *(f"{table}.file || '{_PLACE}' || {table}.row" for table in tables)]
        listed = f"(SELECT id FROM removals WHERE subject = '{subject}')"  # noqa: S608 - our own
        tests += [f"{place} IN {listed}" for place in wanted if ids.len()]
    text = "\n   OR ".join(tests)
    joins = "".join(join for table, join in _JOINS.items() if table in text)
    return _REMOVED.format(selected=selected, joins=joins, tests=text)
