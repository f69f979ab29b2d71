-- Who disagrees with the other annotators, and what do they lean to?
--
-- One row per annotator who shares comparisons with others, those furthest below the mean of their
-- kind first. `is_below` says that the 95 % interval of the agreement lies below that mean. Read
-- their comments before you leave anybody out: a minority is not a mistake, and an interval over few
-- `shared` votes is wide.
SELECT
  source,
  stage,
  annotator_id,
  kind,
  pool,
  country,
  aspect,
  judgments,
  shared,
  agreement,
  agreement_low,
  agreement_high,
  expected,
  agreement_high < expected AS is_below,
  reliability,
  ties,
  prefers_first,
  prefers_longer
FROM annotator_summary
WHERE agreement IS NOT NULL
ORDER BY source, stage, aspect, agreement - expected, annotator_id
