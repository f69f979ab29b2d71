-- One row per source, step, rule and aspect of pairs: how many, their margins, their length bias.
--
-- Margins are averaged within one unit only. `chosen_longer` is the share of pairs whose chosen
-- response has more characters, equal lengths left out: 0.5 is no bias.
SELECT
  p.source,
  p.stage,
  p.rule,
  p.aspect,
  p.margin_unit,
  count(*) AS pairs,
  count(DISTINCT p.prompt_id) AS prompts,
  count(p.margin) AS pairs_with_margin,
  avg(p.margin) AS mean_margin,
  median(p.margin) AS median_margin,
  avg(c.chars) AS mean_chosen_chars,
  avg(r.chars) AS mean_rejected_chars,
  avg(c.chars - r.chars) AS mean_length_difference,
  avg(CASE WHEN c.chars <> r.chars THEN CAST(c.chars > r.chars AS INTEGER) END) AS chosen_longer
FROM pairs AS p
LEFT JOIN response_lengths AS c ON c.source = p.source AND c.response_id = p.chosen_id
LEFT JOIN response_lengths AS r ON r.source = p.source AND r.response_id = p.rejected_id
GROUP BY p.source, p.stage, p.rule, p.aspect, p.margin_unit
