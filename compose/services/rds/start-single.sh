#!/bin/sh
# One RDS instance: its PostgreSQL, and what RDS does for it on the same host: log and base backups
# to the backup bucket, figures for CloudWatch. With RDS_RESTORE_TO it is made from a backup.
set -eu
export PGBACKREST_CONFIG=/run/rds/pgbackrest.conf PGBACKREST_STANZA=tenfold
prepare-backups
install -d -o postgres -g postgres /var/lib/postgresql /run/postgresql

as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
keep() { # what runs beside the database, brought back as RDS's host manager does
  # No child of this process, which becomes the postmaster: that one takes a stranger's end for a crash.
  ( while :; do as_postgres "$@" || true; sleep 1; done & )
}
keep haproxy -q -db -f /etc/tenfold/s3-tls.cfg
install -d -o postgres -g postgres /run/insights
keep insights /run/insights/figures
keep env AGENT_MORE="/run/rds/figures /run/insights/figures" cloudwatch-agent

if [ -n "${RDS_RESTORE_TO:-}" ]; then
  # Its own log stays its own: two instances must not write into one archive.
  # pgBackRest writes this file last.
  [ -s /var/lib/postgresql/data/global/pg_control ] || as_postgres restore-database "$RDS_RESTORE_TO"
  exec start-postgres "$@"
fi
keep ship-backups
exec start-postgres -c archive_mode=on -c "archive_command=pgbackrest archive-push %p" "$@"
