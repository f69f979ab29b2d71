-- Which prompts occur in more than one source?
--
-- Prompts are compared by their messages without regard to case and white space; `is_exact` says
-- that they are equal to the letter (one `content_hash`). Judgments on them can be compared
-- between sources; and a split must keep them on one side.
SELECT
  list_sort(list(DISTINCT source)) AS sources,
  count(*) AS prompts,
  count(DISTINCT content_hash) = 1 AS is_exact,
  min(prompt_id) AS example_id,
  left(arg_min(messages, prompt_id)[-1].content, 120) AS last_message
FROM prompts
GROUP BY
  md5(
    lower(
      regexp_replace(
        array_to_string(
          list_transform(messages, lambda m: m.role || ': ' || trim(m.content)), chr(10)
        ),
        '\s+',
        ' ',
        'g'
      )
    )
  )
HAVING count(DISTINCT source) > 1
ORDER BY prompts DESC, example_id
