-- One row per judgment and response shown: whether it was chosen, its score, rank and model.
--
-- `position` is 0-based within `response_ids`; it is the order on the screen only where
-- `is_order_known`. `n_chosen` is null where nobody was asked to choose. `stage` is the step whose
-- judge said it; `stage IS NULL` are the judgments of the source.
SELECT
  j.source,
  j.judgment_id,
  j.prompt_id,
  j.annotator_id,
  j.aspect,
  j.protocol,
  j.outcome,
  j.response_id,
  r.model,
  j.position,
  j.is_order_known,
  j.n_shown,
  j.is_chosen,
  j.n_chosen,
  j.score,
  j.top_score,
  j.rank,
  j.raw_value,
  j.scale_min,
  j.scale_max,
  j.strength,
  j.confidence,
  j.response_comment,
  j.stage
FROM (
  -- Elements are taken by index, so that a query reads only the lists it asks for.
  SELECT
    *,
    response_ids[i] AS response_id,
    CAST(i - 1 AS INTEGER) AS position,
    CAST(len(response_ids) AS INTEGER) AS n_shown,
    chosen[i] AS is_chosen,
    CAST(len(list_filter(chosen, lambda c: c)) AS INTEGER) AS n_chosen,
    scores[i] AS score,
    list_max(scores) AS top_score,
    ranks[i] AS rank,
    raw_values[i] AS raw_value,
    comments[i] AS response_comment
  FROM (SELECT *, generate_subscripts(response_ids, 1) AS i FROM judgments)
) AS j
LEFT JOIN responses AS r ON r.source = j.source AND r.response_id = j.response_id
