#!/bin/sh
# The box's init: makes its disk ready, starts what BOX_SERVICES names under runit, which brings a
# dead process back as systemd does, and ends them in order: the door first, the database last.
set -eu
: "${BOX_SERVICES:?the services of this box are not named}" "${BOX_UID:=10001}"
export BOX_UID SVDIR=/run/box/sv
# What a killed box has left: pid files, runit's own state.
rm -rf /run/box
install -d /run/box "$SVDIR"
for name in $BOX_SERVICES; do
  [ -d "/etc/box/sv/$name" ] || {
    echo "box: BOX_SERVICES names $name; there are $(echo /etc/box/sv/* | sed 's|/etc/box/sv/||g')" >&2
    exit 78
  }
  cp -r "/etc/box/sv/$name" "$SVDIR/$name"
done
# One disk: pictures, and the database where the box has it.
install -d /data
install -d -o "$BOX_UID" -g "$BOX_UID" /data/media

end() {
  trap '' TERM INT
  for name in nginx cron app agent postgres; do
    [ ! -d "$SVDIR/$name" ] || sv -w 26 stop "$name" >/dev/null || sv force-stop "$name" >/dev/null || true
  done
  kill -HUP "$runit"
  wait "$runit" || true
  exit 0
}
trap end TERM INT
runsvdir -P "$SVDIR" &
runit=$!
wait "$runit"
