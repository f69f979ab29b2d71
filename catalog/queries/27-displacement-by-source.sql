-- How do the displacement scores of the sources differ, and what did the filter leave?
--
-- Run `prefdata run displacement` first. `rho_length` is the rank correlation of the score with the
-- difference in length (rejected less chosen, in tokens): far from 0, the score follows length.
WITH ranked AS (
  SELECT
    *,
    rank() OVER (PARTITION BY source, stage, scorer ORDER BY ln_ches) AS score_rank,
    rank() OVER (PARTITION BY source, stage, scorer ORDER BY length_difference) AS length_rank
  FROM pair_displacement
  WHERE percentile IS NOT NULL
)
SELECT
  source,
  model,
  count(*) AS ranked_pairs,
  median(ln_ches) AS median_ln_ches,
  quantile_cont(ln_ches, 0.05) AS lowest_twentieth,
  quantile_cont(ln_ches, 0.95) AS highest_twentieth,
  CASE WHEN count(DISTINCT ln_ches) > 1 AND count(DISTINCT length_difference) > 1
    THEN round(corr(score_rank, length_rank), 3) END AS rho_length,
  avg(CAST(NOT is_flagged AS INTEGER)) AS share_kept
FROM ranked
GROUP BY source, stage, scorer, model
ORDER BY source, stage, model
