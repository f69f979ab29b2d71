-- One row per prompt and candidate set that somebody judged: how far its annotators agree.
--
-- Prompts and candidates are pooled by their words, so a set shown again in another order counts
-- with the first; people and models are pooled apart (`annotator_kind`). Each annotator has one
-- vote per set, spread over what they said when they answered several times. An anonymous group
-- is one annotator. What judges of recipes said is not counted.
--   n_annotators        how many judged the set; with one, `agreement` is null
--   modal_share         share of the votes on the most common choice
--   entropy_bits        0 when all agree; grows with the number of choices and their balance
--   agreement           probability that two different annotators chose the same (Fleiss' P_i)
--   chance_agreement    the same, if everybody picked one of the candidates blindly: 1/k
SELECT
  source,
  prompt_hash,
  candidates,
  aspect,
  annotator_kind,
  min(prompt_id) AS prompt_id,
  max(n_candidates) AS n_candidates,
  CAST(sum(n_judgments) AS BIGINT) AS n_judgments,
  CAST(round(sum(weight)) AS BIGINT) AS n_annotators,
  count(*) AS n_choices,
  max(weight) / sum(weight) AS modal_share,
  log2(sum(weight)) - sum(weight * log2(weight)) / sum(weight) AS entropy_bits,
  CASE
    WHEN round(sum(weight)) > 1
    THEN (sum(weight * weight) - sum(squares)) / (sum(weight) * (sum(weight) - 1))
  END AS agreement,
  1.0 / max(n_candidates) AS chance_agreement
FROM (
  -- Per choice: the weight of its votes, and the part of weight² that annotators make alone.
  SELECT
    source,
    prompt_hash,
    candidates,
    aspect,
    annotator_kind,
    choice,
    min(prompt_id) AS prompt_id,
    max(n_candidates) AS n_candidates,
    sum(n) AS n_judgments,
    sum(n / n_of_annotator) AS weight,
    sum((n / n_of_annotator) ** 2) AS squares
  FROM (
    SELECT
      c.source,
      c.prompt_hash,
      c.candidates,
      c.aspect,
      a.kind AS annotator_kind,
      c.choice,
      min(c.prompt_id) AS prompt_id,
      max(c.n_candidates) AS n_candidates,
      count(*) AS n,
      sum(count(*)) OVER (
        PARTITION BY c.source, c.prompt_hash, c.candidates, c.aspect, a.kind, c.annotator_id
      ) AS n_of_annotator
    FROM choices_by_text AS c
    LEFT JOIN annotators AS a ON a.source = c.source AND a.annotator_id = c.annotator_id
    WHERE c.stage IS NULL
    GROUP BY
      c.source, c.prompt_hash, c.candidates, c.aspect, a.kind, c.annotator_id, c.choice
  )
  GROUP BY source, prompt_hash, candidates, aspect, annotator_kind, choice
)
GROUP BY source, prompt_hash, candidates, aspect, annotator_kind
