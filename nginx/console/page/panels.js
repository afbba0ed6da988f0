// The dashboards. A panel whose figures the stage does not have is not shown, so that each stage has
// its own. `$w` is the window that a rate looks back.
export const SECTIONS = [
  {
    title: "Site",
    panels: [
      { title: "Requests", unit: "/s", lines: [
        { q: "sum(rate(cloudfront_requests_total[$w]))", name: "CloudFront" },
        { q: "sum(rate(alb_requests_total[$w]))", name: "ALB" },
        { q: "sum(rate(tenfold_requests_total[$w]))", name: "instances" } ] },
      { title: "Failed", unit: "%", lines: [
        { q: "100 * sum(rate(alb_elb_responses_total{code=~'5..'}[$w])) / sum(rate(alb_requests_total[$w]))", name: "ALB's own" },
        { q: "100 * (sum(rate(tenfold_requests_total{status=~'5..'}[$w])) or vector(0)) / sum(rate(tenfold_requests_total[$w]))", name: "instances" } ] },
      { title: "Time to answer, as the ALB sees it", unit: "ms", lines: [
        { q: "1000 * histogram_quantile(0.5, sum(rate(alb_target_response_seconds_bucket[$w])) by (le))", name: "p50" },
        { q: "1000 * histogram_quantile(0.95, sum(rate(alb_target_response_seconds_bucket[$w])) by (le))", name: "p95" },
        { q: "1000 * histogram_quantile(0.99, sum(rate(alb_target_response_seconds_bucket[$w])) by (le))", name: "p99" } ] },
      { title: "Time to answer, by the app", unit: "ms", unless: "alb_targets", lines: [
        { q: "1000 * histogram_quantile(0.5, sum(rate(tenfold_request_seconds_bucket[$w])) by (le))", name: "p50" },
        { q: "1000 * histogram_quantile(0.95, sum(rate(tenfold_request_seconds_bucket[$w])) by (le))", name: "p95" },
        { q: "1000 * histogram_quantile(0.99, sum(rate(tenfold_request_seconds_bucket[$w])) by (le))", name: "p99" } ] },
      { title: "From outside: is it up", unit: "", max: 1, lines: [ { q: "probe_success", by: "page" } ] },
    ],
  },
  {
    title: "Instances",
    panels: [
      { title: "CPU of the web instances", unit: "%", max: 100, lines: [
        { q: "100 * rate(tenfold_host_cpu_seconds_total{role='web'}[$w]) / tenfold_host_cpu_limit", by: "instance" } ] },
      { title: "Memory of the web instances", unit: "%", max: 100, lines: [
        { q: "100 * tenfold_host_memory_bytes{role='web'} / tenfold_host_memory_limit_bytes", by: "instance" } ] },
      { title: "Targets of the ALB", unit: "", whole: true, lines: [ { q: "max(alb_targets) by (state) > 0", by: "state" } ] },
      { title: "Auto Scaling", unit: "", whole: true, lines: [
        { q: "tenfold_asg_desired", name: "desired" }, { q: "tenfold_asg_in_service", name: "in service" } ] },
      { title: "Requests by instance", unit: "/s", lines: [
        { q: "sum(rate(tenfold_requests_total[$w])) by (instance)", by: "instance" } ] },
      { title: "Share of a request spent with the database", unit: "%", max: 100, lines: [
        { q: "100 * sum(rate(tenfold_request_database_seconds_sum[$w])) / sum(rate(tenfold_request_seconds_sum[$w]))", name: "database" } ] },
    ],
  },
  {
    title: "Database",
    panels: [
      { title: "CPU", unit: "%", max: 100, lines: [
        { q: "100 * rate(tenfold_host_cpu_seconds_total{role=~'rds.*'}[$w]) / tenfold_host_cpu_limit", by: "instance" } ] },
      { title: "Slowest queries, on average", unit: "ms", words: true, lines: [
        { q: "topk_max(4, 1000 * sum(rate(tenfold_rds_query_seconds_total[$w])) by (query) / (sum(rate(tenfold_rds_query_calls_total[$w])) by (query) > 0.1))", by: "query" } ] },
      { title: "Rows read because no index leads to them", unit: "/s", lines: [
        { q: "topk_max(4, sum(rate(tenfold_rds_scanned_rows_total[$w])) by (table))", by: "table" } ] },
      { title: "Connections", unit: "", whole: true, lines: [ { q: "tenfold_rds_connections", by: "instance" } ] },
      { title: "Behind the primary", unit: "KiB", lines: [
        { q: "clamp_min((scalar(max(patroni_xlog_location and on (instance) patroni_primary == 1)) - (patroni_xlog_replayed_location and on (instance) patroni_replica == 1)) / 1024, 0)", by: "instance" } ] },
      { title: "Who is the primary", unit: "", max: 1, lines: [ { q: "patroni_primary", by: "instance" } ] },
      { title: "Disk", unit: "%", max: 100, lines: [
        { q: "100 * tenfold_host_disk_bytes / tenfold_host_disk_limit_bytes", by: "instance" } ] },
      { title: "Could be restored to, ago", unit: "s", lines: [ { q: "time() - tenfold_rds_restorable_seconds", by: "service" } ] },
    ],
  },
  {
    title: "Queue, workers, cache",
    panels: [
      { title: "Jobs", unit: "", whole: true, lines: [
        { q: "tenfold_sqs_messages{queue!~'.*-dlq',state='waiting'}", name: "waiting" },
        { q: "tenfold_sqs_messages{queue!~'.*-dlq',state='in_flight'}", name: "in work" } ] },
      { title: "Dead letters", unit: "", whole: true, lines: [ { q: "tenfold_sqs_messages{queue=~'.*-dlq',state='waiting'}", name: "given up" } ] },
      { title: "There has been a job waiting for", unit: "s", lines: [ { q: "tenfold_sqs_backlog_seconds{queue!~'.*-dlq'}", name: "backlog" } ] },
      { title: "CPU of workers and cache", unit: "%", max: 100, lines: [
        { q: "100 * rate(tenfold_host_cpu_seconds_total{role=~'worker|cache'}[$w]) / tenfold_host_cpu_limit", by: "instance" } ] },
      { title: "Memory of workers and cache", unit: "%", max: 100, lines: [
        { q: "100 * tenfold_host_memory_bytes{role=~'worker|cache'} / tenfold_host_memory_limit_bytes", by: "instance" } ] },
    ],
  },
];
