-- Which rows did not pass, and why?
--
-- One row per rule and field, most frequent first. `example_file` and `example_row` (from 0) say
-- where to look in the raw data. Rules with `share_of_raw_rows` near 1 mean that the upstream files
-- changed their form.
SELECT
  source,
  stage,
  subject,
  rule,
  field,
  rows,
  share_of_raw_rows,
  example_file,
  example_row,
  example_reason
FROM reject_summary
ORDER BY rows DESC, source, stage, rule, field
