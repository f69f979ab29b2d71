-- One row per judge of a recipe and aspect: its verdicts on two responses, and its position bias.
--
-- `position_bias` is the probability that the response shown first is chosen, less 1/2, where a tie
-- is half of each: 0 is none, 0.5 is always the first. It is the mean over pairs of the mean of
-- both orders, so which response is better cancels out; `low` and `high` are its 95 % interval
-- (Agresti and Min for matched proportions). Pairs that were read in one order only are left out,
-- unless there are no others.
SELECT
  s.source,
  s.stage,
  s.annotator_id,
  a.model,
  s.aspect,
  s.verdicts,
  s.ties,
  s.first_share,
  s.pairs,
  s.consistent_share,
  s.total / s.n AS position_bias,
  greatest(s.centre - 1.959963984540054 * s.error, -0.5) AS low,
  least(s.centre + 1.959963984540054 * s.error, 0.5) AS high
FROM (
  SELECT
    *,
    -- Half a pair is added to each cell of the table of two verdicts.
    total / (n + 2) AS centre,
    sqrt(((squares + 0.25) / (n + 2) - (total / (n + 2)) ** 2) / (n + 2)) AS error
  FROM (
    SELECT
      source,
      stage,
      annotator_id,
      aspect,
      CAST(sum(verdicts) AS BIGINT) AS verdicts,
      CAST(sum(ties) AS BIGINT) AS ties,
      sum(firsts) / nullif(sum(verdicts) - sum(ties), 0) AS first_share,
      count(*) FILTER (verdicts = 2) AS pairs,
      avg(CAST(value = 0 AS INTEGER)) FILTER (verdicts = 2) AS consistent_share,
      count(*) FILTER (is_used) AS n,
      sum(value) FILTER (is_used) AS total,
      sum(value ** 2) FILTER (is_used) AS squares
    FROM (
      SELECT
        *,
        verdicts = max(verdicts) OVER (PARTITION BY source, stage, annotator_id, aspect) AS is_used
      FROM (
        SELECT
          source,
          stage,
          annotator_id,
          aspect,
          count(*) AS verdicts,
          count(*) FILTER (win = 0.5) AS ties,
          count(*) FILTER (win = 1) AS firsts,
          avg(win) - 0.5 AS value
        FROM (
          SELECT
            source,
            stage,
            annotator_id,
            aspect,
            prompt_id,
            list_sort(response_ids) AS shown,
            CASE WHEN outcome = 'tie' THEN 0.5 WHEN chosen[1] THEN 1.0 ELSE 0.0 END AS win
          FROM judgments
          WHERE
            stage IS NOT NULL
            AND protocol = 'pairwise'
            AND len(response_ids) = 2
            AND outcome IN ('chosen', 'tie')
        )
        GROUP BY source, stage, annotator_id, aspect, prompt_id, shown
      )
    )
    GROUP BY source, stage, annotator_id, aspect
  )
) AS s
LEFT JOIN annotators AS a ON a.source = s.source AND a.annotator_id = s.annotator_id
