#!/bin/sh
# From when to when this database can be restored, as JSON in unix time; null: not at all yet.
set -eu
export PGBACKREST_CONFIG=/run/rds/pgbackrest.conf PGBACKREST_STANZA=tenfold
pgbackrest info --output=json | jq -c --arg latest "$(cat /run/rds/restorable 2> /dev/null || true)" \
  '{earliest: ([.[0].backup[]?.timestamp.stop] | min), latest: ($latest | tonumber? // null)}'
