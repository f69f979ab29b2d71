-- In which groups do annotators agree, and how far do models agree with people?
--
-- One row per group and whose judgments they are; the group `all` is the yardstick (`of_all`). Read
-- `value` with its interval: `alpha` within people or models, `cohen` between people and models. A
-- group whose interval lies below `of_all` is harder to judge, or its guideline is less clear.
SELECT
  g.source,
  g.stage,
  g.aspect,
  g.among,
  g.group_by,
  g.group_value,
  g.comparisons,
  g.judgments,
  g.annotators,
  coalesce(g.alpha, g.cohen) AS value,
  g.low,
  g.high,
  coalesce(a.alpha, a.cohen) AS of_all,
  g.raw
FROM agreement_summary AS g
LEFT JOIN agreement_summary AS a
  ON a.source = g.source AND a.stage = g.stage AND a.aspect = g.aspect AND a.among = g.among
  AND a.group_by = 'all'
ORDER BY g.source, g.stage, g.aspect, g.among, g.group_by <> 'all', g.group_by, value, g.group_value
