-- On which topics, or in which kinds of conversation, do annotators disagree most?
--
-- Only prompts that two or more annotators judged with the same candidates count. `agreement` is
-- the chance that two of them chose the same; compare it with `chance_agreement`. `split` is the
-- share of prompts without a unanimous choice. Small `prompts` make all of it noise.
SELECT
  a.source,
  a.annotator_kind,
  coalesce(c.topic, p.topic) AS topic,
  c.kind AS conversation_kind,
  count(*) AS prompts,
  avg(a.n_annotators) AS annotators_per_prompt,
  avg(a.agreement) AS agreement,
  avg(a.chance_agreement) AS chance_agreement,
  avg(CAST(a.n_choices > 1 AS INTEGER)) AS split,
  avg(a.entropy_bits) AS entropy_bits
FROM agreement_by_prompt AS a
JOIN prompts AS p ON p.source = a.source AND p.prompt_id = a.prompt_id
LEFT JOIN conversations AS c ON c.source = p.source AND c.conversation_id = p.conversation_id
WHERE a.n_annotators > 1
GROUP BY a.source, a.annotator_kind, coalesce(c.topic, p.topic), c.kind
ORDER BY a.source, agreement, topic, conversation_kind
