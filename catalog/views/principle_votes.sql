-- One row per comparison, step and principle: which response has more of what the principle asks.
--
-- `vote` is `a`, `b`, `tie`, `inconsistent` (a model said one thing in one order and another in the
-- other), `failed`, or `not-applicable`. The labels of annotators are in `pairs`.
SELECT
  listed.comparison_id,
  listed.source,
  listed.prompt_id,
  listed.response_a_id,
  listed.response_b_id,
  listed.aspect,
  listed.stage,
  listed.voter,
  p.principle_id,
  p.name,
  p.sentence,
  CASE listed.vote
    WHEN 1 THEN 'a'
    WHEN -1 THEN 'b'
    WHEN 0 THEN 'tie'
    WHEN 2 THEN 'inconsistent'
    WHEN -2 THEN 'failed'
    ELSE 'not-applicable'
  END AS vote
FROM (
  SELECT
    comparison_id,
    source,
    prompt_id,
    response_a_id,
    response_b_id,
    aspect,
    stage,
    voter,
    unnest(votes) AS vote,
    generate_subscripts(votes, 1) - 1 AS position
  FROM votes
) AS listed
JOIN principles AS p
  ON p.source = listed.source AND p.stage = listed.stage AND p.position = listed.position
