-- In which topics do annotators choose the longer response?
--
-- Run a step `topics` first. One row per topic found in the prompts, over all sources: pairs on
-- its prompts, and the share whose chosen response has more characters; 0.5 is no bias.
SELECT
  t.topic_number,
  t.topic_label,
  count(*) AS pairs,
  count(DISTINCT p.prompt_id) AS prompts,
  avg(CASE WHEN c.chars <> r.chars THEN CAST(c.chars > r.chars AS INTEGER) END) AS chosen_longer
FROM pairs AS p
JOIN prompt_topics AS t ON t.source = p.source AND t.prompt_id = p.prompt_id
JOIN response_lengths AS c ON c.source = p.source AND c.response_id = p.chosen_id
JOIN response_lengths AS r ON r.source = p.source AND r.response_id = p.rejected_id
GROUP BY t.topic_number, t.topic_label
ORDER BY t.topic_number
