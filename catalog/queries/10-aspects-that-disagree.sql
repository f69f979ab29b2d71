-- How often would another response win, if the mean of the aspects decided instead of `overall`?
--
-- For annotators who rate both, as in UltraFeedback. Ratings are put on 0..1 of their scale before
-- they are averaged. `changed` is the share of prompts on which the two have no winner in common;
-- `overall_tied` and `mean_tied` are shares without a single winner.
SELECT
  source,
  count(*) AS prompts,
  avg(CAST(NOT list_has_any(overall_best, mean_best) AS INTEGER)) AS changed,
  avg(CAST(len(overall_best) > 1 AS INTEGER)) AS overall_tied,
  avg(CAST(len(mean_best) > 1 AS INTEGER)) AS mean_tied
FROM (
  SELECT
    source,
    prompt_id,
    annotator_id,
    list(response_id) FILTER (overall = best_overall) AS overall_best,
    -- Means of the same ratings may differ in the last bits.
    list(response_id) FILTER (mean > best_mean - 1e-9) AS mean_best
  FROM (
    SELECT
      *,
      max(overall) OVER (PARTITION BY source, prompt_id, annotator_id) AS best_overall,
      max(mean) OVER (PARTITION BY source, prompt_id, annotator_id) AS best_mean
    FROM (
      SELECT
        source,
        prompt_id,
        annotator_id,
        response_id,
        avg(normalized) FILTER (aspect = 'overall') AS overall,
        avg(normalized) FILTER (aspect NOT IN ('overall', 'fine-grained')) AS mean
      FROM ratings_flat
      WHERE stage IS NULL
      GROUP BY source, prompt_id, annotator_id, response_id
    )
    WHERE overall IS NOT NULL AND mean IS NOT NULL
  )
  GROUP BY source, prompt_id, annotator_id
  HAVING count(*) > 1
)
GROUP BY source
ORDER BY source
