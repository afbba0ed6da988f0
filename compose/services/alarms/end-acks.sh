#!/bin/sh
# Ends the acknowledgement of an alarm that is over: when it goes off again, it is news again.
# An alarm counts as over when no alert has been silenced by it at a look, 15 s after it was made at
# the earliest (nor after a start, when alerts have not come in yet).
set -eu
topic=http://127.0.0.1:9093/api/v2
sleep 15
while sleep 5; do
  used=$(curl -fsS -m 3 "$topic/alerts?active=false&inhibited=false&silenced=true" | jq -c '[.[].status.silencedBy[]]') || continue
  curl -fsS -m 3 "$topic/silences" |
    jq -r --argjson used "$used" '.[] | select(.status.state == "active" and (.id | IN($used[]) | not)
      and (.startsAt | sub("\\.[0-9]+"; "") | fromdateiso8601) < now - 15) | .id' |
    while read -r id; do curl -fsS -m 3 -X DELETE "$topic/silence/$id"; done || continue
done
