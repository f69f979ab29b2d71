-- One row per pair and step that scored it: its CHES scores, its rank, and what the filter found.
--
-- `percentile` ranks `ln_ches` among the pairs of the same source, step and scorer, 0 for the
-- lowest and 1 for the highest: higher means more displacement. Pairs without a rank (identical or
-- empty responses, no score) have none. `is_flagged` is true where `filter-displacement` flagged.
SELECT
  s.source,
  s.pair_id,
  s.stage,
  s.scorer,
  s.model,
  s.status,
  s.detail,
  s.ln_ches,
  s.ches,
  s.relative_ches,
  CASE
    WHEN s.status IN ('ok', 'truncated') THEN
      percent_rank() OVER (
        PARTITION BY s.source, s.stage, s.scorer, s.status IN ('ok', 'truncated')
        ORDER BY s.ln_ches
      )
  END AS percentile,
  s.n_neg - s.n_pos AS length_difference,
  s.n_prompt,
  s.last_dot,
  s.edit_distance,
  f.pair_id IS NOT NULL AS is_flagged,
  f.reasons
FROM scores AS s
LEFT JOIN (
  SELECT source, id AS pair_id, list(reason ORDER BY stage, flag) AS reasons
  FROM flags
  WHERE subject = 'pairs' AND flag IN ('displacement', 'displacement-unranked')
  GROUP BY source, id
) AS f ON f.source = s.source AND f.pair_id = s.pair_id
