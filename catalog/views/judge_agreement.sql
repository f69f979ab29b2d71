-- One row per judge of a recipe, its aspect, and aspect of the source: how often they agree.
--
-- A judge prefers a response that it chose in every order in which it was asked, and the source the
-- one that more of its judgments of the aspect put over the other, by choice or, where they only
-- rate, by score. `agreement` is over the pairs on which both have a preference; 0.5 is chance, and
-- `low` and `high` are its 95 % Wilson interval. `undecided` are pairs on which the source prefers
-- one and the judge does not.
SELECT
  t.source,
  t.stage,
  t.annotator_id,
  a.model,
  t.aspect,
  t.source_aspect,
  t.pairs,
  t.undecided,
  t.agreed,
  t.agreed / nullif(t.pairs, 0) AS agreement,
  (
    t.agreed + t.z2 / 2
    - sqrt(t.z2 * (t.agreed * (t.pairs - t.agreed) / nullif(t.pairs, 0) + t.z2 / 4))
  ) / (t.pairs + t.z2) AS low,
  (
    t.agreed + t.z2 / 2
    + sqrt(t.z2 * (t.agreed * (t.pairs - t.agreed) / nullif(t.pairs, 0) + t.z2 / 4))
  ) / (t.pairs + t.z2) AS high
FROM (
  SELECT
    source,
    stage,
    annotator_id,
    aspect,
    source_aspect,
    count(*) FILTER (preference <> 0 AND label <> 0) AS pairs,
    count(*) FILTER (preference = 0 AND label <> 0) AS undecided,
    count(*) FILTER (preference = label AND label <> 0) AS agreed,
    3.841458820694124 AS z2
  FROM (
    SELECT
      j.source,
      j.stage,
      j.annotator_id,
      j.aspect,
      s.aspect AS source_aspect,
      any_value(j.preference) AS preference,
      sign(
        sum(
          CASE
            WHEN s.outcome = 'chosen' THEN
              CAST(s.chosen[list_position(s.response_ids, j.one)] AS INTEGER)
              - CAST(s.chosen[list_position(s.response_ids, j.other)] AS INTEGER)
            WHEN s.outcome IS NULL THEN
              sign(
                s.scores[list_position(s.response_ids, j.one)]
                - s.scores[list_position(s.response_ids, j.other)]
              )
          END
        )
      ) AS label
    FROM (
      -- 1 for the response that comes first by name, -1 for the other, 0 for neither.
      SELECT
        source,
        stage,
        annotator_id,
        aspect,
        prompt_id,
        one,
        other,
        CASE WHEN min(vote) = max(vote) THEN min(vote) ELSE 0 END AS preference
      FROM (
        SELECT
          source,
          stage,
          annotator_id,
          aspect,
          prompt_id,
          list_min(response_ids) AS one,
          list_max(response_ids) AS other,
          CASE
            WHEN outcome = 'tie' THEN 0
            WHEN chosen[1] = (response_ids[1] < response_ids[2]) THEN 1
            ELSE -1
          END AS vote
        FROM judgments
        WHERE
          stage IS NOT NULL
          AND protocol = 'pairwise'
          AND len(response_ids) = 2
          AND outcome IN ('chosen', 'tie')
      )
      GROUP BY source, stage, annotator_id, aspect, prompt_id, one, other
    ) AS j
    JOIN (
      SELECT source, prompt_id, aspect, outcome, response_ids, chosen, scores
      FROM judgments
      WHERE stage IS NULL
    ) AS s ON s.source = j.source AND s.prompt_id = j.prompt_id
    GROUP BY
      j.source, j.stage, j.annotator_id, j.aspect, j.prompt_id, j.one, j.other, s.aspect
  )
  GROUP BY source, stage, annotator_id, aspect, source_aspect
) AS t
-- What people answered to tasks has a step too; how far they agree says agreement_summary.
JOIN annotators AS a
  ON a.source = t.source AND a.annotator_id = t.annotator_id AND a.kind <> 'human'
