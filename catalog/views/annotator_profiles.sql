-- One row per annotator: demographics in the source's words, and how much they said.
--
-- `stage` is the step that a judge of a recipe belongs to; null for annotators of the source.
SELECT
  a.source,
  a.annotator_id,
  a.kind,
  a.pool,
  a.model,
  a.country,
  a.birth_country,
  a.age_band,
  a.gender,
  a.education,
  a.employment,
  a.religion,
  a.ethnicity,
  a.politics,
  a.languages,
  a.proficiency,
  a.stated_preferences,
  coalesce(j.n_judgments, 0) AS n_judgments,
  coalesce(j.n_prompts, 0) AS n_prompts,
  coalesce(j.n_ties, 0) AS n_ties,
  coalesce(j.n_comments, 0) AS n_comments,
  coalesce(c.n_conversations, 0) AS n_conversations,
  j.first_judged_at,
  j.last_judged_at,
  a.stage
FROM annotators AS a
LEFT JOIN (
  SELECT
    source,
    annotator_id,
    count(*) AS n_judgments,
    count(DISTINCT prompt_id) AS n_prompts,
    count(*) FILTER (outcome = 'tie') AS n_ties,
    count(*) FILTER (comment <> '') AS n_comments,
    min(judged_at) AS first_judged_at,
    max(judged_at) AS last_judged_at
  FROM judgments
  GROUP BY source, annotator_id
) AS j ON j.source = a.source AND j.annotator_id = a.annotator_id
LEFT JOIN (
  SELECT source, annotator_id, count(*) AS n_conversations
  FROM conversations
  GROUP BY source, annotator_id
) AS c ON c.source = a.source AND c.annotator_id = a.annotator_id
