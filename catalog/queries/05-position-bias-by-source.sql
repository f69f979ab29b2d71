-- Is a response chosen for the place in which it was shown?
--
-- Only judgments whose order on the screen is known. `rate` against `expected`: without bias (and
-- with an order by chance) they are equal. A source that never mixed its letters, or that made the
-- letters mean something, shows a difference that is no bias of the annotators.
SELECT
  source,
  n_shown,
  chr(65 + position) AS letter,
  count(*) AS shown,
  coalesce(sum(1.0 / n_chosen) FILTER (is_chosen), 0) / count(*) AS rate,
  1.0 / n_shown AS expected
FROM judgments_flat
WHERE stage IS NULL AND is_order_known AND outcome = 'chosen' AND n_shown > 1
GROUP BY source, n_shown, position
ORDER BY source, n_shown, position
