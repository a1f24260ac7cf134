#!/usr/bin/env bash
# Installs the programs that the tests call: Tesseract with its languages, qpdf, poppler, Apptainer and a few more. `--bench`
# adds what the benchmarks call. Does nothing where all are there, and only says so where it cannot: tests that need them are then
# skipped, each with its reason. Never fails by itself, so that the tests always run.
set -u

TOOLS=(tesseract qpdf pdftoppm rclone xmllint openssl shellcheck debootstrap flock apptainer slurmctld slurmd slurmdbd sbatch munged mariadbd mariadb mariadb-install-db chromium)
PACKAGES=(tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd tesseract-ocr-deu tesseract-ocr-fra tesseract-ocr-frk
  qpdf poppler-utils rclone libxml2-utils openssl shellcheck debootstrap util-linux
  slurmctld slurmd slurmdbd slurm-client slurm-wlm-mysql-plugin munge mariadb-server-core mariadb-client-core chromium)
# Daemons are in sbin, which is not on everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin
LANGUAGES=(eng deu fra frk osd)
TIMEOUT_S=900
LOCK_TIMEOUT_S=300
HERE=$(cd "$(dirname "$0")" && pwd)

if [ "${1:-}" = "--bench" ]; then
  TOOLS+=(ocrmypdf)
  PACKAGES+=(ocrmypdf)
fi

missing() {
  local tool language installed
  for tool in "${TOOLS[@]}"; do
    [ -n "$(type -P "$tool")" ] || echo "$tool"
  done
  [ -n "$(type -P tesseract)" ] || return 0
  installed=$(timeout 20 tesseract --list-langs 2>&1)
  for language in "${LANGUAGES[@]}"; do
    grep -qx "$language" <<<"$installed" || echo "tesseract-ocr-$language"
  done
}

give_up() {
  echo "Test tools: $1. Missing: $(missing | tr '\n' ' ')" >&2
  echo "Tests that need them will be skipped, or fail where CI=true." >&2
  exit 0
}

[ -n "$(missing)" ] || exit 0
[ -z "${OCR_TEST_NO_INSTALL:-}" ] || give_up "OCR_TEST_NO_INSTALL is set, nothing is installed"
[ -n "$(type -P apt-get)" ] || give_up "this is not Debian or Ubuntu, install them yourself"
if [ "$(id -u)" -eq 0 ]; then
  AS_ROOT=()
elif [ -n "$(type -P sudo)" ] && sudo -n true 2>/dev/null; then
  AS_ROOT=(sudo -n)
else
  give_up "only root can install them: run scripts/install-test-tools.sh as root"
fi

log=$(mktemp)
# The daemons of Slurm are started by tests alone, never by their packages: policy-rc.d forbids it while we install.
policy=/usr/sbin/policy-rc.d
made_policy=0
clean_up() {
  rm -f "$log"
  [ $made_policy -eq 0 ] || "${AS_ROOT[@]}" rm -f "$policy"
}
trap clean_up EXIT
if [ ! -e "$policy" ]; then
  made_policy=1
  # shellcheck disable=SC2016 # the words are for another shell
  "${AS_ROOT[@]}" sh -c 'printf "#!/bin/sh\nexit 101\n" >"$1" && chmod 755 "$1"' policy "$policy"
fi
echo "Test tools: installing $(missing | tr '\n' ' ')(some minutes, up to $((TIMEOUT_S / 60)))" >&2
apt() {
  "${AS_ROOT[@]}" timeout -k 30 "$TIMEOUT_S" env DEBIAN_FRONTEND=noninteractive apt-get -qq \
    -o DPkg::Lock::Timeout="$LOCK_TIMEOUT_S" -o Acquire::Retries=3 "$@" >>"$log" 2>&1 </dev/null
}
apt update || echo "Test tools: apt-get update failed; trying with the package lists at hand" >&2
if ! apt install -y --no-install-recommends "${PACKAGES[@]}"; then
  tail -n 15 "$log" >&2
  give_up "apt-get could not install them"
fi
# Debian 12 has no Apptainer of its own.
if [ -z "$(type -P apptainer)" ] && ! "${AS_ROOT[@]}" timeout -k 30 "$TIMEOUT_S" bash "$HERE/apptainer-up.sh" >>"$log" 2>&1; then
  tail -n 5 "$log" >&2
  give_up "Apptainer could not be installed"
fi
[ -z "$(missing)" ] || give_up "apt-get installed its packages, but not all is found"
echo "Test tools: installed" >&2
