import { ConfigError, InternalError, TransientError, type PipelineError } from '../../../core/errors.ts';
import type { Association } from '../parse/parse-associations.ts';

const NOTHING_DONE = 'Nothing was submitted or charged.';

/** What a person asked for and may have, as far as it is known. */
export interface RefusalContext {
  readonly account?: string | undefined;
  readonly qos?: string | undefined;
  readonly partition?: string | undefined;
  readonly associations?: readonly Association[] | undefined;
}

type Explain = (context: RefusalContext, said: string) => PipelineError;

/** What Slurm says when a script of the site refuses a job: job_submit plug-ins have no code of their own. */
const SITE_RULE = /^(Unspecified error|Job submit plugin|Error from job_submit)/i;

/**
 * Slurm's programs end with 1 whatever is wrong, so that only their words tell: one table of them, checked against 22.05, 24.11
 * and 26.05 by the same tests. What is not in it is passed on as it is.
 */
const TABLE: readonly (readonly [RegExp, Explain])[] = [
  [/does not have enough service units|not enough service units/i, explainNoUnits],
  [/Invalid account|InvalidAccount|account\/partition combination/i, explainAccount],
  [/Invalid qos|InvalidQOS/i, explainQos],
  [/invalid partition|PartitionNotAvail/i, explainPartition],
  [/MaxWall|Requested time limit is invalid/i, explainTime],
  [
    /(Max|Grp)SubmitJobs?|MaxJobs|Job limit|JobCount|Slurm temporarily unable to accept job|Resource temporarily unavailable/i,
    explainFull,
  ],
  [
    /Unable to contact|Socket timed out|Connection (refused|timed out|reset)|Zero Bytes|Transport|controller is (not responding|in standby)/i,
    explainSilence,
  ],
  [/Requested node configuration is not available|More processors requested|MaxNodePerJob|PerJob/i, explainSize],
  [/Invalid job array/i, explainArray],
  [/job submit limit/i, explainPolicy],
];

/** Turns what `sbatch` said as it refused into an error of ours. Pure. */
export function explainRefusal(said: string, context: RefusalContext): PipelineError {
  const lines = linesOf(said);
  // Where the site's own rules refuse, the words before are the site's, and may have any meaning.
  const isSiteRule = SITE_RULE.test(lines.at(-1) ?? '');
  const found = (isSiteRule ? TABLE.slice(0, 1) : TABLE).find(([sign]) => sign.test(said));
  if (found) return found[1](context, quote(lines));
  return new ConfigError('SLURM_REFUSED', 'Slurm did not take the job.', {
    why: `It says: ${quote(lines)}`,
    safe: NOTHING_DONE,
    remedy: isSiteRule
      ? '--sbatch-option NAME=VALUE   gives what the cluster asks for, such as reservation=NAME'
      : undefined,
  });
}

/** The scheduler does not answer; whether an order was taken is not known. */
export function slurmUnreachable(said: string): TransientError {
  return new TransientError('SLURM_UNREACHABLE', 'Slurm does not answer.', {
    why: said.trim() === '' ? undefined : `It says: ${quote(linesOf(said))}`,
    safe: 'Jobs that run go on; finished pages are kept.',
    remedy: 'The same command again later; it goes on.',
  });
}

function explainSilence(_: RefusalContext, said: string): PipelineError {
  return slurmUnreachable(said);
}

function explainAccount({ account, partition, associations }: RefusalContext, said: string): PipelineError {
  const yours = [...new Set(associations?.map((each) => each.account))];
  const list = yours.length === 0 ? `Slurm says: ${said}` : `Yours are: ${yours.join(', ')}.`;
  if (account !== undefined && yours.includes(account)) {
    return new ConfigError(
      'SLURM_ACCOUNT',
      `Slurm did not take the job: account ${account} may not use partition ${partition ?? '(the default)'}.`,
      {
        why: `Slurm says: ${said}`,
        safe: NOTHING_DONE,
        remedy: 'Another --partition or --qos, then the same command.',
      },
    );
  }
  return new ConfigError('SLURM_ACCOUNT', 'Slurm did not take the job: no such account.', {
    why: `${account === undefined ? 'You gave none.' : `You gave "${account}".`} ${list}`,
    safe: NOTHING_DONE,
    remedy: `ocr-pipeline config set slurm.account ${yours[0] ?? 'ACCOUNT'}   then the same command`,
  });
}

function explainQos({ qos, account, associations }: RefusalContext, said: string): PipelineError {
  const yours = [
    ...new Set(
      associations?.filter((each) => account === undefined || each.account === account).flatMap((each) => each.qos),
    ),
  ];
  return new ConfigError('SLURM_QOS', `Slurm did not take the job: QoS ${qos ?? '(the default)'} may not be used.`, {
    why:
      yours.length === 0
        ? `Slurm says: ${said}`
        : `With ${account ?? 'your accounts'} you may use: ${yours.join(', ')}.`,
    safe: NOTHING_DONE,
    remedy: 'Another --qos, or none, then the same command.',
  });
}

function explainPartition({ partition }: RefusalContext, said: string): PipelineError {
  return new ConfigError(
    'SLURM_PARTITION',
    `Slurm did not take the job: there is no partition ${partition ?? 'by default'} for you.`,
    {
      why: `Slurm says: ${said}`,
      safe: NOTHING_DONE,
      remedy: 'ocr-pipeline plan --executor slurm   shows the partitions',
    },
  );
}

function explainTime({ qos, partition }: RefusalContext, said: string): PipelineError {
  return new ConfigError('SLURM_TIME', 'Slurm did not take the job: it asks for more time than is allowed.', {
    why: `Slurm says: ${said} (partition ${partition ?? 'by default'}, QoS ${qos ?? 'by default'}).`,
    safe: NOTHING_DONE,
    remedy: 'A smaller --time, or another --qos, then the same command.',
  });
}

function explainSize(_: RefusalContext, said: string): PipelineError {
  return new ConfigError('SLURM_TOO_BIG', 'Slurm did not take the job: it asks for more than one job may have there.', {
    why: `Slurm says: ${said}`,
    safe: NOTHING_DONE,
    remedy: 'A smaller --nodes, or another --partition or --qos, then the same command.',
  });
}

function explainNoUnits({ account }: RefusalContext, said: string): PipelineError {
  return new ConfigError(
    'SLURM_NO_SU',
    `Account ${account ?? '(the default)'} has no service units left for this job.`,
    {
      why: `Slurm says: ${said}`,
      safe: `${NOTHING_DONE} All finished pages are kept.`,
      remedy: 'Another --account, or ask for more units, then the same command.',
    },
  );
}

function explainFull(_: RefusalContext, said: string): PipelineError {
  return new TransientError('SLURM_QUEUE_FULL', 'Slurm takes no more jobs at the moment.', {
    why: `It says: ${said}`,
    safe: 'Nothing was submitted; jobs that run go on.',
    remedy: 'The same command again when some have ended.',
  });
}

/** Slurm does not always say which limit it is. */
function explainPolicy({ qos, account }: RefusalContext, said: string): PipelineError {
  return new ConfigError(
    'SLURM_POLICY',
    'Slurm did not take the job: it is against a limit of the account or the QoS.',
    {
      why: `Slurm says: ${said} (account ${account ?? 'by default'}, QoS ${qos ?? 'by default'}).`,
      safe: NOTHING_DONE,
      remedy: 'A smaller --time or --nodes, or another --qos, then the same command.',
    },
  );
}

function explainArray(_: RefusalContext, said: string): PipelineError {
  return new InternalError('SLURM_ARRAY', `Slurm did not take the array of the job: ${said}`);
}

/** How much of what Slurm says a person reads: sites may print a page. */
const MOST_LINES = 20;
const MOST_CHARACTERS = 300;

/** What was said, without the names of programs before it and without a line that says nothing new. */
function linesOf(said: string): string[] {
  const lines = said.split('\n').map((line) =>
    line
      .trim()
      .replace(/^\w+: (error: )?/, '')
      .replace(/^Batch job submission failed: /, ''),
  );
  const told = [...new Set(lines.filter((line) => line !== ''))];
  return told.slice(-MOST_LINES).map((line) => line.slice(0, MOST_CHARACTERS));
}

/** One line stays in the sentence; more stand below it. */
function quote(lines: readonly string[]): string {
  return lines.length <= 1 ? (lines[0] ?? '(nothing)') : lines.map((line) => `\n  ${line}`).join('');
}
