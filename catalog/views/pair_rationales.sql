-- One row per pair, kind of rationale and step that gated it: the rationale that the pair got.
--
-- Where none passed, `text` and all columns of the rationale are null, and `failed` names the
-- checks that failed in the last attempt. `chosen_handle` is what the text calls the chosen
-- response. `n_rationales` counts all that were put through, samples of one attempt among them.
SELECT
  g.source,
  g.pair_id,
  g.kind,
  g.stage,
  r.rationale_id,
  r.text,
  r.origin,
  r.scope,
  r.language,
  r.x_id,
  r.y_id,
  r.preferred,
  upper(r.preferred) AS chosen_handle,
  r.aspects,
  r.generator,
  r.attempt,
  g.n_attempts,
  g.n_rationales,
  CASE WHEN g.kept_id IS NULL THEN g.last_failed END AS failed
FROM (
  SELECT
    source,
    stage,
    pair_id,
    kind,
    max(rationale_id) FILTER (WHERE is_kept) AS kept_id,
    count(DISTINCT coalesce(attempt, 1)) AS n_attempts,
    count(*) AS n_rationales,
    arg_max(failed, (coalesce(attempt, 1), rationale_id)) AS last_failed
  FROM rationale_gates
  WHERE pair_id IS NOT NULL
  GROUP BY source, stage, pair_id, kind
) AS g
LEFT JOIN (
  -- Two steps may hold one rationale: equal ids say the same.
  SELECT *
  FROM rationales
  QUALIFY row_number() OVER (PARTITION BY source, rationale_id ORDER BY stage) = 1
) AS r ON r.source = g.source AND r.rationale_id = g.kept_id
