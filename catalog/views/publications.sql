-- One row per publication: which dataset, as which commit and tag, with how many rows.
--
-- Written when what was published had been loaded again and was the same.
SELECT
  substr(s.step, length('publish:') + 1) AS target,
  substr(s.stage, length('publisher:') + 1) AS publisher,
  s.params ->> '$.tag' AS tag,
  s.params ->> '$.commit' AS commit_id,
  s.params ->> '$.url' AS url,
  s.params ->> '$.pull_request' AS pull_request,
  CAST(s.params ->> '$.is_new' AS BOOLEAN) AS is_new,
  s.rows_out AS rows,
  CAST(json_array_length(json_keys(s.outputs)) AS INTEGER) AS files,
  s.outputs,
  r.recipe,
  r.recipe_digest,
  r.base_snapshot,
  s.started_at AS published_at
FROM run_steps AS s
JOIN runs AS r ON r.run_id = s.run_id
WHERE r.command = 'publish' AND starts_with(s.stage, 'publisher:')
