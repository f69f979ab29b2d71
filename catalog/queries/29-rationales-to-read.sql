-- Which rationales may be trained on, beside the texts that they are about?
--
-- Run `prefdata run rationales` first. Twenty kept ones to read, with the response that the text
-- calls X first. Pairs without one are there too, with the checks that the last attempt failed.
SELECT
  r.source,
  r.kind,
  r.origin,
  r.chosen_handle,
  r.text AS rationale,
  r.failed,
  right(p.last_user_text, 160) AS prompt,
  left(CASE WHEN r.preferred = 'x' THEN p.chosen_text ELSE p.rejected_text END, 160) AS x,
  left(CASE WHEN r.preferred = 'x' THEN p.rejected_text ELSE p.chosen_text END, 160) AS y,
  r.pair_id
FROM pair_rationales AS r
JOIN (SELECT DISTINCT ON (pair_id) * FROM pair_texts ORDER BY pair_id, stage) AS p
  ON p.source = r.source AND p.pair_id = r.pair_id
ORDER BY r.text IS NULL, hash(r.pair_id), r.kind, r.stage
LIMIT 20
