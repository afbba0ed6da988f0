# shellcheck shell=bash
# The one base image: pulled where a registry answers, else made from the distribution's packages.

base_image_there() { docker image inspect "$(version BASE_IMAGE)" >/dev/null 2>&1; }

# debootstrap needs Debian's mirror and keyring, which Ubuntu's sources do not have.
may_make_base_image() { may_install && [ "$distribution" = debian ]; }

base_image_plan() {
  if base_image_there; then echo 'is there'; else
    echo "pull $(version BASE_IMAGE)$(may_make_base_image && echo ', or make it with debootstrap (about 30 s)')"
  fi
}

base_image_ensure() {
  local image suite_wanted
  image=$(version BASE_IMAGE)
  base_image_there && return
  step "pulling $image"
  if run_at_most 90 docker pull -q "$image" >/dev/null 2>&1; then return; fi
  may_make_base_image || fail 3 "$image cannot be pulled" \
    'give the engine a registry, or use Debian (and run `make setup` as root)'
  step 'no registry answers: making it with debootstrap'
  suite_wanted=${image#*:}
  make_base_image "${suite_wanted%-slim}" "$image"
}

# make_base_image SUITE IMAGE: a minimal system without what a container never needs.
make_base_image() {
  local root mirror sources
  sources=$(suite_sources "$1")
  mirror=$(mirror_of <<< "$sources")
  [ -n "$mirror" ] || fail 3 "no mirror that debootstrap could use is configured in /etc/apt" \
    "give the engine a registry, or name Debian's mirror by http in /etc/apt"
  command -v debootstrap >/dev/null || apt_install debootstrap
  [ -e "/usr/share/debootstrap/scripts/$1" ] || ln -s sid "/usr/share/debootstrap/scripts/$1"
  root=$(mktemp -d)
  debootstrap --variant=minbase --include=ca-certificates "$1" "$root" "$mirror" >"$root.log" 2>&1 ||
    { tail -n 5 "$root.log" >&2; fail 4 'debootstrap failed' "see $root.log"; }
  rm -f "$root/etc/apt/sources.list"
  printf '%s\n' "$sources" > "$root/etc/apt/$(sources_name "$sources")"
  printf '%s\n' 'APT::Install-Recommends "false";' 'Acquire::Languages "none";' \
    > "$root/etc/apt/apt.conf.d/90tenfold"
  printf '%s\n' 'path-exclude /usr/share/doc/*' 'path-exclude /usr/share/man/*' \
    'path-exclude /usr/share/locale/*' > "$root/etc/dpkg/dpkg.cfg.d/90tenfold"
  # Cache mounts of builds keep packages: docker-clean would empty them.
  rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* \
    "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  tar -C "$root" --exclude=./dev --exclude=./proc --exclude=./sys -c . | docker import - "$2" >/dev/null
  rm -rf --one-file-system "$root" "$root.log"
  step "made $2"
}
