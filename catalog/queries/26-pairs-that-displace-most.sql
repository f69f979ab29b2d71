-- On which pairs would training lower the likelihood of the chosen response the most?
--
-- Run `prefdata run displacement` first. The twenty pairs with the highest rank in their source, to
-- read: look for two responses that say the same. Scores compare within one model only.
SELECT
  d.source,
  d.model,
  round(d.percentile, 4) AS percentile,
  d.ln_ches,
  d.length_difference,
  right(p.last_user_text, 160) AS prompt,
  left(p.chosen_text, 160) AS chosen,
  left(p.rejected_text, 160) AS rejected,
  d.pair_id
FROM pair_displacement AS d
JOIN (SELECT DISTINCT ON (pair_id) * FROM pair_texts ORDER BY pair_id, stage) AS p
  ON p.source = d.source AND p.pair_id = d.pair_id
WHERE d.percentile IS NOT NULL
ORDER BY d.percentile DESC, d.ln_ches DESC, d.pair_id
LIMIT 20
