-- One row per source, gate step, kind, language and check: how many rationales failed it.
--
-- The check `any` is the whole gate, and `no-text` a rationale that was never written. `share` is
-- of those that were put to the check, with its 95 % interval (Wilson); a check of the judge is put
-- to those only that passed what came before. `abstained` counts those it could not tell of. What
-- was written anew counts too, and is of pairs that failed before.
SELECT
  source,
  stage,
  kind,
  language,
  check_name,
  n AS rationales,
  n_failed AS failed,
  n_abstained AS abstained,
  n_failed / n AS share,
  greatest(0, (share + z2 / (2 * n) - half) / (1 + z2 / n)) AS low,
  least(1, (share + z2 / (2 * n) + half) / (1 + z2 / n)) AS high,
  mean_value
FROM (
  SELECT
    *,
    3.841458820694124 AS z2,
    sqrt(z2 * (n_failed / n * (1 - n_failed / n) + z2 / (4 * n)) / n) AS half
  FROM (
    SELECT
      c.source,
      c.stage,
      g.kind,
      r.language,
      c.check_name,
      count(*) AS n,
      count(*) FILTER (WHERE list_contains(g.failed, c.check_name)) AS n_failed,
      count(*) FILTER (WHERE list_contains(g.abstained, c.check_name)) AS n_abstained,
      avg(c.value) AS mean_value
    FROM (
      SELECT source, stage, rationale_id, check_name, value FROM rationale_checks
      UNION ALL
      SELECT source, stage, rationale_id, unnest(['any', 'no-text']), NULL FROM rationale_gates
    ) AS c
    JOIN (
      SELECT
        source,
        stage,
        rationale_id,
        kind,
        abstained,
        CASE WHEN is_passed THEN failed ELSE list_append(failed, 'any') END AS failed
      FROM rationale_gates
    ) AS g ON g.source = c.source AND g.stage = c.stage AND g.rationale_id = c.rationale_id
    LEFT JOIN (
      SELECT source, rationale_id, language
      FROM rationales
      QUALIFY row_number() OVER (PARTITION BY source, rationale_id ORDER BY stage) = 1
    ) AS r ON r.source = c.source AND r.rationale_id = c.rationale_id
    GROUP BY c.source, c.stage, g.kind, r.language, c.check_name
  )
)
