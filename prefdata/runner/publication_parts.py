"""What is published of whom under which licence: parts of rows, counted by SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.fetch.cards import card, card_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from prefdata.catalog import Session
    from prefdata.runner.staging import StagedConfig

__all__ = ["LICENSES_TOGETHER", "components"]

LICENSES_TOGETHER = (
    "CASE WHEN contains({0} || {1}, ' OR ') THEN '(' || {0} || ') AND (' || {1} || ')' "
    "ELSE {0} || ' AND ' || {1} END"
)
"""Two licences that are both on a text, as SQL; a choice keeps its own parentheses."""

# A prompt that holds earlier turns of an assistant holds responses, so both licences are on it.
_COMPONENTS = """
WITH published AS (
    SELECT * REPLACE (CASE WHEN $is_whole THEN 'all' ELSE config END AS config),
        list_contains($asked, config) AS has_prompt,
        list_contains($answered, config) AS has_responses
    FROM published_pairs
), judged AS (
    -- A configuration has each pair once, all of them together may have it several times.
    {judged}
)
SELECT config, source, 'prompt' AS component,
    CASE WHEN is_talk AND asked <> answered THEN {together} ELSE asked END
        AS license,
    NULL AS model, count(DISTINCT prompt_id) AS n
FROM (
    SELECT p.config, p.source, p.prompt_id,
        coalesce(asked.license, 'NOASSERTION') AS asked,
        coalesce(r.license, 'NOASSERTION') AS answered, asked.is_talk
    FROM published AS p
    JOIN (
        -- Told before the join, which would have the texts in memory.
        SELECT prompt_id, license,
            list_contains(list_transform(messages, lambda m: m.role), 'assistant') AS is_talk
        FROM prompts
    ) AS asked USING (prompt_id)
    JOIN responses AS r ON r.response_id = p.chosen_id
    WHERE p.has_prompt
)
GROUP BY ALL
UNION ALL
SELECT sides.config, sides.source, 'response', coalesce(r.license, 'NOASSERTION'), r.model, count(*)
FROM (
    -- Both sides one below the other: a join on either of two ids would compare all with all.
    SELECT DISTINCT config, source, unnest([chosen_id, rejected_id]) AS response_id
    FROM published
    WHERE has_responses
) AS sides
JOIN responses AS r ON r.response_id = sides.response_id
GROUP BY ALL
UNION ALL
SELECT p.config, p.source, 'annotation',
    coalesce(
        $licenses[list_position($licensed, p.source)]::VARCHAR, prompts.license, 'NOASSERTION'
    ),
    coalesce(annotators.model, pooled.model), count(*)
FROM judged AS p
JOIN prompts USING (prompt_id)
LEFT JOIN annotators USING (annotator_id)
-- A pooled pair names nobody: then it may be of any model that judged the prompt.
LEFT JOIN (
    SELECT DISTINCT judgments.prompt_id, a.model
    FROM judgments JOIN annotators AS a USING (annotator_id) WHERE a.kind = 'model'
) AS pooled ON p.annotator_id IS NULL AND pooled.prompt_id = p.prompt_id
GROUP BY ALL
UNION ALL
SELECT p.config, p.source, 'demographics',
    coalesce($told[list_position($licensed, p.source)]::VARCHAR, prompts.license, 'NOASSERTION'),
    NULL, count(*)
FROM judged AS p
JOIN prompts USING (prompt_id)
JOIN annotators ON annotators.annotator_id = p.annotator_id AND annotators.kind = 'human'
WHERE $has_demographics
GROUP BY ALL
ORDER BY ALL
"""


_ONCE = "SELECT DISTINCT config, source, pair_id, prompt_id, annotator_id FROM published"


def components(
    session: Session,
    configs: Sequence[StagedConfig],
    *,
    has_demographics: bool,
    is_whole: bool = False,
) -> pl.DataFrame:
    """Return what is published of whom under which licence, after `mark_published`.

    Args:
        session: The snapshot.
        configs: What was written.
        has_demographics: Whether pairs have columns about their annotators.
        is_whole: Whether to take all configurations for one, ``all``, so that what is in two of
            them counts once.

    Returns:
        As `prefdata.publishing.licences.policy.check_licences` takes it. A component whose columns
        a configuration leaves out is not in it.
    """
    said = {name: card(name).licenses for name in card_names()}
    known = {name: each for name, each in said.items() if each.judgments != "NOASSERTION"}
    columns = {staged.asked.name: _texts(staged) for staged in configs}
    values = {
        "licensed": list(known),
        "licenses": [each.judgments for each in known.values()],
        "told": [each.annotators or each.judgments for each in known.values()],
        "asked": [name for name, texts in columns.items() if "prompt" in texts],
        "answered": [name for name, texts in columns.items() if texts & {"chosen", "rejected"}],
        "has_demographics": has_demographics,
        "is_whole": is_whole,
    }
    query = _COMPONENTS.format(
        together=LICENSES_TOGETHER.format("asked", "answered"),
        judged=_ONCE if is_whole else "FROM published",
    )
    frame: pl.DataFrame = session.connection.sql(query, params=values).pl()
    return frame


def _texts(staged: StagedConfig) -> set[str]:
    """Return the texts of a pair that a configuration holds; all, where its columns have others."""
    names = set(staged.schema.names)
    texts = {"prompt", "chosen", "rejected"}
    return names & texts if "pair_id" in names else texts
