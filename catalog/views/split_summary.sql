-- One row per source, step and split: prompts, different contents, leaks and pairs.
--
-- The split that the source itself assigns has the stage `ingest`. `leaked_contents` counts
-- contents that another split of the same source and step holds too: it should be 0.
SELECT
  source,
  stage,
  split,
  count(*) AS prompts,
  count(*) / sum(count(*)) OVER (PARTITION BY source, stage) AS share,
  count(DISTINCT content_hash) AS contents,
  count(DISTINCT content_hash) FILTER (n_splits > 1) AS leaked_contents,
  CAST(sum(pairs) AS BIGINT) AS pairs
FROM (
  SELECT
    s.source,
    s.stage,
    s.split,
    s.content_hash,
    coalesce(n.pairs, 0) AS pairs,
    count(DISTINCT s.split) OVER (PARTITION BY s.source, s.stage, s.content_hash) AS n_splits
  FROM (
    SELECT source, prompt_id, content_hash, 'ingest' AS stage, split
    FROM prompts
    WHERE split IS NOT NULL
    UNION ALL
    SELECT a.source, a.prompt_id, p.content_hash, a.stage, a.split
    FROM splits AS a
    LEFT JOIN prompts AS p ON p.source = a.source AND p.prompt_id = a.prompt_id
  ) AS s
  LEFT JOIN (
    SELECT source, prompt_id, count(DISTINCT pair_id) AS pairs
    FROM pairs
    GROUP BY source, prompt_id
  ) AS n ON n.source = s.source AND n.prompt_id = s.prompt_id
)
GROUP BY source, stage, split
