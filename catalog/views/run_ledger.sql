-- One row per step of every run: what ran, on what, how many rows in and out, how long, what cost.
--
-- A run without steps has one row with null steps.
SELECT
  r.run_id,
  r.command,
  r.recipe,
  r.recipe_digest,
  r.base_snapshot,
  r.code_version,
  r.seed AS run_seed,
  r.started_at AS run_started_at,
  r.duration_seconds AS run_duration_seconds,
  s.step,
  s.stage,
  s.stage_version,
  s.params,
  s.fingerprint,
  s.inputs,
  s.outputs,
  s.is_cached,
  s.rows_in,
  s.rows_out,
  s.rows_rejected,
  s.seed,
  s.started_at,
  s.duration_seconds,
  s.cost,
  s.cost_unit
FROM runs AS r
LEFT JOIN run_steps AS s ON s.run_id = r.run_id
