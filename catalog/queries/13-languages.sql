-- In which languages are the prompts?
--
-- The language is what the source assigns; null is a source that does not tell. `share` is of the
-- prompts of the source.
SELECT
  source,
  language,
  count(*) AS prompts,
  count(*) / sum(count(*)) OVER (PARTITION BY source) AS share,
  count(DISTINCT content_hash) AS different_prompts
FROM prompts
GROUP BY source, language
ORDER BY source, prompts DESC, language
