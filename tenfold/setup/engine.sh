# shellcheck shell=bash
# The Docker engine: whichever is there is kept; on Debian and Ubuntu as root it is installed.
# Without an init system it is started by hand, and only such a one is stopped again.

engine_pid=.tenfold/engine.pid
engine_log=.tenfold/engine.log
engine_plan='is there'

engine_answers() { docker info >/dev/null 2>&1; }
compose_there() { docker compose version >/dev/null 2>&1; }
buildx_there() { docker buildx version >/dev/null 2>&1; }
# at_least WANTED VERSION: by major and minor.
at_least() { [ "$(printf '%s\n%s\n' "$1" "${2#v}" | sort -V | head -n 1)" = "$1" ]; }
has_systemd() { [ -d /run/systemd/system ]; }

check_engine() {
  local found
  if engine_answers; then
    found=$(docker version --format '{{.Server.Version}}')
    at_least 25 "$found" ||
      problem "the Docker engine is $found, at least 25 is needed (health checks with start_interval)" \
        'update it as its documentation says'
    if ! compose_there || ! buildx_there; then
      if may_install; then engine_plan='is there; install Compose and buildx'; else
        problem 'docker compose or docker buildx is missing' 'install both plugins of Docker'
      fi
    elif ! at_least 2.24 "$(docker compose version --short)"; then
      problem "Docker Compose is $(docker compose version --short), at least 2.24 is needed" 'update it'
    fi
  elif [ "$system" = Darwin ]; then
    problem 'no Docker engine answers' 'install and start Docker Desktop, then run this again'
  elif command -v dockerd >/dev/null && at_least 25 "$(dockerd_version)" && is_root; then
    engine_plan='is installed; start it'
  elif may_install; then
    engine_plan="install it from $distribution's packages and start it (about 1 min)"
  else
    problem 'no Docker engine answers' \
      'install and start Docker Engine 25 or newer with Compose and buildx (or run this as root on Debian or Ubuntu), and let this user talk to it (group docker)'
  fi
}

dockerd_version() { dockerd --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p'; }

engine_ensure() {
  case "$engine_plan" in
    'is there') return ;;
    *install*) engine_install ;;
  esac
  engine_answers || engine_start
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  [ -n "${apt_updated:-}" ] || { apt-get update -qq && apt_updated=yes; }
  apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

engine_install() {
  step "installing the engine from $distribution's packages"
  case "$distribution:$suite" in
    debian:bookworm)
      # bookworm's own engine is 20.10. The next suite's runs here as well: it needs libc 2.34 only.
      apt_install runc iptables tini ca-certificates xz-utils
      install_from_suite trixie docker.io docker-cli containerd docker-compose docker-buildx
      ;;
    ubuntu:*) apt_install docker.io docker-compose-v2 docker-buildx iptables ca-certificates ;;
    *) apt_install docker.io docker-cli docker-compose docker-buildx iptables ca-certificates ;;
  esac
  compose_there || fail 4 'Docker Compose was installed and is not found' 'look at `docker info`'
}

# install_from_suite SUITE PACKAGE…: packages of another suite from the machine's own mirror,
# with lists of their own, so that nothing else of that suite is ever chosen.
install_from_suite() {
  local other=$1 work
  shift
  work=$(mktemp -d)
  chmod 755 "$work"
  mkdir -p "$work/lists/partial" "$work/packages"
  suite_sources "$other" > "$work/debian.sources"
  local options=(-o "Dir::Etc::sourcelist=$work/debian.sources" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=")
  apt-get "${options[@]}" update -qq
  chmod 777 "$work/packages"
  (cd "$work/packages" && apt-get "${options[@]}" download -qq "$@")
  # Their services are started by us, not by the packages' scripts.
  dpkg -i "$work"/packages/*.deb >"$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; fail 4 'the engine could not be installed' 'install Docker Engine 25 or newer by hand'; }
  rm -rf "$work"
}

# This machine's own sources with another suite, without its security and update suites.
suite_sources() {
  local file
  for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    [ -s "$file" ] || continue
    if [[ $file == *.sources ]]; then
      awk -v suite="$1" 'BEGIN {RS = ""} !/security/ {gsub(/Suites:[^\n]*/, "Suites: " suite); print; print ""; exit}' "$file"
    else
      awk -v suite="$1" '/^deb / && !/security|updates/ {$3 = suite; print; exit}' "$file"
    fi
    return
  done
  fail 4 'no Debian package source is configured' 'mend /etc/apt, or install Docker Engine 25 by hand'
}

engine_start() {
  step 'starting the engine'
  if has_systemd && systemctl cat docker.service >/dev/null 2>&1; then
    systemctl start docker
  else
    mkdir -p -m 700 .tenfold
    # Of its own session: it outlives this script, and a Ctrl-C here is not meant for it.
    setsid nohup dockerd >"$engine_log" 2>&1 </dev/null &
    echo $! > "$engine_pid"
  fi
  until_ok 'the engine answers' 60 engine_answers ||
    { tail -n 5 "$engine_log" >&2; fail 4 'the engine was started and does not answer within 60 s' "see $engine_log"; }
}

# Ends an engine that engine_start has started by hand; any other one is left alone.
engine_stop() {
  local pid
  pid=$(cat "$engine_pid" 2>/dev/null) || { echo 'no engine was started here'; return; }
  if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
    kill "$pid"
    gone() { [ ! -d "/proc/$pid" ]; }
    until_ok 'the engine has ended' 60 gone || fail 4 'the engine does not end' "see $engine_log"
  fi
  rm -f "$engine_pid"
}
