#!/bin/sh
# nginx takes time-outs as literals only: write them into the configuration, then become nginx.
set -eu
if [ $# -gt 0 ]; then exec "$@"; fi
seconds() {
  case "$2" in
    '' | 0 | *[!0-9]*) echo "$1 must be whole seconds above 0, not '$2'" >&2; exit 2 ;;
  esac
}
connect=${ALB_CONNECT_TIMEOUT:-10}
idle=${ALB_IDLE_TIMEOUT:-60}
seconds ALB_CONNECT_TIMEOUT "$connect"
seconds ALB_IDLE_TIMEOUT "$idle"
mkdir -p /tmp/nginx
sed -e "s/@CONNECT_TIMEOUT@/${connect}s/g" -e "s/@IDLE_TIMEOUT@/${idle}s/g" \
  /etc/tenfold/nginx.conf > /tmp/nginx/nginx.conf
exec nginx -c /tmp/nginx/nginx.conf
