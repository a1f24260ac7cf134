import type { SitePartition, SiteProfile } from '../../../core/site-profile.ts';
import type { PlanEstimate } from '../../../core/run-estimate.ts';
import type { Association } from '../parse/parse-associations.ts';
import type { Partition } from '../parse/parse-partitions.ts';
import { planTasks, type NodeShape } from './plan-tasks.ts';

/** A job starts its container, and waits for its last page, for about as long. */
const OVERHEAD_SECONDS = 45;
/** Pages of one chunk, for the estimate. */
const CHUNK_PAGES = 80;
/** Pages differ, and so do processors: the range around what was measured here. */
const SPREAD = 0.3;
/** More rows would not help to choose. */
const MOST_ROWS = 5;

/** What is to be priced, and how much is asked for. */
export interface PricedWork {
  readonly pages: number;
  /** Of one core, measured on sample pages; absent where none could be read. */
  readonly secondsAPage?: number | undefined;
  readonly workerMemoryMiB: number;
  readonly nodes: number;
  readonly cores?: number | undefined;
  readonly minutes?: number | undefined;
  /** The partition that was asked for. */
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
}

/** What is known of the cluster, each part from who knows it: partitions from Slurm, rates from the site. */
export interface ClusterFacts {
  readonly partitions?: readonly Partition[] | undefined;
  readonly associations?: readonly Association[] | undefined;
  readonly site?: SiteProfile | undefined;
}

interface Offer {
  readonly name: string;
  readonly shape: NodeShape;
  readonly rate?: number | undefined;
  readonly isDefault: boolean;
  readonly isPreemptable: boolean;
}

/** Prices work on each partition that could do it, cheapest first, and suggests one. Pure. */
export function priceRun(work: PricedWork, facts: ClusterFacts): readonly PlanEstimate[] {
  const offers = chooseOffers(work, facts);
  const rows = offers.map((offer) => ({ offer, ...estimate(offer, work, facts.site?.unit ?? 'SU') }));
  const order = rows.toSorted(
    (a, b) => (a.cost?.high ?? Infinity) - (b.cost?.high ?? Infinity) || (a.seconds?.[1] ?? 0) - (b.seconds?.[1] ?? 0),
  );
  const suggested =
    order.find(({ offer }) => offer.name === work.partition) ??
    (facts.site
      ? (order.find(({ offer }) => !offer.isPreemptable) ?? order[0])
      : order.find(({ offer }) => offer.isDefault));
  const shown = order.slice(0, MOST_ROWS);
  if (suggested && !shown.includes(suggested)) shown.splice(-1, 1, suggested);
  return shown.map(({ offer, ...row }) => ({ ...row, suggested: offer === suggested?.offer }));
}

function chooseOffers(work: PricedWork, { partitions, associations, site }: ClusterFacts): Offer[] {
  const published = new Map(site?.partitions.map((partition) => [partition.name, partition]));
  const accounts = work.account !== undefined ? [work.account] : associations?.map(({ account }) => account);
  if (!partitions) return [...published.values()].map((partition) => offerOfSite(partition, work));
  const usable = partitions.filter(
    ({ name, isUp, isHidden, nodeKinds, allowedAccounts }) =>
      isUp &&
      (!isHidden || name === work.partition) &&
      nodeKinds.length > 0 &&
      (allowedAccounts.length === 0 || !accounts || allowedAccounts.some((account) => accounts.includes(account))),
  );
  const known = usable.filter(
    ({ name, isDefault }) =>
      published.has(name) || name === work.partition || (!site && (isDefault || usable.length <= MOST_ROWS)),
  );
  return known.map((partition) => ({
    name: partition.name,
    rate: published.get(partition.name)?.unitsPerCoreHour,
    isDefault: partition.isDefault,
    isPreemptable: partition.isPreemptable,
    shape: shapeOf(partition, work),
  }));
}

function shapeOf({ nodeKinds, wholeNodes, maxMinutes, maxNodes }: Partition, { nodes, cores }: PricedWork): NodeShape {
  return {
    coresPerNode: Math.min(...nodeKinds.map((kind) => kind.cores)),
    memoryMiB: Math.min(...nodeKinds.map((kind) => kind.memoryMiB)),
    wholeNodes,
    nodes: Math.min(nodes, maxNodes ?? nodes),
    coresWanted: cores,
    maxMinutes,
  };
}

function offerOfSite({ name, nodes, wholeNodes, unitsPerCoreHour, maxHours }: SitePartition, work: PricedWork): Offer {
  return {
    name,
    rate: unitsPerCoreHour,
    isDefault: false,
    isPreemptable: false,
    shape: {
      coresPerNode: Math.min(...nodes.map(({ cores }) => cores)),
      memoryMiB: Math.min(...nodes.map(({ memoryGiB }) => memoryGiB)) * 1024,
      wholeNodes,
      nodes: work.nodes,
      coresWanted: work.cores,
      maxMinutes: maxHours * 60,
    },
  };
}

function estimate({ name, shape, rate }: Offer, work: PricedWork, unit: string): Omit<PlanEstimate, 'suggested'> {
  const { pages, secondsAPage, workerMemoryMiB, minutes } = work;
  const chunks = Array.from({ length: Math.ceil(pages / CHUNK_PAGES) }, (_, index) => ({
    id: String(index),
    pages: Math.min(CHUNK_PAGES, pages - index * CHUNK_PAGES),
  }));
  const plan = planTasks(chunks, {
    shape,
    secondsAPage: secondsAPage ?? 1,
    workerMemoryMiB,
    maxArraySize: Infinity,
    minutes,
  });
  const { coresPerTask, maxWorkers, atOnce, tasks } = plan;
  const where = `${name}${shape.wholeNodes ? ' (whole node)' : ''}${atOnce > 1 ? ` x ${atOnce}` : ''}`;
  const cores = coresPerTask * atOnce;
  if (secondsAPage === undefined || pages === 0) return { where, cores };
  const busySeconds = (pages * secondsAPage) / Math.min(coresPerTask, maxWorkers);
  const spent = (factor: number): number => busySeconds * factor + tasks.length * OVERHEAD_SECONDS;
  const rounds = Math.max(1, Math.ceil(tasks.length / atOnce));
  const longest = Math.max(0, ...tasks.map((task) => task.pages)) / (pages / tasks.length);
  const lasts = (factor: number): number =>
    ((busySeconds * factor * longest) / tasks.length + OVERHEAD_SECONDS) * rounds;
  const cost = (factor: number): number => ((spent(factor) * coresPerTask) / 3_600) * (rate ?? 0);
  return {
    where,
    cores,
    seconds: [lasts(1 - SPREAD), lasts(1 + SPREAD)],
    cost: rate === undefined ? undefined : { unit, low: cost(1 - SPREAD), high: cost(1 + SPREAD) },
  };
}
