#!/usr/bin/env bash
# `make setup`: checks first, with no effect, then the plan, then what is missing and no more.
#
#   setup.sh               check, plan, install, build (TENFOLD_STAGE says for which stage)
#   setup.sh stop-engine   end the engine that this script has started, if it has
#
# Each step is skipped where its result is there already, so that it can be repeated at any time.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tenfold/setup
# shellcheck source=tenfold/setup/common.sh
. "$here/common.sh"
# shellcheck source=tenfold/setup/checks.sh
. "$here/checks.sh"
# shellcheck source=tenfold/setup/engine.sh
. "$here/engine.sh"
# shellcheck source=tenfold/setup/base-image.sh
. "$here/base-image.sh"

main() {
  case "${1:-}" in
    stop-engine) engine_stop && return ;;
    '') ;;
    *) fail 2 "setup.sh knows no $1" 'run `make setup`' ;;
  esac

  check_stage
  check_system
  check_python
  check_engine
  check_room
  check_ports
  end_of_checks

  plan 'the Docker engine' "$engine_plan"
  plan 'the Python environment' "$(python_plan)"
  plan 'the base image' "$(base_image_plan)"
  plan 'the images' 'build what is missing or has changed (minutes the first time, else seconds)'

  engine_ensure
  python_ensure
  base_image_ensure
  step 'images'
  TENFOLD_STAGE=$stage .venv/bin/python -m tenfold images
  step "set up; next: \`make stage-$stage up\`"
}

python_stamp() { cat requirements/dev.txt compose/versions.env | cksum; }

python_plan() {
  if [ -x .venv/bin/python ] && [ "$(cat .venv/tenfold.stamp 2>/dev/null)" = "$(python_stamp)" ]; then
    echo 'is there'
  else
    [ -n "$python" ] || printf 'install python3 and python3-venv, '
    echo "make .venv with ${python:-python3}, fill it with uv from requirements/dev.txt (about 1 min)"
  fi
}

python_ensure() {
  [ "$(python_plan)" = 'is there' ] && return
  step 'the Python environment'
  if [ -z "$python" ]; then
    apt_install python3 python3-venv
    python=python3
    python_good "$python" || fail 3 "$python_needed" "$(python_advice)"
  fi
  if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf .venv
    "$python" -m venv .venv || fail 3 "$python cannot make an environment" \
      'install its venv package (Debian, Ubuntu: `apt-get install python3-venv`)'
  fi
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(version UV_VERSION)"
  .venv/bin/python -m uv pip install --quiet --python .venv/bin/python --require-hashes \
    -r requirements/dev.txt
  python_stamp > .venv/tenfold.stamp
}

main "$@"
