-- One row per source, subject, step, evaluation set, method and size: rows that overlap with it.
SELECT
  m.source,
  m.subject,
  m.stage,
  m.evaluation,
  m.method,
  m.size,
  m.rows,
  m.rows / n.rows AS share,
  m.items,
  m.greatest_similarity,
  m.example_id,
  m.example_text
FROM (
  SELECT
    source,
    subject,
    stage,
    evaluation,
    method,
    size,
    count(DISTINCT id) AS rows,
    count(DISTINCT item) AS items,
    max(similarity) AS greatest_similarity,
    arg_max(id, similarity) AS example_id,
    arg_max(matched_text, similarity) AS example_text
  FROM matches
  GROUP BY source, subject, stage, evaluation, method, size
) AS m
LEFT JOIN (
  SELECT source, 'prompts' AS subject, count(*) AS rows FROM prompts GROUP BY source
  UNION ALL
  SELECT source, 'responses', count(*) FROM responses GROUP BY source
) AS n ON n.source = m.source AND n.subject = m.subject
