#!/usr/bin/env bash
# Stops the cluster that scripts/slurm-up.sh started in a folder: its jobs first, then its own daemons, by their process files.
#
#   scripts/slurm-down.sh --dir DIR [--wipe]
#
# `--wipe` removes the folder too. Stopping what does not run is no error.
set -uo pipefail

dir='' wipe=0
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?--dir needs a folder}; shift 2 ;;
    --wipe) wipe=1; shift ;;
    *) printf 'slurm-down: there is no option %s\n' "$1" >&2; exit 64 ;;
  esac
done
[ -n "$dir" ] || { echo 'slurm-down: --dir is needed: the folder of the cluster' >&2; exit 64; }
[ -d "$dir" ] || exit 0
dir=$(cd "$dir" && pwd)
PATH=$PATH:/usr/sbin:/sbin
export SLURM_CONF=$dir/etc/slurm.conf

# The supervisor of a job outlives slurmd by design, so jobs are ended first.
cancel_jobs() {
  local jobs try
  jobs=$(timeout 5 squeue -h -o %A 2>/dev/null | sort -u)
  [ -n "$jobs" ] || return 0
  xargs -r timeout 10 scancel -Q <<<"$jobs" 2>/dev/null
  for ((try = 0; try < 100; try++)); do
    [ -n "$(timeout 5 squeue -h -t R,CG -o %A 2>/dev/null)" ] || return 0
    sleep 0.1
  done
}

# stop FILE...: all at once, with ten seconds to end tidily. A process file that a crash left may name a process of others now.
stop() {
  local file pid try pids=()
  for file in "$@"; do
    pid=$(cat "$file" 2>/dev/null)
    case $(cat "/proc/${pid:-none}/comm" 2>/dev/null) in
      slurmd | slurmctld | slurmdbd | mariadbd | munged) kill "$pid" 2>/dev/null && pids+=("$pid") ;;
    esac
  done
  for pid in "${pids[@]}"; do
    for ((try = 0; try < 100; try++)); do
      grep -qs '^State:.[^ZX]' "/proc/$pid/status" || continue 2
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null
  done
  rm -f "$@"
}

# A supervisor that is left, after slurmd was killed say, is known by its log: that of its node.
stop_supervisors() {
  local process opened
  for process in /proc/[0-9]*; do
    [ "$(cat "$process/comm" 2>/dev/null)" = slurmstepd ] || continue
    opened=$(readlink "$process"/fd/* 2>/dev/null)
    [[ $opened != *"$dir/"* ]] || kill -9 "${process#/proc/}" 2>/dev/null
  done
}

[ ! -e "$dir/run/slurmctld.pid" ] || cancel_jobs
stop "$dir"/run/slurmd-*.pid "$dir/run/slurmctld.pid"
stop_supervisors
# These keep what the controller tells them last.
stop "$dir/run/slurmdbd.pid"
stop "$dir/run/mariadb.pid" "$dir/munge/pid"
[ $wipe -eq 0 ] || rm -rf "$dir"
exit 0
