-- Do experts and other annotators judge alike?
--
-- Per recruitment pool: how often they see a tie, how often two of the pool chose the same
-- (`within`), and how often one of the pool and one of another did (`across`). Experts whose
-- `across` is far below their `within` see something that the others do not.
WITH votes AS (
  SELECT
    c.source, c.aspect, c.prompt_hash, c.candidates, c.choice, a.pool, c.annotator_id,
    count(*) AS judgments,
    count(*) / sum(count(*)) OVER (
      PARTITION BY c.source, c.aspect, c.prompt_hash, c.candidates, c.annotator_id
    ) AS weight
  FROM choices_by_text AS c
  JOIN annotators AS a ON a.source = c.source AND a.annotator_id = c.annotator_id
  WHERE a.pool IS NOT NULL
  GROUP BY
    c.source, c.aspect, c.prompt_hash, c.candidates, c.choice, a.pool, c.annotator_id
),
choices AS (
  SELECT
    *,
    sum(weight) OVER (PARTITION BY source, aspect, prompt_hash, candidates, choice) AS of_all
  FROM (
    SELECT
      source, aspect, prompt_hash, candidates, choice, pool,
      sum(judgments) AS judgments,
      sum(weight) AS weight,
      sum(weight ** 2) AS squares
    FROM votes
    GROUP BY source, aspect, prompt_hash, candidates, choice, pool
  )
),
sets AS (
  SELECT
    *,
    sum(n) OVER (PARTITION BY source, aspect, prompt_hash, candidates) AS n_all
  FROM (
    SELECT
      source, aspect, prompt_hash, candidates, pool,
      sum(judgments) AS judgments,
      coalesce(sum(judgments) FILTER (choice = 'tie'), 0) AS ties,
      sum(weight) AS n,
      sum(weight ** 2) - sum(squares) AS same_within,
      sum(weight * (of_all - weight)) AS same_across
    FROM choices
    GROUP BY source, aspect, prompt_hash, candidates, pool
  )
)
SELECT
  source,
  aspect,
  pool,
  CAST(sum(judgments) AS BIGINT) AS judgments,
  sum(ties) / sum(judgments) AS tie,
  sum(same_within) / nullif(sum(n * (n - 1)), 0) AS within,
  sum(same_across) / nullif(sum(n * (n_all - n)), 0) AS across
FROM sets
GROUP BY source, aspect, pool
ORDER BY source, aspect, pool
