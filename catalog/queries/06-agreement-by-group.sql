-- Do annotators agree more with their own group than with others?
--
-- For each demographic field: `within` is the chance that two different annotators of the group
-- chose the same words from the same candidates, `across` the same for one of the group and one
-- of another. `expected` is blind choice. A group matters where `within` is clearly above
-- `across`; both rest on `pairs_within` and `pairs_across` pairs of annotators.
WITH votes AS (
  SELECT
    c.source,
    c.aspect,
    c.prompt_hash,
    c.candidates,
    c.n_candidates,
    c.choice,
    g.field,
    g.value,
    count(*) / sum(count(*)) OVER (
      PARTITION BY c.source, c.aspect, c.prompt_hash, c.candidates, g.field, c.annotator_id
    ) AS weight
  FROM choices_by_text AS c
  JOIN (
    SELECT source, annotator_id, 'country' AS field, country AS value FROM annotators
    UNION ALL
    SELECT source, annotator_id, 'gender', gender FROM annotators
    UNION ALL
    SELECT source, annotator_id, 'age_band', age_band FROM annotators
    UNION ALL
    SELECT source, annotator_id, 'politics', politics FROM annotators
  ) AS g ON g.source = c.source AND g.annotator_id = c.annotator_id
  WHERE g.value IS NOT NULL
  GROUP BY
    c.source, c.aspect, c.prompt_hash, c.candidates, c.n_candidates, c.choice, c.annotator_id,
    g.field, g.value
),
choices AS (
  SELECT
    *,
    sum(weight) OVER (
      PARTITION BY source, aspect, prompt_hash, candidates, field, choice
    ) AS weight_of_all
  FROM (
    SELECT
      source, aspect, prompt_hash, candidates, n_candidates, field, value, choice,
      sum(weight) AS weight,
      sum(weight ** 2) AS squares
    FROM votes
    GROUP BY source, aspect, prompt_hash, candidates, n_candidates, field, value, choice
  )
),
sets AS (
  SELECT
    source, aspect, prompt_hash, candidates, n_candidates, field, value,
    sum(weight) AS n,
    sum(weight ** 2) - sum(squares) AS same_within,
    sum(weight * (weight_of_all - weight)) AS same_across
  FROM choices
  GROUP BY source, aspect, prompt_hash, candidates, n_candidates, field, value
),
totals AS (
  SELECT *, sum(n) OVER (PARTITION BY source, aspect, prompt_hash, candidates, field) AS n_all
  FROM sets
)
SELECT
  source,
  aspect,
  field,
  value,
  sum(same_within) / nullif(sum(n * (n - 1)), 0) AS within,
  sum(same_across) / nullif(sum(n * (n_all - n)), 0) AS across,
  sum((n_all - 1) * n / n_candidates) / sum(n * (n_all - 1)) AS expected,
  CAST(round(sum(n * (n - 1)) / 2) AS BIGINT) AS pairs_within,
  CAST(round(sum(n * (n_all - n))) AS BIGINT) AS pairs_across
FROM totals
WHERE n_all > 1
GROUP BY source, aspect, field, value
ORDER BY source, aspect, field, value
