-- What do training prompts share with evaluation sets, word for word?
--
-- Run a step `decontaminate` first. One row per row and item, the greatest share first, with the
-- stretch of text that both hold. Read some before you leave rows out: quotes and formulas overlap too.
SELECT
  source,
  subject,
  evaluation,
  item,
  method,
  size,
  similarity,
  id,
  left(matched_text, 160) AS matched_text
FROM matches
ORDER BY similarity DESC, id, item, method, size
