-- How large are the margins of the pairs?
--
-- Quantiles within one unit. `without` is the share of pairs that have no margin, `zero` the share
-- of the others whose two responses are rated equal: a rule that keeps those keeps noise.
SELECT
  source,
  stage,
  rule,
  aspect,
  margin_unit,
  count(*) AS pairs,
  1 - count(margin) / count(*) AS without,
  avg(CAST(margin = 0 AS INTEGER)) AS zero,
  quantile_cont(margin, 0.1) AS p10,
  quantile_cont(margin, 0.5) AS median,
  quantile_cont(margin, 0.9) AS p90,
  max(margin) AS largest
FROM pairs
GROUP BY source, stage, rule, aspect, margin_unit
ORDER BY source, stage, rule, aspect, margin_unit
