-- What can the gate see: which spoilt rationales does it reject, and which pass?
--
-- Run `prefdata run rationales` first. One row per source, kind and control for the gate as a whole;
-- `missed` is the share of spoilt rationales that pass. For `clean`, which is what was written,
-- `rejected` should be low. `is_met` is null where nothing is required: only a judge could see it.
SELECT
  source,
  kind,
  control,
  n AS rationales,
  n_rejected / n AS rejected,
  low,
  high,
  CASE WHEN control <> 'clean' THEN 1 - n_rejected / n END AS missed,
  required,
  is_met
FROM gate_power
WHERE check_name = 'any'
ORDER BY source, kind, control = 'clean' DESC, rejected, control
