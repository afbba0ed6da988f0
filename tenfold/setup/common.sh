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

# until WHAT BOUND COMMAND…: wait at most BOUND seconds for COMMAND to succeed.
until_ok() {
  local what=$1 bound=$2 end
  shift 2
  end=$((SECONDS + bound))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep .3
  done
  step "$what"
}

is_root() { [ "$(id -u)" = 0 ]; }
