#!/bin/sh
# The backup retention of this database: `off` is AWS's retention of 0 days, which deletes every
# automated backup at once and ships no log; `on` begins anew, with a base backup. Repeats safely.
set -eu
export PGBACKREST_CONFIG=/run/rds/pgbackrest.conf PGBACKREST_STANZA=tenfold
case "${1:?off or on}" in
  off)
    touch /run/rds/no-backups
    pgbackrest --log-level-console=error stop --force
    # A standby has nothing to delete: the one that leads does it.
    if psql -qAtX -h /run/postgresql -U postgres -c 'SELECT NOT pg_is_in_recovery()' | grep -q t; then
      pgbackrest --log-level-console=error --force stanza-delete
    fi
    ;;
  on)
    pgbackrest --log-level-console=error start
    rm -f /run/rds/no-backups
    ;;
  *)
    echo "keep-backups: off or on" >&2
    exit 64
    ;;
esac
