#!/bin/sh
# A PostgreSQL that stands alone, on PGHOME/data; what is given goes on to the server. A new data
# directory gets what Patroni would give it: encoding, checksums, the replication and rewind roles.
# Starts as root to read the secret and to give a new volume to postgres, then drops to postgres.
set -eu
secret=/run/secrets/tenfold-rds
home=${PGHOME:-/var/lib/postgresql}
data=$home/data
bin=/usr/lib/postgresql/$PGVERSION/bin
as="setpriv --reuid=postgres --regid=postgres --init-groups"
install -d -o postgres -g postgres "$home" /run/postgresql

# One start after a restored copy was put beside the data (`make restore`): it takes its place.
if [ -d "$home/restored" ]; then
  if [ -d "$data" ]; then
    rm -rf "$home/replaced"
    mv "$data" "$home/replaced"
  fi
  mv "$home/restored" "$data"
  # What the restore wrote for its own start.
  sed -i -E '/^(# Recovery settings|restore_command|recovery_target|archive_mode)/d' "$data/postgresql.auto.conf"
fi

if [ ! -s "$data/PG_VERSION" ]; then
  # Made beside and moved into place: a start that is killed leaves no half database.
  install -d -o postgres -g postgres -m 700 /run/patroni
  umask 077
  jq -r '@sh "APP_USER=\(.username) APP_PASSWORD=\(.password)"' "$secret" > /run/patroni/app.env
  jq -r .superuser_password "$secret" > /run/patroni/superuser
  chown postgres:postgres /run/patroni/*
  umask 022
  eval "$(jq -r '@sh "REPLICATION_PASSWORD=\(.replication_password) REWIND_PASSWORD=\(.rewind_password)"' "$secret")"
  export REPLICATION_PASSWORD REWIND_PASSWORD
  rm -rf "$home/new"
  $as "$bin/initdb" -D "$home/new" --username=postgres --pwfile=/run/patroni/superuser --encoding=UTF8 \
    --locale=C.UTF-8 --data-checksums --auth-local=trust --auth-host=scram-sha-256 --no-sync > /dev/null
  # Where nobody else looks for it: it is not the database yet.
  $as "$bin/pg_ctl" -D "$home/new" -w -s -o "-c listen_addresses='' -c unix_socket_directories=/run/patroni" start
  $as psql -qX -v ON_ERROR_STOP=1 -h /run/patroni -U postgres <<'SQL'
\getenv replication REPLICATION_PASSWORD
\getenv rewind REWIND_PASSWORD
-- As in bootstrap-database: nothing keeps the passwords' statements.
SET pg_stat_statements.track_utility = off;
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
CREATE ROLE replicator WITH LOGIN REPLICATION PASSWORD :'replication';
CREATE ROLE rewind WITH LOGIN PASSWORD :'rewind';
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean) TO rewind;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text, boolean) TO rewind;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text) TO rewind;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO rewind;
SQL
  $as bootstrap-database "host=/run/patroni user=postgres dbname=postgres"
  $as "$bin/pg_ctl" -D "$home/new" -w -s -m fast stop
  rm -f /run/patroni/superuser
  unset REPLICATION_PASSWORD REWIND_PASSWORD
  mv "$home/new" "$data"
fi
# shellcheck disable=SC2086  # its words
exec $as "$bin/postgres" -D "$data" -c config_file=/etc/tenfold/postgresql.conf "$@"
