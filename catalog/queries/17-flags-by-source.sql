-- What is known to be wrong or special, and how much of each source does it touch?
--
-- `share` is of the rows of the flag's subject; `example_id` is one of them, `example_reason` what
-- was found there. A flag drops nothing: a recipe decides which ones leave a pair out.
SELECT source, subject, flag, stage, rows, share, example_id, example_reason
FROM flag_summary
ORDER BY source, share DESC, subject, flag, stage
