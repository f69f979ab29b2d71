-- One row per annotator, aspect and step that put votes together: agreement and leanings.
--
-- `agreement` is the share of the votes of others on the same comparisons that say the same, and
-- `expected` what all annotators of that kind have on average; `reliability` is how probable the
-- consensus makes their votes. `prefers_first` and `prefers_longer` are 1 or -1 where the 95 %
-- interval of the share leaves out a half, else 0. Who disagrees is not wrong for that.
SELECT
  q.source,
  q.stage,
  q.annotator_id,
  q.kind,
  a.pool,
  a.model,
  a.country,
  q.aspect,
  q.n AS judgments,
  q.n_shared AS shared,
  q.n_ties / nullif(q.n, 0) AS ties,
  q.agreement,
  q.agreement_low,
  q.agreement_high,
  sum(q.agreement * q.n_shared) OVER w / nullif(sum(q.n_shared) OVER w, 0) AS expected,
  q.reliability,
  q.first_share,
  CASE
    WHEN q.first_low > 0.5 THEN 1
    WHEN q.first_high < 0.5 THEN -1
    WHEN q.first_share IS NOT NULL THEN 0
  END AS prefers_first,
  q.longer_share,
  CASE
    WHEN q.longer_low > 0.5 THEN 1
    WHEN q.longer_high < 0.5 THEN -1
    WHEN q.longer_share IS NOT NULL THEN 0
  END AS prefers_longer
FROM annotator_quality AS q
LEFT JOIN annotators AS a ON a.source = q.source AND a.annotator_id = q.annotator_id
WINDOW w AS (PARTITION BY q.source, q.stage, q.aspect, q.kind)
