-- What did the last run do, with what, and did its rows add up?
--
-- Its steps in order. `inputs` and `outputs` name table partitions and their digests; equal
-- digests are equal rows, so two runs can be compared without their data.
SELECT
  run_id,
  command,
  recipe,
  code_version,
  step,
  stage,
  stage_version,
  params,
  inputs,
  outputs,
  is_cached,
  rows_in,
  rows_out,
  rows_rejected,
  duration_seconds,
  cost,
  cost_unit
FROM run_ledger
WHERE run_id = (SELECT arg_max(run_id, (started_at, run_id)) FROM runs)
ORDER BY started_at, step
