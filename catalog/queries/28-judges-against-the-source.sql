-- Which judges can be trusted, and for what?
--
-- One row per judge and aspect of the source. A judge is of use where `agreement` with the source
-- is clearly above 0.5 (`low` of its interval is) and its `position_bias` is near 0: one that takes
-- the first in both orders (a low `consistent_share`) has no preference to agree with. How far two
-- people agree is the most that can be hoped for; see `agreement_by_prompt`.
SELECT
  a.source,
  a.stage,
  a.model,
  a.aspect,
  a.source_aspect,
  s.verdicts,
  s.ties / s.verdicts AS ties,
  s.position_bias,
  s.low AS bias_low,
  s.high AS bias_high,
  s.consistent_share,
  a.pairs,
  a.agreement,
  a.low,
  a.high
FROM judge_agreement AS a
JOIN judge_summary AS s
  ON s.source = a.source AND s.stage = a.stage AND s.annotator_id = a.annotator_id
  AND s.aspect = a.aspect
ORDER BY a.source, a.stage, a.model, a.annotator_id, a.aspect, a.source_aspect
