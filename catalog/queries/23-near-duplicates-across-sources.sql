-- Which prompts of one source are near-duplicates of prompts of another?
--
-- Run a step `dedup` first. One row per prompt whose most similar row is of another source, best
-- first, with both texts. Judgments on them can be compared; and a split must keep them together.
SELECT
  n.source,
  n.neighbor_source,
  n.method,
  n.similarity,
  n.id,
  n.neighbor_id,
  left(a.messages[-1].content, 100) AS last_message,
  left(b.messages[-1].content, 100) AS last_message_of_neighbor
FROM neighbors AS n
JOIN prompts AS a ON a.source = n.source AND a.prompt_id = n.id
JOIN prompts AS b ON b.source = n.neighbor_source AND b.prompt_id = n.neighbor_id
WHERE n.subject = 'prompts' AND n.source <> n.neighbor_source
ORDER BY n.similarity DESC, n.id
