-- One row per rating value, also on a common 0..1 scale and as a z-score within its annotator.
--
-- `normalized` is the place of the value on the scale that the source offered; null where the
-- scale is unknown. `z` compares a value with the other values of the same annotator for the same
-- aspect (sample standard deviation); null where the annotator never varied. `stage` is the step
-- whose judge rated, null for the source; probabilities of a judge's choice are no ratings.
SELECT
  source,
  judgment_id,
  prompt_id,
  annotator_id,
  aspect,
  response_id,
  position,
  score,
  raw_value,
  scale_min,
  scale_max,
  (score - scale_min) / nullif(scale_max - scale_min, 0) AS normalized,
  (score - avg(score) OVER annotator) / nullif(stddev_samp(score) OVER annotator, 0) AS z,
  stage
FROM (
  SELECT
    source,
    judgment_id,
    prompt_id,
    annotator_id,
    aspect,
    response_ids[i] AS response_id,
    CAST(i - 1 AS INTEGER) AS position,
    scores[i] AS score,
    raw_values[i] AS raw_value,
    scale_min,
    scale_max,
    stage
  FROM (
    SELECT *, generate_subscripts(scores, 1) AS i
    FROM judgments
    WHERE scores IS NOT NULL AND (stage IS NULL OR protocol = 'rating')
  )
)
WHERE score IS NOT NULL
WINDOW annotator AS (PARTITION BY source, annotator_id, aspect)
