-- Who are the annotators, and how much of the data is theirs?
--
-- Groups of fewer than 10 people are hidden: their numbers are null. Do not publish totals beside
-- a single hidden group of the same field, because the difference would reveal it. A null `value`
-- is a person who was not asked or declined.
SELECT
  source,
  field,
  value,
  CASE WHEN n >= 10 THEN n END AS annotators,
  CASE WHEN n >= 10 THEN n / total END AS share_of_annotators,
  CASE WHEN n >= 10 THEN judgments END AS judgments,
  CASE WHEN n >= 10 THEN judgments / nullif(all_judgments, 0) END AS share_of_judgments
FROM (
  SELECT
    source,
    d.field AS field,
    d.value AS value,
    count(*) AS n,
    CAST(sum(n_judgments) AS BIGINT) AS judgments,
    sum(count(*)) OVER (PARTITION BY source, d.field) AS total,
    sum(sum(n_judgments)) OVER (PARTITION BY source, d.field) AS all_judgments
  FROM (
    SELECT
      source,
      n_judgments,
      unnest([
        {'field': 'country', 'value': country},
        {'field': 'age_band', 'value': age_band},
        {'field': 'gender', 'value': gender},
        {'field': 'education', 'value': education},
        {'field': 'ethnicity', 'value': ethnicity},
        {'field': 'religion', 'value': religion},
        {'field': 'politics', 'value': politics}
      ]) AS d
    FROM annotator_profiles
    WHERE kind = 'human'
  )
  GROUP BY source, d.field, d.value
)
ORDER BY source, field, annotators DESC NULLS LAST, value
