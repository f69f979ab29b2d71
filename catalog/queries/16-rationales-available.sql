-- Where did annotators say why?
--
-- Shares of judgments with a comment on the comparison, with a comment on at least one response,
-- and with reasons ticked from a list. `median_chars` is the length of comments that are there.
SELECT
  source,
  aspect,
  count(*) AS judgments,
  avg(CAST(coalesce(trim("comment") <> '', false) AS INTEGER)) AS with_comment,
  avg(
    CAST(
      coalesce(len(list_filter(comments, lambda c: c IS NOT NULL AND trim(c) <> '')) > 0, false)
      AS INTEGER
    )
  ) AS with_response_comments,
  avg(CAST(coalesce(len(reasons) > 0, false) AS INTEGER)) AS with_reasons,
  median(len("comment")) FILTER (trim("comment") <> '') AS median_chars
FROM judgments
WHERE stage IS NULL
GROUP BY source, aspect
ORDER BY source, aspect
