-- How does each annotator use the rating scale?
--
-- `mean` and `spread` (standard deviation) are on 0..1 of the scale, so sources can be compared.
-- `extremes` is the share of values at either end. People with a narrow range or many extremes
-- are why values of different annotators should be compared by rank or z-score, not as they are.
SELECT
  source,
  annotator_id,
  aspect,
  count(*) AS ratings,
  min(score) AS lowest,
  max(score) AS highest,
  avg(normalized) AS mean,
  stddev_samp(normalized) AS spread,
  avg(CAST(score IN (scale_min, scale_max) AS INTEGER)) AS extremes,
  count(DISTINCT score) AS values_used
FROM ratings_flat
GROUP BY source, annotator_id, aspect
ORDER BY ratings DESC, source, annotator_id, aspect
