-- Which models do annotators of which country choose?
--
-- `win_rate` is the share of showings that the model won, `expected_rate` what blind choice among
-- the responses shown gives; a `lift` above 1 is better than chance. `low` and `high` are the 95 %
-- Wilson interval of the win rate: where it holds `expected_rate`, there is nothing to see. The
-- interval takes judgments as independent, so it is too narrow where few people judged often.
SELECT
  source,
  model,
  country,
  n AS shown,
  annotators,
  wins / n AS win_rate,
  expected / n AS expected_rate,
  wins / expected AS lift,
  (wins / n + 1.92 / n - 1.96 * sqrt((wins / n) * (1 - wins / n) / n + 0.9604 / n ** 2))
    / (1 + 3.8416 / n) AS low,
  (wins / n + 1.92 / n + 1.96 * sqrt((wins / n) * (1 - wins / n) / n + 0.9604 / n ** 2))
    / (1 + 3.8416 / n) AS high
FROM (
  SELECT
    j.source,
    j.model,
    a.country,
    count(*) AS n,
    count(DISTINCT j.annotator_id) AS annotators,
    coalesce(sum(1.0 / j.n_chosen) FILTER (j.is_chosen), 0) AS wins,
    sum(1.0 / j.n_shown) AS expected
  FROM judgments_flat AS j
  JOIN annotators AS a ON a.source = j.source AND a.annotator_id = j.annotator_id
  WHERE j.outcome = 'chosen' AND j.n_shown > 1 AND j.model IS NOT NULL AND a.country IS NOT NULL
  GROUP BY j.source, j.model, a.country
)
ORDER BY source, country, lift DESC, model
