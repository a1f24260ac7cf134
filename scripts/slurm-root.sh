#!/usr/bin/env bash
# Another version of Slurm for the tests: that of another Debian suite, in a folder of its own. As root.
#
#   eval "$(scripts/slurm-root.sh --root DIR [--suite trixie])"     makes or mounts it; prints `export OCR_SLURM_ROOT=...`
#   npx vitest run test/executors/slurm                             the same tests, on that version
#   scripts/slurm-root.sh --root DIR --unmount                      afterwards; the folder stays
set -euo pipefail

PACKAGES=slurmctld,slurmd,slurm-client,slurmdbd,slurm-wlm-mysql-plugin,munge,mariadb-server-core,mariadb-client-core,procps,hostname
PROGRAMS=(sbatch squeue scancel scontrol sinfo sacct sacctmgr)
TIMEOUT_S=900
project=$(cd "$(dirname "$0")/.." && pwd)
root='' suite=trixie unmount=0

die() { printf 'slurm-root: %s\n' "$2" >&2; exit "$1"; }
while [ $# -gt 0 ]; do
  case $1 in
    --unmount) unmount=1; shift ;;
    --root) root=${2:?--root needs a folder}; shift 2 ;;
    --suite) suite=${2:?--suite needs a name}; shift 2 ;;
    *) die 64 "there is no option $1" ;;
  esac
done
[ -n "$root" ] || die 64 "--root is needed: the folder of the other system"
[ "$(id -u)" -eq 0 ] || die 77 "only root can do this"
mkdir -p "$root"
root=$(cd "$root" && pwd)
shared=(/proc /sys /dev /tmp "$project")

if [ $unmount -eq 1 ]; then
  for folder in "${shared[@]}"; do ! mountpoint -q "$root$folder" || umount "$root$folder"; done
  exit 0
fi

# Where this machine gets Debian from, whichever form its list has.
mirror() {
  {
    sed -n 's/^URIs:[[:space:]]*\([^ ]*\/debian\)\/*[[:space:]]*$/\1/p' /etc/apt/sources.list.d/*.sources
    sed -n 's/^deb[[:space:]]\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^ ]*\/debian\)\/*[[:space:]].*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list
  } 2>/dev/null | head -n 1 || true
}

# Kept aside until it is whole: what a stopped try leaves would look like a system.
if [ ! -e "$root/ocr-slurm-root" ]; then
  [ -n "$(type -P debootstrap)" ] || die 69 "debootstrap is not installed"
  source=$(mirror)
  [ -n "$source" ] || die 69 "no Debian among the package sources of this machine"
  timeout -k 30 "$TIMEOUT_S" debootstrap --variant=minbase --include="$PACKAGES" "$suite" "$root" "$source" >&2 || die 70 "debootstrap failed; remove $root and try again"
  touch "$root/ocr-slurm-root"
fi
# A bare system knows no name at all, and Slurm's database wants one.
grep -qs localhost "$root/etc/hosts" || printf '127.0.0.1 localhost %s\n' "$(hostname -s)" >>"$root/etc/hosts"
mkdir -p "$root/ocr-slurm-programs"
for program in "${PROGRAMS[@]}"; do
  # Inside, where jobs call them, they are what they are.
  printf '#!/bin/sh\n[ ! -e /ocr-slurm-root ] || exec /usr/bin/%s "$@"\nexec chroot "%s" /usr/bin/%s "$@"\n' "$program" "$root" "$program" >"$root/ocr-slurm-programs/$program"
  chmod 755 "$root/ocr-slurm-programs/$program"
done
for folder in "${shared[@]}"; do
  mkdir -p "$root$folder"
  mountpoint -q "$root$folder" || mount --bind "$folder" "$root$folder"
done
echo "export OCR_SLURM_ROOT=$root"
