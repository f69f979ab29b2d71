-- One row per source, step, aspect, group and whose judgments: the coefficients side by side.
--
-- `alpha` is Krippendorff's on three answers (a, b, a tie), `ordinal` on how strongly as well; 1 is
-- full agreement and 0 what chance gives. `cohen` among people is a mean over all two who share
-- enough, and `fleiss` is null where comparisons differ in their number of judgments. `raw` is the
-- share of pairs of judgments that say the same. `low` and `high` end the 95 % interval of `alpha`,
-- or of `cohen` for people against models.
SELECT
  source,
  stage,
  aspect,
  among,
  group_by,
  group_value,
  any_value(n_comparisons) AS comparisons,
  any_value(n_judgments) AS judgments,
  any_value(n_annotators) AS annotators,
  max(value) FILTER (coefficient = 'krippendorff-nominal') AS alpha,
  max(value) FILTER (coefficient = 'krippendorff-ordinal') AS ordinal,
  max(value) FILTER (coefficient = 'fleiss') AS fleiss,
  max(value) FILTER (coefficient = 'cohen') AS cohen,
  max(value) FILTER (coefficient = 'raw') AS raw,
  max(low) FILTER (
    coefficient = CASE among WHEN 'human-ai' THEN 'cohen' ELSE 'krippendorff-nominal' END
  ) AS low,
  max(high) FILTER (
    coefficient = CASE among WHEN 'human-ai' THEN 'cohen' ELSE 'krippendorff-nominal' END
  ) AS high
FROM agreements
GROUP BY source, stage, aspect, among, group_by, group_value
