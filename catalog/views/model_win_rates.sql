-- One row per model, source and aspect: how often it was shown, won, and would win by chance.
--
-- A judgment hands out one win: whole to the chosen response, in equal parts when several are
-- chosen, and 1/k to each of the k responses by chance. `basis` is `choice` where the annotator
-- chose, and `score` where they only rated: there the best score wins. Ties, both bad and
-- unanswered judgments are not counted, and neither is what judges of recipes said.
SELECT
  model,
  source,
  aspect,
  basis,
  count(*) AS shown,
  count(*) FILTER (is_best) AS chosen,
  coalesce(sum(1.0 / n_best) FILTER (is_best), 0) AS wins,
  sum(1.0 / n_shown) AS expected,
  coalesce(sum(1.0 / n_best) FILTER (is_best), 0) / count(*) AS win_rate,
  sum(1.0 / n_shown) / count(*) AS expected_rate,
  coalesce(sum(1.0 / n_best) FILTER (is_best), 0) / sum(1.0 / n_shown) AS lift
FROM (
  SELECT
    r.model,
    j.source,
    j.aspect,
    j.basis,
    j.best[i] AS is_best,
    len(j.best) AS n_shown,
    len(list_filter(j.best, lambda b: b)) AS n_best
  FROM (
    SELECT *, generate_subscripts(response_ids, 1) AS i
    FROM (
      SELECT
        source,
        aspect,
        response_ids,
        CASE WHEN outcome = 'chosen' THEN 'choice' ELSE 'score' END AS basis,
        CASE
          WHEN outcome = 'chosen' THEN chosen
          ELSE list_transform(scores, lambda s: coalesce(s = list_max(scores), false))
        END AS best
      FROM judgments
      WHERE
        stage IS NULL
        AND len(response_ids) > 1
        AND (outcome = 'chosen' OR (outcome IS NULL AND list_max(scores) IS NOT NULL))
    )
  ) AS j
  JOIN responses AS r ON r.source = j.source AND r.response_id = j.response_ids[i]
  WHERE r.model IS NOT NULL
)
GROUP BY model, source, aspect, basis
