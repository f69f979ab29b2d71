-- Do annotators choose by what they say matters to them?
--
-- `stated` is the slider of the survey, `in_choices` the mean of what the same person said, after
-- each conversation, about what drove their choices (the ratings of the group `choice`).
-- `correlation` is over annotators: near 0 means that the survey does not foretell the choices.
SELECT
  s.source,
  s.name,
  count(*) AS annotators,
  avg(s.value) AS mean_stated,
  avg(b.value) AS mean_in_choices,
  CASE WHEN count(*) > 2 THEN corr(s.value, b.value) END AS correlation
FROM (
  SELECT source, annotator_id, p.name, p.value
  FROM (SELECT source, annotator_id, unnest(stated_preferences) AS p FROM annotators)
  WHERE p.value IS NOT NULL
) AS s
JOIN (
  SELECT source, annotator_id, r.name AS name, avg(r.value) AS value
  FROM (SELECT source, annotator_id, unnest(ratings) AS r FROM conversations)
  WHERE r."group" = 'choice' AND r.value IS NOT NULL
  GROUP BY source, annotator_id, r.name
) AS b ON b.source = s.source AND b.annotator_id = s.annotator_id AND b.name = s.name
GROUP BY s.source, s.name
ORDER BY s.source, s.name
