-- One row per judgment with an outcome: the words it chose among and the words it chose.
--
-- Candidates are named by content, so the same set in another order is the same `candidates`, and
-- equal words chosen twice are one choice. `choice` is the digest of the chosen words (several
-- joined by `+`), or `tie` or `both_bad`. Unanswered and rating-only judgments are not here.
-- `stage` is the step whose judge chose; null for judgments of the source.
SELECT
  j.source,
  j.judgment_id,
  j.prompt_id,
  j.annotator_id,
  j.aspect,
  p.content_hash AS prompt_hash,
  md5(array_to_string(j.texts, '+')) AS candidates,
  CAST(len(j.texts) AS INTEGER) AS n_candidates,
  CASE j.outcome WHEN 'chosen' THEN array_to_string(j.chosen_texts, '+') ELSE j.outcome END AS choice,
  j.stage
FROM (
  SELECT
    f.source,
    f.judgment_id,
    f.prompt_id,
    f.annotator_id,
    f.aspect,
    f.outcome,
    f.stage,
    -- A response that is not there keeps its id, so that its set stays its own.
    list_sort(list_distinct(list(coalesce(r.content_hash, f.response_id)))) AS texts,
    list_sort(list_distinct(list(coalesce(r.content_hash, f.response_id)) FILTER (f.is_chosen)))
      AS chosen_texts
  FROM (
    SELECT *, response_ids[i] AS response_id, chosen[i] AS is_chosen
    FROM (
      SELECT
        source,
        judgment_id,
        prompt_id,
        annotator_id,
        aspect,
        outcome,
        stage,
        response_ids,
        chosen,
        generate_subscripts(response_ids, 1) AS i
      FROM judgments
      WHERE outcome IN ('chosen', 'tie', 'both_bad')
    )
  ) AS f
  LEFT JOIN responses AS r ON r.source = f.source AND r.response_id = f.response_id
  GROUP BY f.source, f.judgment_id, f.prompt_id, f.annotator_id, f.aspect, f.outcome, f.stage
) AS j
LEFT JOIN prompts AS p ON p.source = j.source AND p.prompt_id = j.prompt_id
