# shellcheck shell=bash
# What the parts of `make setup` share: how they speak, and where they find versions.

begun=$SECONDS

step() { printf '%6d s  %s\n' $((SECONDS - begun)) "$*"; }
plan() { printf '  %-24s %s\n' "$1:" "$2"; }

# fail CODE WHAT DO: end with the message and what to do about it (docs/exit-codes.md).
fail() {
  printf 'error: %s\n   do: %s\n' "$2" "$3" >&2
  exit "$1"
}

# version NAME: from the one table of versions.
version() { sed -n "s/^$1=//p" compose/versions.env; }

# wait_at_most BOUND COMMAND…: wait at most BOUND seconds for COMMAND to succeed.
wait_at_most() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep .3
  done
}

# until_ok WHAT BOUND COMMAND…: as wait_at_most, and say WHAT when it has come.
until_ok() {
  local what=$1
  shift
  wait_at_most "$@" || return 1
  step "$what"
}

# run_at_most BOUND COMMAND…: COMMAND's exit code, or 124 when it was ended after BOUND seconds.
# By hand: macOS has no `timeout`.
run_at_most() {
  local bound=$1 child code=0
  shift
  "$@" &
  child=$!
  if ! wait_at_most "$bound" child_ended "$child"; then
    kill "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
    return 124
  fi
  wait "$child" || code=$?
  return $code
}
child_ended() { ! kill -0 "$1"; }

is_root() { [ "$(id -u)" = 0 ]; }
