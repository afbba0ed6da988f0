#!/bin/sh
# One RDS instance: its PostgreSQL, and what RDS does for it on the same host: log and base backups
# to the backup bucket, figures for CloudWatch. With RDS_RESTORE_TO it is made from a backup.
set -eu
secret=/run/secrets/tenfold-s3
export PGBACKREST_CONFIG=/run/rds/pgbackrest.conf PGBACKREST_STANZA=tenfold
rm -rf /run/rds
install -d -o postgres -g postgres -m 700 /run/rds
install -d -o postgres -g postgres /var/lib/postgresql /run/postgresql
umask 077

# pgBackRest speaks to S3 by TLS alone, and MinIO does not speak it: HAProxy stands between them, on
# this host's loopback, with a certificate of its own that nobody else is to believe.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=s3 \
  -keyout /run/rds/key.pem -out /run/rds/cert.pem 2> /dev/null
cat /run/rds/cert.pem /run/rds/key.pem > /run/rds/s3.pem
{
  cat /etc/tenfold/pgbackrest.conf
  jq -r '"repo1-s3-key=\(.access_key)\nrepo1-s3-key-secret=\(.secret_key)"' "$secret"
  echo "[tenfold]"
  echo "pg1-path=/var/lib/postgresql/data"
  echo "pg1-socket-path=/run/postgresql"
  echo "pg1-user=postgres"
} > "$PGBACKREST_CONFIG"
# For the one request that pgBackRest does not make: that there is a bucket.
jq -r '"user = \"\(.access_key):\(.secret_key)\""' "$secret" > /run/rds/curl.conf
chown postgres:postgres /run/rds/*
umask 022

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
