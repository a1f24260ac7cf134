#!/usr/bin/env bash
# Puts a real Apptainer on a Debian that packages none, or one too old: `apptainer-up.sh [--prefix DIR]`, as root.
#
# It unpacks the package of Debian's unstable suite with that suite's own C library below DIR, so that nothing of the system
# changes but links in /usr/local/bin, the packages Apptainer calls, and what root and /dev/fuse need (said below).
# Prints one line on stdout, for eval: export PATH=...  Does nothing the second time.
set -euo pipefail

PREFIX=/opt/ocr-pipeline-apptainer
LINKS=/usr/local/bin
# Command or library, and the Debian package that has it.
TOOLS=(patchelf:patchelf mksquashfs:squashfs-tools squashfuse_ll:squashfuse fusermount3:fuse3 newuidmap:uidmap)
LIBRARIES=(libsqlite3.so.0:libsqlite3-0 libseccomp.so.2:libseccomp2)
LIBRARY_FOLDER=/usr/lib/x86_64-linux-gnu
TIMEOUT_S=600

say() { printf 'Apptainer: %s\n' "$*" >&2; }
fail() {
  say "$1"
  exit "$2"
}

while [ $# -gt 0 ]; do
  case $1 in
    --prefix) PREFIX=${2:?--prefix needs a folder} && shift 2 ;;
    *) fail "unknown argument $1" 64 ;;
  esac
done
[ "$(id -u)" -eq 0 ] || fail "only root can do this" 77
[ "$(uname -m)" = x86_64 ] || fail "only for x86-64, not $(uname -m)" 69
[ -n "$(type -P apt-get)" ] || fail "this is not Debian: install Apptainer as its manual says" 69
PATH=$PATH:/usr/sbin:/sbin
export DEBIAN_FRONTEND=noninteractive

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

apt() { timeout -k 30 "$TIMEOUT_S" apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >&2 </dev/null; }

install_companions() {
  local each packages=()
  for each in "${TOOLS[@]}"; do [ -n "$(type -P "${each%%:*}")" ] || packages+=("${each##*:}"); done
  for each in "${LIBRARIES[@]}"; do ldconfig -p | grep -q "${each%%:*}" || packages+=("${each##*:}"); done
  [ ${#packages[@]} -gt 0 ] || return 0
  say "installing ${packages[*]}"
  apt install -y --no-install-recommends "${packages[@]}" || { apt update && apt install -y --no-install-recommends "${packages[@]}"; }
}

# Where this machine gets Debian from, whichever form its list has.
debian_source() {
  { sed -n 's/^URIs:[[:space:]]*\([^ ]*\/debian\)\/*[[:space:]]*$/\1/p' /etc/apt/sources.list.d/*.sources
    sed -n 's/^deb[[:space:]]\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^ ]*\/debian\)\/*[[:space:]].*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list
  } 2>/dev/null | head -n 1 || true
}

download_packages() {
  local source options
  source=$(debian_source)
  [ -n "$source" ] || fail "no Debian among the package sources of this machine" 69
  mkdir -p "$work"/{lists/partial,cache/archives/partial,packages,library}
  : >"$work/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $source sid main" >"$work/sources.list"
  # The package lists of the machine are left alone. A mirror may be frozen; signatures are checked all the same.
  options=(-o Dir::State::Lists="$work/lists" -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Status="$work/status" -o Dir::Cache="$work/cache" -o Acquire::Languages=none
    -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false)
  apt "${options[@]}" update
  (cd "$work/packages" && apt "${options[@]}" download apptainer libc6)
}

unpack_packages() {
  local part program
  dpkg-deb -x "$work"/packages/apptainer_*.deb "$work/new"
  dpkg-deb -x "$work"/packages/libc6_*.deb "$work/library"
  mkdir -p "$work/new/glibc" "$work/new/var/lib/apptainer/mnt/session"
  cp -a "$work/library$LIBRARY_FOLDER/." "$work/new/glibc/"
  for program in usr/bin/apptainer "${LIBRARY_FOLDER#/}/apptainer/bin/starter"; do
    # An RPATH, no RUNPATH: it must win over the LD_LIBRARY_PATH that Apptainer sets for what it calls.
    patchelf --force-rpath --set-interpreter "$PREFIX/glibc/ld-linux-x86-64.so.2" \
      --set-rpath "$PREFIX/glibc:$LIBRARY_FOLDER:/lib/x86_64-linux-gnu" "$work/new/$program"
  done
  # Moved, Apptainer looks for its settings below usr, and below usr/lib, of where it is.
  for part in usr usr/lib; do ln -s "$PREFIX/etc" "$work/new/$part/etc" && ln -s "$PREFIX/var" "$work/new/$part/var"; done
  allow_fewer_capabilities "$work/new/etc/apptainer/apptainer.conf"
  rm -rf "$PREFIX"
  mkdir -p "$(dirname "$PREFIX")"
  mv "$work/new" "$PREFIX"
  chmod 755 "$PREFIX"
}

# Root in a sandbox may lack a capability, and Apptainer, which asks for all, would stop.
allow_fewer_capabilities() {
  local held all
  held=$((16#$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)))
  all=$(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1))
  [ "$held" -eq "$all" ] || sed -i 's/^root default capabilities = .*/root default capabilities = no/' "$1"
}

runs() { timeout 20 "$PREFIX/usr/bin/apptainer" --version >/dev/null 2>&1; }

install_companions
if ! runs; then
  download_packages
  unpack_packages
  runs || fail "installed, but it does not run" 69
  say "installed $("$PREFIX/usr/bin/apptainer" --version) in $PREFIX"
fi
# For `apptainer build --fakeroot`: numbers that root may give to the users of an image.
for file in /etc/subuid /etc/subgid; do grep -qs '^root:' "$file" || echo root:1000000:65536 >>"$file"; done
# Ordinary users mount an image through it; this is the mode udev gives it.
[ ! -c /dev/fuse ] || chmod 666 /dev/fuse
for name in apptainer singularity; do ln -sfn "$PREFIX/usr/bin/apptainer" "$LINKS/$name"; done
echo "export PATH=$PREFIX/usr/bin:\$PATH"
