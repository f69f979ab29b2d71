-- Under which licences are the parts of the pairs that a selection kept?
--
-- A licence is a property of a part, not of a row: prompts of people may be under another one than
-- the responses of models. `model` is whoever wrote the responses; its provider's terms come on top.
-- A prompt of a later turn repeats earlier responses, so the licence of those is on it, too.
WITH kept AS (
  SELECT pairs.source, pairs.pair_id, pairs.prompt_id, pairs.chosen_id, pairs.rejected_id
  FROM pairs
  JOIN decisions ON decisions.pair_id = pairs.pair_id AND decisions.is_kept
)
SELECT kept.source, 'prompt' AS part, prompts.license, NULL AS model,
  count(DISTINCT prompts.prompt_id) AS texts
FROM kept JOIN prompts ON prompts.prompt_id = kept.prompt_id
GROUP BY ALL
UNION ALL
SELECT sides.source, 'response', responses.license, responses.model, count(*)
FROM (
  -- Both sides one below the other: a join on either of two ids would compare all with all.
  SELECT DISTINCT source, unnest([chosen_id, rejected_id]) AS response_id FROM kept
) AS sides
JOIN responses ON responses.response_id = sides.response_id
GROUP BY ALL
ORDER BY ALL
