-- One row per source, step, aspect, method and whose votes decided: what comparisons come to.
--
-- `preferred` has a winner; `tied` has none, because a tie or both are as probable. `certainty` is
-- the mean of |2 p_a - 1| where there is a winner. `unanimous` are comparisons with two votes or
-- more that all say the same, and `overruled` those in which the method prefers the response that
-- fewer votes are for, because it trusts those more. Counts are of all votes, also of those that
-- did not decide.
SELECT
  source,
  stage,
  aspect,
  method,
  label_from,
  count(*) AS comparisons,
  count(*) FILTER (label IN (0, 1)) AS preferred,
  count(*) FILTER (label NOT IN (0, 1)) AS tied,
  count(*) FILTER (label IS NULL) AS unlabelled,
  avg(n_human) AS human_votes,
  avg(n_ai) AS ai_votes,
  avg(abs(2 * p_a - 1)) FILTER (label IN (0, 1)) AS certainty,
  count(*) FILTER (
    n_human + n_ai > 1 AND greatest(n_for_a, n_for_b, n_ties) = n_human + n_ai
  ) AS unanimous,
  count(*) FILTER ((label = 1 AND n_for_a < n_for_b) OR (label = 0 AND n_for_b < n_for_a))
    AS overruled
FROM consensus
GROUP BY source, stage, aspect, method, label_from
