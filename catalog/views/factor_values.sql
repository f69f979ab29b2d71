-- One row per response, step and factor: the value of every factor that could be told.
--
-- Values are as the catalogue of factors measures them: counts, shares of words, yes (1) or no (0).
-- A factor that cannot be told of a response, such as one with a lexicon of another language, has
-- no row.
SELECT
  listed.response_id,
  listed.prompt_id,
  listed.source,
  listed.stage,
  p.name AS factor,
  p.theme,
  listed.value,
  listed.language,
  p.principle_id
FROM (
  SELECT
    response_id,
    prompt_id,
    source,
    stage,
    language,
    unnest("values") AS value,
    generate_subscripts("values", 1) - 1 AS position
  FROM factors
) AS listed
JOIN principles AS p
  ON p.source = listed.source AND p.stage = listed.stage AND p.position = listed.position
WHERE listed.value IS NOT NULL
