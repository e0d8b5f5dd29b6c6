#!/bin/sh
# Installs the first of the named Debian packages that can be had, as root, without starting any service.
#   sh scripts/debian.sh redis-server valkey-server
set -eu
export DEBIAN_FRONTEND=noninteractive

# invoke-rc.d and deb-systemd-invoke ask this file; 101 means "do not start". An existing one is put back afterwards.
policy=/usr/sbin/policy-rc.d
aside=$policy.before-muster
restore() {
  rm -f "$policy"
  if [ -e "$aside" ]; then mv "$aside" "$policy"; fi
}
if [ -e "$policy" ] && [ ! -e "$aside" ]; then mv "$policy" "$aside"; fi
trap restore EXIT
trap 'exit 1' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' > "$policy"
chmod 755 "$policy"

first_available() {
  for package in "$@"; do
    if apt-cache show "$package" > /dev/null 2>&1; then
      echo "$package"
      return
    fi
  done
}
install_first() {
  package=$(first_available "$@")
  [ -n "$package" ] || return 1
  apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$package"
}

# Package lists are often missing (images) or too old for the mirror; then, and only then, they are fetched.
install_first "$@" || { apt-get update -o DPkg::Lock::Timeout=300 && install_first "$@"; }
