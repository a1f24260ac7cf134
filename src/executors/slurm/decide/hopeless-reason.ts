import type { ErrorRecord } from '../../../core/errors.ts';

/** A table of reasons: how they begin or end, what that means, and what helps. Codes are those of refusals at submission. */
const REASONS: readonly {
  readonly sign: RegExp;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}[] = [
  {
    sign: /^(PartitionTimeLimit|.*MaxWallDurationPerJobLimit|QOSTimeLimit)/,
    code: 'SLURM_TIME',
    message: 'The job asks for more time than its partition or QoS allows.',
    remedy: 'A smaller --time, or a --qos that allows more, then the same command.',
  },
  {
    sign: /^(PartitionNodeLimit|.*Max(Node|CPU|Cpu|TRES|Memory|GRES|Billing)\w*PerJob\w*|QOSMin\w+|AssocMax(Cpu|CPU|Node)\w*PerJob\w*)/,
    code: 'SLURM_TOO_BIG',
    message: 'The job asks for more nodes, cores or memory than one job may have there.',
    remedy: 'A smaller --nodes, or another --partition or --qos, then the same command.',
  },
  {
    sign: /^(PartitionConfig|BadConstraints|NodeNotAvailable)/,
    code: 'SLURM_PARTITION',
    message: 'No node of the partition has what the job asks for.',
    remedy: 'Another --partition: ocr-pipeline plan --executor slurm   shows them.',
  },
  {
    sign: /^(PartitionDown|PartitionInactive)/,
    code: 'SLURM_PARTITION',
    message: 'The partition is closed at the moment.',
    remedy: 'Another --partition, or wait until the staff open it again.',
  },
  {
    sign: /^(InvalidAccount|AccountNotAllowed|Account_?NotAllowed)/,
    code: 'SLURM_ACCOUNT',
    message: 'The account may not be used there.',
    remedy: 'Another --account: ocr-pipeline doctor slurm   lists yours.',
  },
  {
    sign: /^(InvalidQOS|QOSNotAllowed|QOS_?NotAllowed)/,
    code: 'SLURM_QOS',
    message: 'The QoS may not be used there.',
    remedy: 'Another --qos: ocr-pipeline doctor slurm   lists yours.',
  },
  {
    sign: /^(AssocGrp|QOSGrp|MaxBilling)\w*(Minutes|Mins|RunMinutes)/,
    code: 'SLURM_NO_SU',
    message: 'The account has no service units left for this job.',
    remedy: 'Another --account, or ask for more units, then the same command.',
  },
  {
    sign: /^(DependencyNeverSatisfied|JobHeldUser|JobHeldAdmin|JobHoldMaxRequeue|JobHeld)/,
    code: 'SLURM_HELD',
    message: 'The job is held and will not start by itself.',
    remedy: 'Ask whoever holds it; or  ocr-pipeline resume  orders its work anew.',
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
