-- How many judgments have no single winner?
--
-- Shares of all judgments of an aspect. `tie` and `both_bad` are two different answers.
-- `several_chosen` have more than one winner; `shared_top_score` are rating-only judgments whose
-- best rating is given twice. All of these need a rule before they become training pairs.
SELECT
  source,
  aspect,
  protocol,
  count(*) AS judgments,
  avg(CAST(coalesce(outcome = 'tie', false) AS INTEGER)) AS tie,
  avg(CAST(coalesce(outcome = 'both_bad', false) AS INTEGER)) AS both_bad,
  avg(CAST(coalesce(outcome = 'not_given', false) AS INTEGER)) AS not_given,
  avg(CAST(coalesce(len(list_filter(chosen, lambda c: c)) > 1, false) AS INTEGER))
    AS several_chosen,
  avg(
    CAST(
      outcome IS NULL
      AND coalesce(len(list_filter(scores, lambda s: s = list_max(scores))) > 1, false) AS INTEGER
    )
  ) AS shared_top_score
FROM judgments
WHERE stage IS NULL
GROUP BY source, aspect, protocol
ORDER BY source, aspect, protocol
