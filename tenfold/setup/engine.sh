# shellcheck shell=bash
# The Docker engine: whichever is there is kept; on Debian and Ubuntu as root it is installed.
# Without an init system it is started by hand, and only such a one is stopped again.

engine_pid=.tenfold/engine.pid
engine_log=.tenfold/engine.log
engine_plan='is there'
apt_folder=/etc/apt

engine_answers() { docker info >/dev/null 2>&1; }
compose_there() { docker compose version >/dev/null 2>&1; }
buildx_there() { docker buildx version >/dev/null 2>&1; }
# at_least WANTED VERSION: by major and minor.
at_least() { [ "$(printf '%s\n%s\n' "$1" "${2#v}" | sort -V | head -n 1)" = "$1" ]; }
has_systemd() { [ -d /run/systemd/system ]; }

check_engine() {
  if engine_answers; then
    at_least 25 "$(engine_version)" ||
      problem "the Docker engine is $(engine_version), at least 25 is needed (health checks with start_interval)" \
        'update it as its documentation says'
    check_plugins
  elif [ "$system" = Darwin ]; then
    problem 'no Docker engine answers' 'install and start Docker Desktop, then run this again'
  elif command -v dockerd >/dev/null && at_least 25 "$(dockerd_version)" && is_root; then
    engine_plan='is installed; start it'
    check_plugins
  elif may_install; then
    engine_plan="install it from $distribution's packages and start it (about 1 min)"
  else
    problem 'no Docker engine answers' \
      'install and start Docker Engine 25 or newer with Compose and buildx (or run this as root on Debian or Ubuntu), and let this user talk to it (group docker)'
  fi
}

check_plugins() {
  if ! compose_there || ! buildx_there; then
    if may_install; then engine_plan="$engine_plan; install Compose and buildx"; else
      problem 'docker compose or docker buildx is missing' 'install both plugins of Docker'
    fi
  elif ! at_least 2.24 "$(docker compose version --short)"; then
    problem "Docker Compose is $(docker compose version --short), at least 2.24 is needed" 'update it'
  fi
}

engine_version() { docker version --format '{{.Server.Version}}' 2>/dev/null; }
dockerd_version() { dockerd --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p'; }

engine_ensure() {
  case "$engine_plan" in
    'is there') return ;;
    'install it '*) engine_install docker.io ;;
    *'; install '*) engine_install ;;
  esac
  engine_answers || engine_start
  # The package may be older than we were told, and another engine than ours may answer.
  at_least 25 "$(engine_version)" ||
    fail 3 "the Docker engine is $(engine_version), at least 25 is needed (health checks with start_interval)" \
      "install a newer one than $distribution's as its documentation says"
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  [ -n "${apt_updated:-}" ] || { apt-get update -qq && apt_updated=yes; }
  apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# engine_install [docker.io]: the engine with its plugins, or the plugins alone, which leaves an
# engine of another packager as it is.
engine_install() {
  local -a what=()
  step "installing ${1:-Compose and buildx} from $distribution's packages"
  case "$distribution:$suite" in
    debian:bookworm)
      # bookworm's own engine is 20.10. The next suite's runs here as well: it needs libc 2.34 only.
      apt_install ca-certificates xz-utils
      if [ -n "${1:-}" ]; then
        apt_install runc iptables tini
        what=(docker.io docker-cli containerd)
      fi
      install_from_suite trixie "${what[@]}" docker-compose docker-buildx
      ;;
    ubuntu:*)
      if [ -n "${1:-}" ]; then what=(docker.io iptables); fi
      apt_install "${what[@]}" docker-compose-v2 docker-buildx ca-certificates
      ;;
    *)
      if [ -n "${1:-}" ]; then what=(docker.io docker-cli iptables); fi
      apt_install "${what[@]}" docker-compose docker-buildx ca-certificates
      ;;
  esac
  compose_there || fail 4 'Docker Compose was installed and is not found' 'look at `docker info`'
}

# install_from_suite SUITE PACKAGE…: packages of another suite from the machine's own mirror,
# with lists of their own, so that nothing else of that suite is ever chosen.
install_from_suite() {
  local other=$1 work sources list
  shift
  work=$(mktemp -d)
  chmod 755 "$work"
  mkdir -p "$work/lists/partial" "$work/packages"
  sources=$(suite_sources "$other")
  list=$work/$(basename "$(sources_name "$sources")")
  printf '%s\n' "$sources" > "$list"
  local options=(-o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=-
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
  local file found
  for file in "$apt_folder/sources.list.d/debian.sources" "$apt_folder/sources.list"; do
    [ -s "$file" ] || continue
    if [[ $file == *.sources ]]; then
      found=$(sed '/^#/d' "$file" | awk -v suite="$1" 'BEGIN {RS = ""}
        /(^|\n)Types:[^\n]*deb([ \n]|$)/ && /(^|\n)URIs:/ && !/security/ && !done {
          gsub(/Suites:[^\n]*/, "Suites: " suite); print; done = 1}')
    else
      # deb [options] URI SUITE component…
      found=$(awk -v suite="$1" '$1 == "deb" && !/security|updates/ && !done {
        at = 2; if ($2 ~ /^\[/) {while ($at !~ /\]$/ && at < NF) at++; at++}
        $(at + 1) = suite; print; done = 1}' "$file")
    fi
    if [ -n "$found" ]; then
      printf '%s\n' "$found"
      return
    fi
  done
  fail 3 "no Debian package source is configured in $apt_folder" \
    'name a mirror there; or give the engine a registry, and install Docker Engine 25 by hand'
}

# The URI that debootstrap takes, of sources on standard input; empty where there is none.
mirror_of() {
  sed -n -E 's/^URIs:[[:space:]]*//p; s/^deb[[:space:]]+(\[[^]]*\][[:space:]]*)?//p' |
    awk '$1 ~ /^(https?|ftp|file):/ && !done {print $1; done = 1}'
}

# The name below /etc/apt by which apt knows the form that sources have.
sources_name() {
  if grep -q '^Types:' <<< "$1"; then echo sources.list.d/debian.sources; else echo sources.list; fi
}

engine_start() {
  local log=''
  step 'starting the engine'
  if has_systemd && systemctl cat docker.service >/dev/null 2>&1; then
    systemctl start docker || fail 4 'the engine does not start' 'see `journalctl -u docker`'
  else
    log=$engine_log
    mkdir -p -m 700 .tenfold
    # Of its own session: it outlives this script, and a Ctrl-C here is not meant for it.
    setsid nohup dockerd >"$engine_log" 2>&1 </dev/null &
    echo $! > "$engine_pid"
  fi
  until_ok 'the engine answers' 60 engine_answers || {
    tail -n 5 "$log" >&2 2>/dev/null || true
    fail 4 'the engine was started and does not answer within 60 s' "see ${log:-\`journalctl -u docker\`}"
  }
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
