import type { ErrorRecord } from '../../../core/errors.ts';

/**
 * Reasons to wait that cannot pass as long as the job asks for what it asks for: job_reason_codes of 22.05 to 26.05, and
 * squeue(1), JOB REASON CODES. Whatever is not here passes: other jobs end, a partition opens, usage decays, somebody lets
 * go. What must not be here: limits of a group, an account or a person (`Grp`, `PerUser`, `PerAccount`, `RunMinutes`), and
 * what is closed for a while. Codes are those of refusals at submission.
 */
const REASONS: readonly {
  readonly sign: RegExp;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}[] = [
  {
    sign: /^(PartitionTimeLimit|(QOS|Assoc)MaxWallDurationPerJobLimit|(QOS|Association|Assoc)TimeLimit)$/,
    code: 'SLURM_TIME',
    message: 'The job asks for more time than its partition or QoS allows.',
    remedy: 'A smaller --time, or a --qos that allows more, then the same command.',
  },
  {
    sign: /^(PartitionNodeLimit|MaxMemPerLimit|(QOS|Assoc)Max[A-Za-z]+Per(Job|Node)(Limit)?|QOSMin\w+)$/,
    code: 'SLURM_TOO_BIG',
    message: 'The job asks for more nodes, cores or memory than one job may have there, or for less than it must.',
    remedy: 'Another --nodes, --cores or --time, or another --partition or --qos, then the same command.',
  },
  {
    sign: /^(PartitionConfig|BadConstraints)$/,
    code: 'SLURM_PARTITION',
    message: 'No node of the partition has what the job asks for.',
    remedy: 'Another --partition: ocr-pipeline plan --executor slurm   shows them.',
  },
  {
    sign: /^(ReservationDeleted|RequiresReservation)$/,
    code: 'SLURM_RESERVATION',
    message: 'The reservation that the job asks for is gone, or the partition demands one.',
    remedy: '--sbatch-option reservation=NAME with one that there is: scontrol show reservation   lists them.',
  },
  {
    sign: /^(InvalidAccount|Account_?NotAllowed)$/,
    code: 'SLURM_ACCOUNT',
    message: 'The account may not be used there.',
    remedy: 'Another --account: ocr-pipeline doctor slurm   lists yours.',
  },
  {
    sign: /^(InvalidQOS|QOS_?NotAllowed)$/,
    code: 'SLURM_QOS',
    message: 'The QoS may not be used there.',
    remedy: 'Another --qos: ocr-pipeline doctor slurm   lists yours.',
  },
  {
    // Not the minutes of what runs at the moment: those come back as jobs end.
    sign: /^(AssocGrp|QOSGrp)(?!\w*RunMinutes)\w*Minutes(Limit)?$/,
    code: 'SLURM_NO_SU',
    message: 'The account has no service units left for this job.',
    remedy: 'Another --account, or ask for more units, then the same command.',
  },
  {
    sign: /^(DependencyNeverSatisfied|JobHoldMaxRequeue|MaxRequeueExceeded)$/,
    code: 'SLURM_HELD',
    message: 'The job is held and will not start by itself.',
    remedy: 'ocr-pipeline resume   orders its work anew.',
  },
];

/**
 * Says why a job that waits for this reason would wait for ever; undefined when it waits its turn. A reason may be passing
 * while Slurm starts up: believe it when it was seen twice. Pure.
 */
export function hopelessReason(reason: string): ErrorRecord | undefined {
  const found = REASONS.find(({ sign }) => sign.test(reason));
  return (
    found && {
      family: 'ConfigError',
      code: found.code,
      message: found.message,
      why: `Slurm says: ${reason}. It would wait for ever.`,
      safe: 'All finished pages are kept.',
      remedy: found.remedy,
    }
  );
}
