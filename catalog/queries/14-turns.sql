-- How long are the conversations?
--
-- `turns` counts the user's messages that were answered. Where a source has no conversations, each
-- prompt stands for one, with the turns that its history holds. `cumulative` is the share of
-- conversations with so many turns or fewer.
SELECT
  source,
  turns,
  count(*) AS conversations,
  count(*) / sum(count(*)) OVER (PARTITION BY source) AS share,
  sum(count(*)) OVER (PARTITION BY source ORDER BY turns)
    / sum(count(*)) OVER (PARTITION BY source) AS cumulative
FROM (
  SELECT source, max(turn) + 1 AS turns
  FROM prompts
  GROUP BY source, coalesce(conversation_id, prompt_id)
)
GROUP BY source, turns
ORDER BY source, turns
