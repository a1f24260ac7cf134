#!/usr/bin/env bash
# Starts a real Slurm cluster of its own on this machine's loopback: munged, slurmctld, one slurmd a node and, if wanted,
# accounting. All its files are in one folder, all its ports in one block, so that several can run side by side.
#
#   eval "$(scripts/slurm-up.sh --dir DIR [--nodes N] [--cpus N] [--base-port N] [--accounting] [--cgroup]
#           [--min-job-age S] [--kill-wait S] [--slurmd-timeout S] [--max-array-size N] [--max-jobs N])"
#
# Prints `export SLURM_CONF=...` on stdout and nothing else. Starts only what does not run yet. scripts/slurm-down.sh stops it.
# Runs as root, or as anybody for jobs of their own (without --cgroup). For tests: it is not a safe cluster.
set -euo pipefail

dir='' nodes=2 cpus=4 base_port=26817 accounting=0 cgroup=0
min_job_age=300 kill_wait=5 slurmd_timeout=20 max_array_size=1001 max_jobs=10000

die() { printf 'slurm-up: %s\n' "$2" >&2; exit "$1"; }
while [ $# -gt 0 ]; do
  case $1 in
    --accounting) accounting=1; shift; continue ;;
    --cgroup) cgroup=1; shift; continue ;;
  esac
  [ $# -ge 2 ] || die 64 "$1 needs a value"
  case $1 in
    --dir) dir=$2 ;;
    --nodes) nodes=$2 ;;
    --cpus) cpus=$2 ;;
    --base-port) base_port=$2 ;;
    --min-job-age) min_job_age=$2 ;;
    --kill-wait) kill_wait=$2 ;;
    --slurmd-timeout) slurmd_timeout=$2 ;;
    --max-array-size) max_array_size=$2 ;;
    --max-jobs) max_jobs=$2 ;;
    *) die 64 "there is no option $1" ;;
  esac
  shift 2
done
[ -n "$dir" ] || die 64 "--dir is needed: the folder of the cluster"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
me=$(id -un)
# On Debian daemons are in sbin, which is not on everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin
conf=$dir/etc/slurm.conf
socket=$dir/munge/socket
host=$(hostname -s)
last=$((nodes - 1))
range=n0
[ "$last" -eq 0 ] || range="n[0-$last]"

require_programs() {
  local program wanted=(slurmctld slurmd sbatch squeue scontrol munged munge)
  [ $accounting -eq 0 ] || wanted+=(slurmdbd sacctmgr sacct mariadbd mariadb mariadb-install-db)
  for program in "${wanted[@]}"; do
    [ -n "$(type -P "$program")" ] || die 69 "$program is not installed (scripts/install-test-tools.sh installs it)"
  done
}

alive() {
  local pid
  # Whoever was killed may wait to be buried: that is not alive.
  pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && ! grep -qs '^State:.Z' "/proc/$pid/status"
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
  local tries=$(($1 * 10))
  shift
  for ((; tries > 0; tries--)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  return 1
}

fail_with_log() {
  tail -n 15 "$2" >&2 2>/dev/null || true
  die 70 "$1 did not start"
}

# Loopback alone where the host's own name is loopback; Slurm refuses to be so bound where it is not.
binding() {
  if ! getent hosts "$host" >/dev/null && [ -w /etc/hosts ]; then printf '127.0.0.1 %s\n' "$host" >>/etc/hosts; fi
  case $(getent ahostsv4 "$host" | awk 'NR == 1 { print $1 }') in
    127.*) echo 'CommunicationParameters=NoCtldInAddrAny,NoInAddrAny' ;;
    *) echo '# The name of this host is not loopback: the daemons listen on all its addresses.' ;;
  esac
}

# cred_expire is how long a requeued job waits before it starts again; 5 is the least that Slurm takes.
# config_overrides lets nodes have more cores than the machine. OverMemoryKill and task/cgroup exclude each other.
slurm_conf() {
  local memory_mib i
  memory_mib=$(awk '/MemTotal/ { print int($2 / 1024 * 0.8) }' /proc/meminfo)
  cat <<CONF
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$base_port
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$socket,cred_expire=5
CredType=cred/munge
$(binding)
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
SlurmctldDebug=info
SlurmdDebug=info
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0,requeue_delay=0
PriorityType=priority/basic
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
SlurmctldTimeout=30
SlurmdTimeout=$slurmd_timeout
KillWait=$kill_wait
OverTimeLimit=0
InactiveLimit=0
MinJobAge=$min_job_age
MaxArraySize=$max_array_size
MaxJobCount=$max_jobs
JobRequeue=0
KillOnBadExit=0
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/log/jobcomp.txt
PreemptMode=REQUEUE
CONF
  if [ $cgroup -eq 1 ]; then
    printf 'ProctrackType=proctrack/cgroup\nTaskPlugin=task/cgroup\n'
  else
    printf 'ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherParams=OverMemoryKill\n'
  fi
  if [ $accounting -eq 1 ]; then
    printf 'AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageHost=127.0.0.1\nAccountingStoragePort=%s\n' $((base_port + 1))
    printf 'AccountingStoragePass=%s\nAccountingStorageEnforce=associations,limits,qos\nPreemptType=preempt/qos\n' "$socket"
  else
    printf 'AccountingStorageType=accounting_storage/none\nPreemptType=preempt/partition_prio\n'
  fi
  for ((i = 0; i <= last; i++)); do
    echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((base_port + 10 + i)) CPUs=$cpus Sockets=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=$memory_mib State=UNKNOWN"
  done
  partitions
}

# Named as on Savio: whole nodes, single cores, and one whose jobs make room for others. With accounting the QoS decides who
# makes room, and a partition that said so too would be refused.
partitions() {
  local tier_normal=' PriorityTier=10' tier_low=' PriorityTier=1' off=' PreemptMode=OFF' requeue=' PreemptMode=REQUEUE'
  [ $accounting -eq 0 ] || off='' requeue=''
  echo "PartitionName=savio3_htc Nodes=$range Default=YES MaxTime=3-00:00:00 DefaultTime=10 DefMemPerCPU=500$tier_normal$off OverSubscribe=NO State=UP"
  echo "PartitionName=savio3 Nodes=$range MaxTime=3-00:00:00 DefaultTime=10$tier_normal$off OverSubscribe=EXCLUSIVE State=UP"
  echo "PartitionName=savio3_lowprio Nodes=$range MaxTime=3-00:00:00 DefaultTime=10 DefMemPerCPU=500$tier_low$requeue OverSubscribe=NO State=UP"
}

# From 23.11 on cgroups can be switched off; 22.05 knows no such plugin and needs no file.
cgroup_conf() {
  local version
  version=$(slurmd -V | grep -oE '[0-9]+\.[0-9]+' | head -n 1)
  if [ $cgroup -eq 1 ]; then
    printf 'CgroupMountpoint=/sys/fs/cgroup\nConstrainRAMSpace=yes\nConstrainSwapSpace=yes\nAllowedSwapSpace=0\n' >"$dir/etc/cgroup.conf"
  elif [ "$(printf '23.11\n%s\n' "$version" | sort -V | head -n 1)" = 23.11 ]; then
    echo 'CgroupPlugin=disabled' >"$dir/etc/cgroup.conf"
  else
    rm -f "$dir/etc/cgroup.conf"
  fi
}

start_munge() {
  ! munge -S "$socket" -n >/dev/null 2>&1 || return 0
  rm -f "$socket" "$socket.lock" "$dir/munge/pid"
  munged --force --socket="$socket" --key-file="$dir/munge/key" --pid-file="$dir/munge/pid" \
    --log-file="$dir/log/munged.log" --seed-file="$dir/munge/seed" --num-threads=4
  wait_for 5 timeout 5 munge -S "$socket" -n || fail_with_log munged "$dir/log/munged.log"
}

sql() { timeout 15 mariadb --no-defaults -S "$dir/mysql/sock" -u"$me" "$@"; }

start_database() {
  ! alive "$dir/run/mariadb.pid" || return 0
  [ -d "$dir/mysql/data/mysql" ] ||
    mariadb-install-db --no-defaults --user="$me" --datadir="$dir/mysql/data" --auth-root-authentication-method=socket \
      --auth-root-socket-user="$me" --skip-test-db >"$dir/log/mysql-install.log" 2>&1 ||
    fail_with_log "the database" "$dir/log/mysql-install.log"
  setsid mariadbd --no-defaults --user="$me" --datadir="$dir/mysql/data" --socket="$dir/mysql/sock" --pid-file="$dir/run/mariadb.pid" \
    --bind-address=127.0.0.1 --port=$((base_port + 2)) --innodb-buffer-pool-size=64M --innodb-log-file-size=16M \
    --innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=0 --skip-name-resolve >"$dir/log/mariadb.log" 2>&1 </dev/null &
  wait_for 30 sql -e 'select 1' || fail_with_log mariadbd "$dir/log/mariadb.log"
  sql -e "create database if not exists slurm_acct_db;
    create user if not exists slurm@'127.0.0.1' identified by 'slurm';
    grant all on slurm_acct_db.* to slurm@'127.0.0.1'"
}

slurmdbd_conf() {
  cat <<CONF
AuthType=auth/munge
AuthInfo=socket=$socket,cred_expire=5
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=$((base_port + 1))
SlurmUser=$me
PidFile=$dir/run/slurmdbd.pid
LogFile=$dir/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((base_port + 2))
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CONF
}

# Accounts and QoS as on Savio: fc_test may use the common ones, co_test the one that makes room as well.
fill_accounts() {
  local user
  sacctmgr -n -P list cluster format=cluster | grep -qx lab && return 0
  {
    sacctmgr -i -Q add cluster lab
    sacctmgr -i -Q add qos savio_lowprio set Priority=0 MaxWall=3-00:00:00 PreemptMode=requeue Flags=DenyOnLimit
    sacctmgr -i -Q add qos savio_normal set Priority=100 MaxWall=3-00:00:00 Preempt=savio_lowprio PreemptMode=cancel Flags=DenyOnLimit
    sacctmgr -i -Q add qos savio_debug set Priority=200 MaxWall=03:00:00 MaxTRESPerJob=node=4 Preempt=savio_lowprio PreemptMode=cancel Flags=DenyOnLimit
    sacctmgr -i -Q add account fc_test Cluster=lab Description=test Organization=test
    sacctmgr -i -Q add account co_test Cluster=lab Description=test Organization=test
    for user in "$me" nobody; do
      sacctmgr -i -Q add user "$user" account=fc_test cluster=lab DefaultAccount=fc_test qos=savio_normal,savio_debug DefaultQOS=savio_normal
      sacctmgr -i -Q add user "$user" account=co_test cluster=lab qos=savio_normal,savio_debug,savio_lowprio DefaultQOS=savio_normal
    done
  } >"$dir/log/accounts.log" 2>&1 || fail_with_log "the accounting" "$dir/log/accounts.log"
}

start_accounting() {
  mkdir -p "$dir/mysql"
  start_database
  (umask 077 && slurmdbd_conf >"$dir/etc/slurmdbd.conf")
  if ! alive "$dir/run/slurmdbd.pid"; then
    setsid slurmdbd </dev/null >/dev/null 2>&1
    wait_for 30 timeout 15 sacctmgr -n -i list cluster || fail_with_log slurmdbd "$dir/log/slurmdbd.log"
  fi
  fill_accounts
}

controller_answers() { timeout 15 scontrol ping 2>/dev/null | grep -q UP; }

start_controller() {
  alive "$dir/run/slurmctld.pid" || setsid slurmctld -f "$conf" </dev/null >/dev/null 2>&1
  wait_for 15 controller_answers || fail_with_log slurmctld "$dir/log/slurmctld.log"
}

nodes_are_up() {
  [ "$(timeout 15 sinfo -h -N -o '%N %t' | sort -u | awk '$2 ~ /^(idle|mix|alloc|comp)$/' | wc -l)" -ge "$nodes" ]
}

# A node that was set down by hand stays so until it is told to come back, before its slurmd starts: told later, it counts as
# silent until the next ping. One that is up must not be told.
start_nodes() {
  local i
  for i in $(timeout 15 sinfo -h -N -t down,drain,fail -o %N 2>/dev/null | sort -u); do
    scontrol update nodename="$i" state=resume 2>/dev/null || true
  done
  for ((i = 0; i <= last; i++)); do
    mkdir -p "$dir/spool/n$i"
    alive "$dir/run/slurmd-n$i.pid" || setsid slurmd -f "$conf" -N "n$i" </dev/null >/dev/null 2>"$dir/log/slurmd-n$i.err"
  done
  wait_for 30 nodes_are_up || fail_with_log "a node" "$dir/log/slurmd-n$last.log"
}

require_programs
umask 022
mkdir -p "$dir"/{munge,etc,state,spool,log,run}
# munged refuses a folder that others could write to.
chmod 755 "$dir" "$dir"/{munge,etc,state,spool,log,run}
[ -s "$dir/munge/key" ] || (umask 077 && head -c 128 /dev/urandom >"$dir/munge/key")
export SLURM_CONF=$conf
slurm_conf >"$conf.new"
if cmp -s "$conf" "$conf.new"; then rm "$conf.new"; else mv "$conf.new" "$conf"; fi
cgroup_conf
start_munge
[ $accounting -eq 0 ] || start_accounting
start_controller
start_nodes
echo "export SLURM_CONF=$conf"
