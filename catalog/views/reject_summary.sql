-- One row per source, step, rule and field: how many rows are in quarantine, with an example.
--
-- `share_of_raw_rows` is there for ingests only; a derived row has no raw row of its own.
SELECT
  r.source,
  r.stage,
  r.subject,
  r.rule,
  r.field,
  r.rows,
  CASE WHEN r.stage = 'ingest' THEN r.rows / nullif(f.rows_in, 0) END AS share_of_raw_rows,
  r.files,
  r.example_file,
  r.example_row,
  r.example_reason
FROM (
  SELECT
    source,
    stage,
    subject,
    rule,
    field,
    count(*) AS rows,
    count(DISTINCT file) AS files,
    arg_min(file, (coalesce(file, ''), coalesce(row, 0))) AS example_file,
    arg_min(row, (coalesce(file, ''), coalesce(row, 0))) AS example_row,
    arg_min(reason, (coalesce(file, ''), coalesce(row, 0))) AS example_reason
  FROM rejects
  GROUP BY source, stage, subject, rule, field
) AS r
LEFT JOIN (
  SELECT source, sum(rows_in) AS rows_in FROM source_files GROUP BY source
) AS f ON f.source = r.source
