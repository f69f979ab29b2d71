-- One row per source, step and group: whether a constitution holds, and what it foretells.
--
-- Accuracies are on prompts that had no part in the choice of principles. `over_length` and
-- `over_all` compare the constitution with the length of responses alone, and with all principles
-- at once. A constitution that holds nothing has no principles.
WITH measured AS (
  SELECT
    source,
    stage,
    group_by,
    group_value,
    any_value(verdict) FILTER (predictor = 'constitution') AS verdict,
    any_value(why) FILTER (predictor = 'constitution') AS why,
    any_value(n_labels) FILTER (predictor = 'constitution') AS labels,
    any_value(accuracy) FILTER (predictor = 'constitution') AS accuracy,
    any_value(low) FILTER (predictor = 'constitution') AS low,
    any_value(high) FILTER (predictor = 'constitution') AS high,
    any_value(auc) FILTER (predictor = 'constitution') AS auc,
    any_value(accuracy) FILTER (predictor = 'length') AS length_accuracy,
    any_value(accuracy) FILTER (predictor = 'all-principles') AS all_accuracy
  FROM reconstructions
  GROUP BY source, stage, group_by, group_value
)

SELECT
  m.source,
  m.stage,
  m.group_by,
  m.group_value,
  m.verdict,
  m.why,
  count(c.principle_id) AS principles,
  string_agg(c.sentence, ' | ' ORDER BY c.rank) AS constitution,
  m.labels,
  m.accuracy,
  m.low,
  m.high,
  m.auc,
  m.accuracy - m.length_accuracy AS over_length,
  m.accuracy - m.all_accuracy AS over_all
FROM measured AS m
LEFT JOIN constitutions AS c
  ON
    c.source = m.source
    AND c.stage = m.stage
    AND c.group_by = m.group_by
    AND c.group_value = m.group_value
GROUP BY ALL
