#!/bin/bash
# Make this instance's data directory as the backed up one was at a second: the last base backup
# before it, and the log up to it. As postgres; a copy that was cut short is begun anew.
set -eu
to=$1
data=/var/lib/postgresql/data
for _ in $(seq 100); do
  if (exec 3<> /dev/tcp/127.0.0.1/8443) 2> /dev/null; then break; fi
  sleep 0.1
done
rm -rf "$data"
install -d -m 700 "$data"
pgbackrest restore --type=time "--target=$to" --target-action=promote --archive-mode=off
