-- One row per source, subject, step, method, measure and source of the neighbor: rows alike.
--
-- A row of a cluster is counted once, under the source of the row that is most like it;
-- `spare_rows` are those that do not stand for their cluster.
SELECT
  source,
  subject,
  stage,
  method,
  measure,
  neighbor_source,
  count(*) AS rows,
  count(*) FILTER (id <> representative_id) AS spare_rows,
  count(DISTINCT cluster_id) AS clusters,
  max(cluster_size) AS largest_cluster,
  avg(similarity) AS mean_similarity,
  min(similarity) AS least_similarity
FROM neighbors
GROUP BY source, subject, stage, method, measure, neighbor_source
