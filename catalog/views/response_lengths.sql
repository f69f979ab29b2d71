-- One row per response: how long it is, in characters, words and lines.
--
-- Words are what stands between white space; languages without spaces have few of them.
SELECT
  source,
  response_id,
  prompt_id,
  model,
  position,
  len(text) AS chars,
  len(
    list_filter(
      string_split(translate(text, chr(9) || chr(10) || chr(13), '   '), ' '), lambda w: w <> ''
    )
  ) AS words,
  CASE WHEN text = '' THEN 0 ELSE len(text) - len(replace(text, chr(10), '')) + 1 END AS lines,
  NOT regexp_matches(text, '\S') AS is_blank
FROM responses
