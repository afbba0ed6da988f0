#!/bin/bash
# RDS's automated backups: a base backup a day, and the log shipped each RDS_LOG_SHIP_SECONDS (AWS: 5
# minutes), with a heartbeat in it, so that a quiet database can be restored to any second too. Tells
# CloudWatch up to when; `restorable` has the same for people. Of a cluster's nodes, whichever leads
# does it, and takes over where the one before it stopped. As postgres, until it is ended.
set -u
every=${RDS_LOG_SHIP_SECONDS:-300}
daily=${RDS_BACKUP_SECONDS:-86400}
home=/var/lib/postgresql
sql() { psql -qAtX -h /run/postgresql -U postgres -v ON_ERROR_STOP=1 "$@"; }
say() { echo "rds: $*"; }

bucket() { curl -fs -m 10 -K /run/rds/curl.conf --aws-sigv4 aws:amz:us-east-1:s3 "$@" http://s3:9000/tenfold-backup -o /run/rds/bucket; }

# By its files: asked each second on each node, this must cost nothing.
leads() { [ -e "$home/data/postmaster.pid" ] && [ ! -e "$home/data/standby.signal" ] && [ ! -e "$home/data/recovery.signal" ]; }

left_behind() { # what the leader before this one may not have shipped when it died
  # A standby counts the segments that it receives as archived. pgBackRest is content with one that
  # is in the bucket; where its copy differs in what nobody reads (behind the end), it refuses: fine.
  local now segment
  now=$(sql -c "SELECT pg_walfile_name(pg_current_wal_lsn())") || return
  for segment in "$home"/data/pg_wal/*; do
    [[ "${segment##*/}" =~ ^[0-9A-F]{24}$ && "${segment##*/}" < "${now:0:8}" ]] || continue
    pgbackrest --log-level-console=off archive-push "$segment" || [ $? -eq 45 ] || return
  done
}

prepare() { # the bucket, pgBackRest's own record, the histories of timelines that a restore began
  bucket -I || bucket -S -X PUT || return
  # Another database under the same name (its disk was lost): its log goes beside the old one's.
  pgbackrest --log-level-console=error stanza-create || pgbackrest stanza-upgrade || return
  local history
  for history in "$home"/data/pg_wal/*.history; do
    [ ! -e "$history" ] || pgbackrest archive-push "$history" || return
  done
  [ -z "${RDS_NAME:-}" ] || left_behind
}

last_backup() { # when the last base backup that counts ended, unix time; 0: never
  local timeline
  # A failover goes on from its past: each backup counts. A restore has left one behind: only those
  # of this very timeline do.
  if [ -n "${RDS_NAME:-}" ]; then
    pgbackrest info --output=json | jq '[.[0].backup[]?.timestamp.stop] | max // 0'
    return
  fi
  timeline=$(sql -c "SELECT lpad(upper(to_hex(timeline_id)), 8, '0') FROM pg_control_checkpoint()") || return
  pgbackrest info --output=json | jq --arg t "$timeline" \
    '[.[0].backup[]? | select(.archive.start != null and (.archive.start | startswith($t))) | .timestamp.stop] | max // 0'
}

beat() { # ship the log of now; the moment that is safe in the bucket afterwards
  local told at wal shipped
  mapfile -t told < <(sql -c "SELECT floor(extract(epoch FROM clock_timestamp()))" \
    -c "SELECT pg_logical_emit_message(true, 'rds', 'heartbeat')" -c "SELECT pg_walfile_name(pg_switch_wal())")
  [ "${#told[@]}" -eq 3 ] || return
  at=${told[0]} wal=${told[2]}
  for _ in $(seq 50); do
    shipped=$(sql -c "SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver") || return
    if [[ ! "$shipped" < "$wal" ]]; then
      echo "$at" > /run/rds/restorable.new && mv /run/rds/restorable.new /run/rds/restorable
      {
        echo "# HELP tenfold_rds_restorable_seconds Unix time up to which the database can be restored."
        echo "# TYPE tenfold_rds_restorable_seconds gauge"
        echo "tenfold_rds_restorable_seconds $at"
      } > /run/rds/figures.new && mv /run/rds/figures.new /run/rds/figures
      return 0
    fi
    sleep 0.2
  done
  say "the log is not shipped yet"
}

ready=false
while :; do
  begun=$(date +%s)
  if [ -e /run/rds/no-backups ] || ! leads; then
    rm -f /run/rds/restorable /run/rds/figures
    ready=false
    sleep 1
    continue
  fi
  if ! $ready; then
    if ! pg_isready -q -h /run/postgresql; then
      sleep 0.5
      continue
    fi
    if ! prepare; then
      say "the backup bucket does not answer; once more in 5 s"
      sleep 5
      continue
    fi
    ready=true last=$(last_backup) whole=0
    # A new cluster gets its standbys first: a base backup beside their copies makes both slow.
    [ -z "${RDS_NAME:-}" ] || [ "${last:-0}" != 0 ] || whole=$((begun + 20))
  fi
  if [ "$begun" -lt "$whole" ]; then
    sleep 1
    continue
  fi
  if [ $((begun - ${last:-0})) -ge "$daily" ]; then
    if pgbackrest backup --type=full; then
      last=$(date +%s)
      say "base backup done, $((last - begun)) s"
    else
      say "the base backup failed; once more in $every s"
    fi
  fi
  beat
  # In short steps: who leads may change.
  while [ $((begun + every)) -gt "$(date +%s)" ] && [ ! -e /run/rds/no-backups ] && leads; do sleep 1; done
done
