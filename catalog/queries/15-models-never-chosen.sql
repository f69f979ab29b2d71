-- Which models were never chosen?
--
-- `probability` is how likely that is if annotators chose blindly; a small one says that the model
-- is weak or that its rows are broken, a large one only that it was shown seldom.
SELECT
  source,
  model,
  aspect,
  basis,
  shown,
  expected,
  (1 - expected_rate) ** shown AS probability
FROM model_win_rates
WHERE chosen = 0
ORDER BY expected DESC, source, model, aspect
