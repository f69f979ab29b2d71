-- Do annotators choose the longer response?
--
-- `longest_chosen` is the share of judgments whose choice is the longest response shown;
-- `expected` is what blind choice gives. `length_ratio` is the median of characters of the choice
-- over the mean of the rest. Judgments in which all responses are equally long are left out.
SELECT
  source,
  aspect,
  count(*) AS judgments,
  avg(CAST(chosen_chars = longest AS INTEGER)) AS longest_chosen,
  avg(n_longest / n_shown) AS expected,
  avg(chosen_chars) AS mean_chosen_chars,
  avg(other_chars) AS mean_other_chars,
  median(chosen_chars / nullif(other_chars, 0)) AS length_ratio
FROM (
  SELECT
    j.source,
    j.aspect,
    j.judgment_id,
    max(j.n_shown) AS n_shown,
    max(l.chars) AS longest,
    min(l.chars) AS shortest,
    len(list_filter(list(l.chars), lambda c: c = list_max(list(l.chars)))) AS n_longest,
    max(l.chars) FILTER (j.is_chosen) AS chosen_chars,
    avg(l.chars) FILTER (NOT j.is_chosen) AS other_chars
  FROM judgments_flat AS j
  JOIN response_lengths AS l ON l.source = j.source AND l.response_id = j.response_id
  WHERE j.stage IS NULL AND j.outcome = 'chosen' AND j.n_chosen = 1 AND j.n_shown > 1
  GROUP BY j.source, j.aspect, j.judgment_id
)
WHERE longest > shortest
GROUP BY source, aspect
ORDER BY source, aspect
