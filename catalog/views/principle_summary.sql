-- One row per source, step, group and principle: how well it explains the labels of all prompts.
--
-- `strength` is (agree - disagree) / labels; `q` is its p-value, adjusted for all principles and
-- groups that were tested with it. `chosen` is its rank in the constitution of the group, where it
-- is in it. The sentence is turned to the end that holds. Cells of few annotators are suppressed.
WITH worded AS (
  SELECT
    principle_id,
    source,
    arg_min(name, stage) AS name,
    arg_min(theme, stage) AS theme,
    arg_min(origin, stage) AS origin,
    arg_min(sentence, stage) AS sentence,
    arg_min(opposite, stage) AS opposite
  FROM principles
  GROUP BY principle_id, source
)

SELECT
  e.source,
  e.stage,
  e.group_by,
  e.group_value,
  e.principle_id,
  w.name,
  w.theme,
  w.origin,
  CASE WHEN e.strength < 0 THEN coalesce(w.opposite, 'not: ' || w.sentence) ELSE w.sentence END
    AS holds,
  e.status,
  e.n_labels AS labels,
  e.relevance,
  e.accuracy,
  e.strength,
  e.strength_low,
  e.strength_high,
  e.q,
  e.p_family,
  e.log_odds_given_length,
  c.rank AS chosen
FROM principle_effects AS e
LEFT JOIN worded AS w
  ON w.principle_id = e.principle_id AND w.source = e.source
LEFT JOIN constitutions AS c
  ON
    c.principle_id = e.principle_id
    AND c.source = e.source
    AND c.stage = e.stage
    AND c.group_by = e.group_by
    AND c.group_value = e.group_value
WHERE e.part = 'all'
