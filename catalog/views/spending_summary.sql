-- One row per step, purpose, model and currency: what was sent, answered and paid, over all runs.
--
-- It adds up the ledger `spending`. `cost` is what the server's counts of tokens come to, null
-- where no price was given; `uncertain_cost` is the most that attempts may have cost whose tokens
-- nobody counted, because the answer never came. Both count against a budget.
SELECT
  step,
  purpose,
  model,
  server,
  currency,
  CAST(sum(n_answers) AS BIGINT) AS answers,
  CAST(sum(n_attempts) AS BIGINT) AS attempts,
  CAST(sum(n_faults) AS BIGINT) AS faults,
  CAST(sum(n_unreadable) AS BIGINT) AS unreadable,
  CAST(sum(n_lost) AS BIGINT) AS lost,
  CAST(sum(prompt_tokens) AS BIGINT) AS prompt_tokens,
  CAST(sum(cached_tokens) AS BIGINT) AS cached_tokens,
  CAST(sum(completion_tokens) AS BIGINT) AS completion_tokens,
  sum(cost) AS cost,
  sum(uncertain_cost) AS uncertain_cost,
  (sum(prompt_tokens) + sum(completion_tokens)) / nullif(sum(n_answers), 0) AS tokens_per_answer,
  sum(cost) / nullif(sum(n_answers), 0) AS cost_per_answer,
  min(started_at) AS first_started_at,
  max(started_at) AS last_started_at,
  sum(duration_seconds) AS duration_seconds
FROM spending
GROUP BY step, purpose, model, server, currency
