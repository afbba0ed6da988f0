# shellcheck shell=bash
# Checks without effect: what is wrong is collected, told together, and ends the set-up.

problems=()
problem() { problems+=("error: $1"$'\n'"   do: $2"); }

end_of_checks() {
  if [ ${#problems[@]} -gt 0 ]; then
    printf '%s\n' "${problems[@]}" >&2
    exit 3
  fi
}

check_stage() {
  local asked=${TENFOLD_STAGE:-} known
  known=$(find compose -maxdepth 1 -name 'stage-*.yaml' | sed -n 's/.*stage-\([0-9]*\)\.yaml/\1/p' | sort -n)
  stage=${asked:-$(tail -n 1 <<< "$known")}
  grep -qx -- "$stage" <<< "$known" ||
    fail 2 "there is no stage $stage" "say one of: $(xargs <<< "$known") (make setup stage-3 up)"
}

check_system() {
  system=$(uname -s) distribution='' suite='' like=''
  if [ -r /etc/os-release ]; then
    distribution=$(. /etc/os-release && echo "${ID:-}")
    like=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  fi
  case "$(uname -m)" in
    x86_64 | amd64 | aarch64 | arm64) ;;
    *) problem "the images are made for amd64 and arm64, this is $(uname -m)" 'use another machine' ;;
  esac
}

# May we install packages? Debian or Ubuntu, as root.
may_install() { is_root && [ "$system" = Linux ] && [[ " $like " == *" debian "* ]]; }

# Sets python; empty where python_ensure is to install it.
check_python() {
  local one
  for one in python3 python3.14 python3.13 python3.12 python3.11; do
    if python_good "$one"; then
      python=$one
      return
    fi
  done
  python=''
  case "$distribution:$suite" in
    # Their own is older.
    debian:buster | debian:bullseye | ubuntu:focal | ubuntu:jammy) ;;
    *) if may_install; then return; fi ;;
  esac
  problem "$python_needed" "$(python_advice)"
}

python_needed='Python 3.11 or newer with its venv module is needed'
python_good() {
  command -v "$1" >/dev/null &&
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}
python_advice() {
  if [ "$system" = Darwin ]; then
    echo 'install it: the installer of python.org, or `brew install python`'
  else
    echo 'install it (Debian 12 or newer, Ubuntu 24.04 or newer: `apt-get install python3 python3-venv`)'
  fi
}

# Memory and disk that the stage asks for, in MiB; what cannot be found out is no problem.
check_room() {
  local needed free
  needed=$(sed -n 's/^  memory_mib: *\([0-9]*\).*/\1/p' "compose/stage-$stage.yaml")
  if [ -r /proc/meminfo ]; then
    free=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
    if [ -n "$(ours)" ]; then free=$needed; fi
    [ "${free:-0}" -ge "${needed:-0}" ] ||
      problem "stage $stage needs $needed MiB of memory, $free MiB are free" 'end other programs'
  fi
  needed=2048
  base_image_there || needed=10240
  free=$(df -Pm . | awk 'NR == 2 {print $4}')
  [ "$free" -ge "$needed" ] ||
    problem "$needed MiB of disk are needed here, $free MiB are free" \
      'make room (`docker system df` shows what Docker holds)'
}

# Containers of this product that run already; empty without an engine.
ours() { docker ps -q --filter label=com.docker.compose.project=tenfold 2>/dev/null || true; }

check_ports() {
  local port name
  [ -z "$(ours)" ] || return 0
  for name in PORT:8080 TENFOLD_PORT_INBOX:8025 TENFOLD_PORT_S3:8026 TENFOLD_PORT_CLOUDWATCH:8027; do
    port=${name#*:} name=${name%:*}
    port=${!name:-$port}
    [[ $port =~ ^[0-9]+$ ]] || { problem "$name=$port is no number" "say $name=8080"; continue; }
    if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      problem "port $port is taken by another program" \
        "choose another one: \`make setup stage-$stage up $name=$((port + 1000))\`"
    fi
  done
}
