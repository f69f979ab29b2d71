-- Which groups reward different things?
--
-- One row per principle and group whose strength differs from that of the rest, after the
-- adjustment for all principles and groups that were tested (q below .1), the widest difference
-- first. `reweighted` is the difference at one mix of prompts: where it is much smaller, groups
-- asked for different things rather than preferred them. Cells of few annotators are suppressed.
SELECT
  c.source,
  c.stage,
  c.group_by,
  c.group_value,
  c.reference,
  p.sentence,
  c.strength,
  c.reference_strength,
  c.difference,
  c.low,
  c.high,
  c.reweighted,
  c.q,
  c.n_labels AS labels
FROM principle_contrasts AS c
LEFT JOIN (
  SELECT principle_id, source, arg_min(sentence, stage) AS sentence
  FROM principles
  GROUP BY principle_id, source
) AS p
  ON p.principle_id = c.principle_id AND p.source = c.source
WHERE c.status = 'measured' AND c.reference <> 'all' AND c.q < 0.1
ORDER BY c.source, c.stage, abs(c.difference) DESC, c.group_by, c.group_value, p.sentence
