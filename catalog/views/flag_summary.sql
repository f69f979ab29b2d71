-- One row per source, subject, flag and step: how many rows it marks, and which share that is.
SELECT
  f.source,
  f.subject,
  f.flag,
  f.stage,
  f.rows,
  n.rows AS rows_of_subject,
  f.rows / n.rows AS share,
  f.mean_value,
  f.example_id,
  f.example_reason
FROM (
  SELECT
    source,
    subject,
    flag,
    stage,
    count(*) AS rows,
    avg(value) AS mean_value,
    min(id) AS example_id,
    arg_min(reason, id) AS example_reason
  FROM flags
  GROUP BY source, subject, flag, stage
) AS f
LEFT JOIN (
  SELECT source, 'prompts' AS subject, count(*) AS rows FROM prompts GROUP BY source
  UNION ALL
  SELECT source, 'responses', count(*) FROM responses GROUP BY source
  UNION ALL
  SELECT source, 'judgments', count(*) FROM judgments WHERE stage IS NULL GROUP BY source
  UNION ALL
  SELECT source, 'annotators', count(*) FROM annotators WHERE stage IS NULL GROUP BY source
  UNION ALL
  SELECT source, 'conversations', count(*) FROM conversations GROUP BY source
  UNION ALL
  SELECT source, 'pairs', count(DISTINCT pair_id) FROM pairs GROUP BY source
) AS n ON n.source = f.source AND n.subject = f.subject
