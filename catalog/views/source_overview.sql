-- One row per source: how much of everything it holds, in which languages, by which models.
--
-- Judgments and annotators are those of the source; what judges of recipes added is not counted.
SELECT
  n.source,
  CAST(coalesce(sum(n.rows) FILTER (n.what = 'prompts'), 0) AS BIGINT) AS prompts,
  CAST(coalesce(sum(n.rows) FILTER (n.what = 'responses'), 0) AS BIGINT) AS responses,
  CAST(coalesce(sum(n.rows) FILTER (n.what = 'judgments'), 0) AS BIGINT) AS judgments,
  CAST(coalesce(sum(n.rows) FILTER (n.what = 'annotators'), 0) AS BIGINT) AS annotators,
  CAST(coalesce(sum(n.rows) FILTER (n.what = 'conversations'), 0) AS BIGINT) AS conversations,
  CAST(coalesce(sum(n.rows) FILTER (n.what = 'pairs'), 0) AS BIGINT) AS pairs,
  CAST(coalesce(sum(n.rows) FILTER (n.what = 'flags'), 0) AS BIGINT) AS flags,
  CAST(coalesce(sum(n.rows) FILTER (n.what = 'rejects'), 0) AS BIGINT) AS rejects,
  coalesce(any_value(l.languages), []) AS languages,
  coalesce(any_value(m.models), []) AS models,
  coalesce(any_value(f.revisions), []) AS revisions,
  CAST(coalesce(any_value(f.files), 0) AS BIGINT) AS files,
  CAST(coalesce(any_value(f.bytes), 0) AS BIGINT) AS bytes,
  CAST(coalesce(any_value(f.raw_rows), 0) AS BIGINT) AS raw_rows
FROM (
  SELECT source, 'prompts' AS what, count(*) AS rows FROM prompts GROUP BY source
  UNION ALL
  SELECT source, 'responses', count(*) FROM responses GROUP BY source
  UNION ALL
  SELECT source, 'judgments', count(*) FROM judgments WHERE stage IS NULL GROUP BY source
  UNION ALL
  SELECT source, 'annotators', count(*) FROM annotators WHERE stage IS NULL GROUP BY source
  UNION ALL
  SELECT source, 'conversations', count(*) FROM conversations GROUP BY source
  UNION ALL
  SELECT source, 'pairs', count(*) FROM pairs GROUP BY source
  UNION ALL
  SELECT source, 'flags', count(*) FROM flags GROUP BY source
  UNION ALL
  SELECT source, 'rejects', count(*) FROM rejects GROUP BY source
  UNION ALL
  SELECT source, 'files', count(*) FROM source_files GROUP BY source
) AS n
LEFT JOIN (
  SELECT source, list_sort(list(DISTINCT language)) AS languages
  FROM prompts
  WHERE language IS NOT NULL
  GROUP BY source
) AS l ON l.source = n.source
LEFT JOIN (
  SELECT source, list_sort(list(DISTINCT model)) AS models
  FROM responses
  WHERE model IS NOT NULL
  GROUP BY source
) AS m ON m.source = n.source
LEFT JOIN (
  SELECT
    source,
    list_sort(list(DISTINCT revision) FILTER (revision IS NOT NULL)) AS revisions,
    count(*) AS files,
    sum(bytes) AS bytes,
    sum(rows_in) AS raw_rows
  FROM source_files
  GROUP BY source
) AS f ON f.source = n.source
GROUP BY n.source
