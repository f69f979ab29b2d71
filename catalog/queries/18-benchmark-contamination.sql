-- How many training pairs stand on prompts of a public benchmark?
--
-- Prompts that carry a flag `benchmark-…`, and prompts of any source with the same words as one
-- that does (`by_copy`). `share_of_pairs` is of all pairs of the source; leave them out before
-- the benchmark is used for evaluation.
SELECT
  p.source,
  f.flag,
  count(DISTINCT p.prompt_id) AS prompts,
  count(DISTINCT p.prompt_id) FILTER (g.id IS NULL) AS by_copy,
  count(DISTINCT q.pair_id) AS pairs,
  count(DISTINCT q.pair_id) / nullif(any_value(n.pairs), 0) AS share_of_pairs
FROM (
  SELECT DISTINCT f.flag, p.content_hash
  FROM flags AS f
  JOIN prompts AS p ON p.source = f.source AND p.prompt_id = f.id
  WHERE f.subject = 'prompts' AND f.flag LIKE 'benchmark-%'
) AS f
JOIN prompts AS p ON p.content_hash = f.content_hash
LEFT JOIN (
  SELECT DISTINCT source, id, flag FROM flags WHERE subject = 'prompts'
) AS g ON g.source = p.source AND g.id = p.prompt_id AND g.flag = f.flag
LEFT JOIN pairs AS q ON q.source = p.source AND q.prompt_id = p.prompt_id
LEFT JOIN (
  SELECT source, count(DISTINCT pair_id) AS pairs FROM pairs GROUP BY source
) AS n ON n.source = p.source
GROUP BY p.source, f.flag
ORDER BY p.source, f.flag
