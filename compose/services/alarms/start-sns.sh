#!/bin/sh
# Becomes Alertmanager, alone: nothing to gossip with.
set -eu
end-acks &
exec prometheus-alertmanager --config.file=/etc/alarms/sns.yaml --storage.path=/run/alarms \
  --cluster.listen-address= --web.listen-address=:9093 --log.level=warn
