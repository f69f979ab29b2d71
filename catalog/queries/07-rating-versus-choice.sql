-- Where annotators both choose and rate: does the choice have the best rating?
--
-- `contradicted` is the share of judgments in which a response that was not chosen is rated
-- higher; `mean_gap` is by how many points then. `tied` counts choices that share the best rating
-- with a response that was not chosen: the rating alone would not tell the choice.
SELECT
  source,
  aspect,
  count(*) AS judgments,
  avg(CAST(chosen_score < other_score AS INTEGER)) AS contradicted,
  avg(other_score - chosen_score) FILTER (chosen_score < other_score) AS mean_gap,
  avg(CAST(chosen_score = other_score AS INTEGER)) AS tied,
  avg(chosen_score - other_score) FILTER (chosen_score > other_score) AS mean_lead
FROM (
  SELECT
    source,
    aspect,
    judgment_id,
    max(score) FILTER (is_chosen) AS chosen_score,
    max(score) FILTER (NOT is_chosen) AS other_score
  FROM judgments_flat
  WHERE stage IS NULL AND outcome = 'chosen' AND top_score IS NOT NULL
  GROUP BY source, aspect, judgment_id
)
WHERE chosen_score IS NOT NULL AND other_score IS NOT NULL
GROUP BY source, aspect
ORDER BY source, aspect
