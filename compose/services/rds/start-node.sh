#!/bin/sh
# Starts as root to read the secret and to give a new volume to postgres, then drops to postgres.
set -eu
secret=/run/secrets/tenfold-rds
conf=/run/patroni/conf.d
umask 077
install -d -o postgres -g postgres /var/lib/postgresql /run/postgresql
install -d -o postgres -g postgres -m 700 /run/patroni "$conf"
prepare-backups
sed -e "s/@NAME@/${RDS_NAME:?}/g" -e "s/@ADDRESS@/$(hostname -i | cut -d' ' -f1)/g" \
    -e "s/@DCS@/${RDS_DCS:?}/g" -e "s/@PGVERSION@/${PGVERSION}/g" \
    -e "s/__NOLOADBALANCE__/${RDS_NOLOADBALANCE:-true}/g" \
    -e "s/__NOFAILOVER__/${RDS_NOFAILOVER:-false}/g" \
    -e "s/__NOSYNC__/${RDS_NOSYNC:-false}/g" \
    /etc/patroni.template.yaml > "$conf/10-node.yaml"
# Passwords go through jq alone: whatever characters they have, they stay data. JSON is YAML.
jq '{postgresql: {authentication: {
      superuser: {username: "postgres", password: .superuser_password},
      replication: {username: "replicator", password: .replication_password},
      rewind: {username: "rewind", password: .rewind_password}}}}' "$secret" > "$conf/20-secret.yaml"
jq -r '@sh "APP_USER=\(.username) APP_PASSWORD=\(.password)"' "$secret" > /run/patroni/app.env
chown postgres:postgres "$conf"/*.yaml /run/patroni/app.env
umask 022
export PGBACKREST_CONFIG=/run/rds/pgbackrest.conf PGBACKREST_STANZA=tenfold
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
keep() { # what runs beside the database, brought back as RDS's host manager does; no child of Patroni
  ( while :; do as_postgres "$@" || true; sleep 1; done & )
}
# On every node: whichever leads has the log to ship, and the base backups to make.
keep haproxy -q -db -f /etc/tenfold/s3-tls.cfg
keep ship-backups
# Figures for CloudWatch.
install -d -o postgres -g postgres /run/insights
keep insights /run/insights/figures
keep env AGENT_MORE="/run/insights/figures /run/rds/figures" cloudwatch-agent
exec setpriv --reuid=postgres --regid=postgres --init-groups patroni "$conf"
