-- What RDS's Performance Insights tells CloudWatch, in Prometheus' format: connections, the queries
-- that cost most, and the rows that are read because no index leads to them. Asked on each node.
SET statement_timeout = '3s';
SELECT 'tenfold_rds_connections ' || count(*) FROM pg_stat_activity WHERE backend_type = 'client backend';
SELECT 'tenfold_rds_connections_limit ' || current_setting('max_connections');
SELECT 'tenfold_rds_oldest_transaction_seconds ' || coalesce(max(extract(epoch FROM now() - xact_start)), 0)::numeric(12, 1)
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();
SELECT 'tenfold_rds_waiting_for_locks ' || count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock';
-- The app's queries alone: each kind once, its first words as a person would recognise it. Nothing but
-- queries: of other statements the text is kept as it was sent, with a new password if that is what it set.
WITH costly AS (
  SELECT queryid, sum(total_exec_time) / 1000 AS seconds, sum(calls) AS calls,
    left(regexp_replace(min(query), '\s+', ' ', 'g'), 160) AS text
  FROM pg_stat_statements
  WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND userid <> 'postgres'::regrole AND queryid IS NOT NULL
    AND query ~* '^[\s(]*(select|insert|update|delete|merge|with)\M'
  GROUP BY queryid ORDER BY 2 DESC LIMIT 20),
named AS (
  SELECT seconds, calls, format('{queryid="%s",query="%s"}', queryid,
    replace(replace(text, '\', '\\'), '"', '\"')) AS labels FROM costly)
SELECT 'tenfold_rds_query_seconds_total' || labels || ' ' || seconds::numeric(20, 4) FROM named
UNION ALL
SELECT 'tenfold_rds_query_calls_total' || labels || ' ' || calls FROM named;
SELECT format('tenfold_rds_scanned_rows_total{table="%s"} %s', relname, seq_tup_read)
  FROM pg_stat_user_tables WHERE n_live_tup > 1000 AND schemaname = 'public';
SELECT format('tenfold_rds_table_rows{table="%s"} %s', relname, n_live_tup)
  FROM pg_stat_user_tables WHERE n_live_tup > 1000 AND schemaname = 'public';
