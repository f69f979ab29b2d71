-- One row per training pair with its words: prompt, chosen and rejected, models, lengths, fate.
--
-- A pair that two steps made has one row for each (`stage`). Several steps may have decided about
-- it: `kept_by` and `left_out_by` name them, `is_kept` is true when no step left it out and null
-- when none decided. For one recipe ask `list_contains(kept_by, '<its step>')`.
SELECT
  p.pair_id,
  p.source,
  p.stage,
  p.rule,
  p.aspect,
  p.prompt_id,
  p.chosen_id,
  p.rejected_id,
  p.judgment_id,
  p.annotator_id,
  p.margin,
  p.margin_unit,
  p.strength,
  p.n_votes,
  q.messages AS prompt,
  list_filter(q.messages, lambda m: m.role = 'user')[-1].content AS last_user_text,
  c.text AS chosen_text,
  r.text AS rejected_text,
  c.messages AS chosen,
  r.messages AS rejected,
  c.model AS chosen_model,
  r.model AS rejected_model,
  c.chars AS chosen_chars,
  r.chars AS rejected_chars,
  q.subset,
  q.language,
  q.turn,
  q.split AS source_split,
  q.content_hash AS prompt_hash,
  c.content_hash AS chosen_hash,
  r.content_hash AS rejected_hash,
  d.is_kept,
  d.kept_by,
  d.left_out_by,
  d.reasons
FROM pairs AS p
LEFT JOIN prompts AS q ON q.source = p.source AND q.prompt_id = p.prompt_id
-- Lengths are taken before the join: who asks for them alone does not join texts.
LEFT JOIN (SELECT *, len(text) AS chars FROM responses) AS c
  ON c.source = p.source AND c.response_id = p.chosen_id
LEFT JOIN (SELECT *, len(text) AS chars FROM responses) AS r
  ON r.source = p.source AND r.response_id = p.rejected_id
LEFT JOIN (
  SELECT
    source,
    pair_id,
    bool_and(is_kept) AS is_kept,
    coalesce(list(stage ORDER BY stage) FILTER (is_kept), []) AS kept_by,
    coalesce(list(stage ORDER BY stage) FILTER (NOT is_kept), []) AS left_out_by,
    coalesce(list_distinct(flatten(list(reasons ORDER BY stage) FILTER (NOT is_kept))), [])
      AS reasons
  FROM decisions
  GROUP BY source, pair_id
) AS d ON d.source = p.source AND d.pair_id = p.pair_id
