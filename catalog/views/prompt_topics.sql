-- One row per prompt and step that found topics: the topic that the prompt is in, with its words.
--
-- These are found from the texts; `prompts.topic` is what the source says. Rows that the step put
-- in no topic have the `topic_id` `none`.
SELECT
  m.source,
  m.id AS prompt_id,
  m.stage,
  m.topic_id,
  t.number AS topic_number,
  t.label AS topic_label,
  t.n_rows_all AS topic_rows,
  m.similarity
FROM topic_members AS m
LEFT JOIN topics AS t
  ON t.source = m.source AND t.stage = m.stage AND t.topic_id = m.topic_id
WHERE m.subject = 'prompts'
