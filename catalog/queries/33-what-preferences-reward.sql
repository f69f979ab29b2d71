-- What do preferences reward, and how sure is that?
--
-- One row per principle that survives the adjustment for many tests (q below .1) on all labels of
-- a source, the strongest first. `holds` is the end of the axis that is preferred. An effect whose
-- `log_odds_given_length` is near 0 is one of length. This describes; it does not say why.
SELECT
  source,
  stage,
  holds,
  name,
  theme,
  labels,
  relevance,
  accuracy,
  strength,
  strength_low,
  strength_high,
  log_odds_given_length,
  q,
  chosen
FROM principle_summary
WHERE group_by = 'all' AND status = 'measured' AND q < 0.1
ORDER BY source, stage, abs(strength) DESC, name, holds
