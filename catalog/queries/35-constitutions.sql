-- Which few principles explain the choices of each group, and do they hold?
--
-- One row per source, step and group. `accuracy` is on prompts that had no part in the choice of
-- principles; half is what a coin has. A group of which nothing holds has no principles, and `why`
-- says so.
SELECT *
FROM constitution_summary
ORDER BY source, stage, group_by <> 'all', group_by, group_value
