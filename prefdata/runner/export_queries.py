"""The SQL of an export: the pairs that go out, and their texts.

In the order of the export, or in any order, with the texts apart: see `export_blocks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NOBODY", "Queries", "queries_of", "selected_sql"]

NOBODY = "NOASSERTION"
"""What stands for a licence that nobody names."""

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
# One row for each pair, without its responses; of its prompt nothing where {of_prompt} is empty.
_PAIRS = """
SELECT
    pairs.position AS place, pairs.pair_id, pairs.source, pairs.prompt_id,
    {of_prompt}pairs.margin, pairs.margin_unit, pairs.strength, pairs.n_votes, pairs.aspect,
    pairs.annotator_id, coalesce(splits.split, 'train') AS split{columns}
FROM {selected} AS pairs
LEFT JOIN splits ON splits.prompt_id = pairs.prompt_id AND splits.stage = $splits
{joins}{order}"""
_JOIN_PROMPTS = """JOIN (
    -- Asked here and not above, or the join would have the texts in memory.
    SELECT *{has_answers} FROM prompts
) AS prompts ON prompts.prompt_id = pairs.prompt_id
"""
_HAS_ANSWERS = "list_contains(list_transform(messages, lambda m: m.role), 'assistant')"
_OF_PROMPT = "prompts.subset, prompts.language, "
_PROMPT = """CASE
    WHEN prompts.system IS NULL THEN prompts.messages
    ELSE list_prepend(struct_pack(role := 'system', content := prompts.system), prompts.messages)
END AS prompt"""
_IN_ORDER = "ORDER BY pairs.position\n"
_SIDES = """
    SELECT 2 * position AS place, chosen_id AS response_id FROM {selected}
    UNION ALL
    SELECT 2 * position + 1, rejected_id FROM {selected}
"""
_RESPONSES = """
SELECT sides.place, responses.messages, responses.model{columns}
FROM ({sides}) AS sides
JOIN responses ON responses.response_id = sides.response_id
ORDER BY sides.place
"""
_LICENSE = f", coalesce(responses.license, '{NOBODY}') AS license"
_OWN_LICENSE = ", responses.license AS own_license"
_MORE = {
    **{name: f"pairs.{name}" for name in ("chosen_id", "rejected_id", "judgment_id", "rule")},
    "annotator_kind": "annotators.kind",
    "annotator_model": "annotators.model",
    "chosen_score": "judgments.scores[list_position(judgments.response_ids, pairs.chosen_id)]",
    "rejected_score": "judgments.scores[list_position(judgments.response_ids, pairs.rejected_id)]",
}
_MORE_OF_PROMPT = {
    "topic": "prompts.topic",
    "source_revision": "prompts.revision",
    "source_row_id": "prompts.file || '#' || prompts.row",
    # What it is made of: `export_rows` makes it of that of the chosen response, too.
    "prompt_license": "prompts.license",
    "annotation_license": "coalesce("
    "$licenses[list_position($licensed, prompts.source)]::VARCHAR, "
    f"prompts.license, '{NOBODY}')",
}
_MORE_JOINS = {
    "annotators": "LEFT JOIN annotators ON annotators.annotator_id = pairs.annotator_id\n",
    # Judgments without scores, which are most, need not be remembered.
    "judgments": "LEFT JOIN (\n"
    "    SELECT judgment_id, response_ids, scores FROM judgments WHERE scores IS NOT NULL\n"
    ") AS judgments ON judgments.judgment_id = pairs.judgment_id\n",
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
class Queries:
    """What reads the rows of an export; each row has its ``place`` in it."""

    pairs: str
    """One row for each pair, with its prompt, in order."""
    sides: str
    """Two rows for each pair, what is chosen and what is rejected: 2 * place, and one more."""
    heads: str
    """As ``pairs``, without what is of the prompt and in any order."""
    prompts: str
    """All prompts of the sources: ``prompt_id``, and what `pairs` has of them; in any order."""
    responses: str
    """The texts of all responses of the sources, with ``response_id``, in any order."""
    prompt_places: str
    """Columns id and place: which prompt each pair has."""
    side_places: str
    """Columns id and place: which response each side has."""


def selected_sql(table: str) -> str:
    """Return the statement that makes the table of pairs that go out.

    Its values are ``$pairs``, ``$decisions`` and ``$sources``.

    Args:
        table: Its name.
    """
    return _SELECTED.format(selected=table)


def queries_of(
    table: str, columns: Sequence[str], sources: Sequence[str], *, takes_critiques: bool
) -> Queries:
    """Return the queries of an export.

    Their values are ``$splits``, and where columns ask for them ``$rationales``, ``$licensed`` and
    ``$licenses``.

    Args:
        table: What `selected_sql` made.
        columns: What the rows have.
        sources: Of the pairs; only their texts are read.
        takes_critiques: Whether rationales hold what a source says of one response alone.
    """
    has_license = not {"chosen_license", "rejected_license"}.isdisjoint(columns)
    licenses = _LICENSE if has_license else ""
    licenses += _OWN_LICENSE if "prompt_license" in columns else ""
    sides = _SIDES.format(selected=table)
    listed = ", ".join("'{}'".format(name.replace("'", "''")) for name in sources)
    of_prompt = f"{_OF_PROMPT}{_PROMPT}{_added(columns, _MORE_OF_PROMPT)}"
    has_answers = ""
    if "prompt_license" in columns:
        of_prompt += ", prompts.has_answers"
        has_answers = f", {_HAS_ANSWERS} AS has_answers"
    join = _JOIN_PROMPTS.format(has_answers=has_answers)
    told = _told(table, columns, takes_critiques=takes_critiques)
    return Queries(
        pairs=_pairs_query(table, columns, told, f"{of_prompt},\n    ", join, _IN_ORDER),
        sides=_RESPONSES.format(sides=sides, columns=licenses),
        heads=_pairs_query(table, columns, told, "", "", ""),
        prompts=f"SELECT prompts.prompt_id, {of_prompt} "  # noqa: S608 - our own names
        f"FROM (SELECT *{has_answers} FROM prompts) AS prompts WHERE source IN ({listed})",
        responses=f"SELECT response_id, messages, model{licenses} FROM responses "  # noqa: S608
        f"WHERE source IN ({listed})",
        prompt_places=f"SELECT prompt_id AS id, position AS place FROM {table}",  # noqa: S608
        side_places=f"SELECT response_id AS id, place FROM ({sides})",  # noqa: S608
    )


def _added(columns: Sequence[str], known: Mapping[str, str]) -> str:
    return "".join(f", {known[name]} AS {name}" for name in columns if name in known)


def _told(table: str, columns: Sequence[str], *, takes_critiques: bool) -> str:
    """Return the join of rationales, where columns ask for them."""
    if "rationales" not in columns:
        return ""
    parts = (_GATED, _OF_ONE) if takes_critiques else (_GATED,)
    every = [f"({part.format(rationale=_RATIONALE, selected=table)})" for part in parts]
    return _TOLD.format(rationales=" UNION ALL ".join(every))


def _pairs_query(
    table: str, columns: Sequence[str], told: str, of_prompt: str, join: str, order: str
) -> str:
    added = _added(columns, _MORE)
    joins = join + "".join(join for name, join in _MORE_JOINS.items() if f"{name}." in added) + told
    added += ", told.rationales" if told else ""
    return _PAIRS.format(
        selected=table, columns=added, joins=joins, of_prompt=of_prompt, order=order
    )
