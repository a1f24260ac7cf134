import { createHash } from 'node:crypto';
import type { EndpointName } from './call.ts';
import { FAULTS, type NamedFault } from './fault-catalogue.ts';
import type { FaultEffect } from './fault-effect.ts';
import type { RequestRecord } from './request-log.ts';

export interface FaultRule {
  readonly endpoint: EndpointName | readonly EndpointName[] | 'any';
  /** The first call it hits, 1-based, counted from now among those it is for; 1 when absent. */
  readonly nth?: number | undefined;
  /** How many calls in a row it hits; 1 when absent. */
  readonly times?: number | undefined;
  /** Narrows the calls it is for. */
  readonly where?: ((record: RequestRecord) => boolean) | undefined;
  readonly effect: FaultEffect;
  readonly name?: string | undefined;
}

export interface RandomFaults {
  readonly seed: number;
  /** Of each call, 0 to 1. */
  readonly probability: number;
  /** Absent: all of the catalogue that end by themselves. */
  readonly faults?: readonly NamedFault[] | undefined;
  readonly endpoints?: readonly EndpointName[] | undefined;
}

export interface PlannedFault {
  readonly name: string;
  readonly effect: FaultEffect;
}

/** A rule in force. */
export interface FaultHandle {
  /** Calls it has hit so far. */
  readonly hits: number;
  remove(): void;
}

interface Armed {
  readonly rule: FaultRule;
  seen: number;
  hits: number;
}

/** Which calls go wrong, and how: by endpoint and number, or by seed and probability. */
export class FaultPlan {
  #armed: Armed[] = [];
  #random: (RandomFaults & { calls: Map<string, number> }) | undefined;
  #hits = 0;

  /** Calls that met a fault. */
  get hits(): number {
    return this.#hits;
  }

  add(rule: FaultRule): FaultHandle {
    if (rule.nth !== undefined && !(rule.nth >= 1)) throw new RangeError('nth is 1-based');
    const armed: Armed = { rule, seen: 0, hits: 0 };
    this.#armed.push(armed);
    return {
      get hits() {
        return armed.hits;
      },
      remove: () => {
        this.#armed = this.#armed.filter((other) => other !== armed);
      },
    };
  }

  /** Replaces the random faults. The nth call of an endpoint meets the same fate for the same seed. */
  setRandom(random: RandomFaults): void {
    this.#random = { ...random, calls: new Map() };
  }

  clear(): void {
    this.#armed = [];
    this.#random = undefined;
  }

  /** The faults of this call, rules first; called once a call. */
  take(record: RequestRecord): PlannedFault[] {
    const planned: PlannedFault[] = [];
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (!isFor(rule.endpoint, record.endpoint) || rule.where?.(record) === false) continue;
      const first = rule.nth ?? 1;
      armed.seen++;
      if (armed.seen < first || armed.seen >= first + (rule.times ?? 1)) continue;
      armed.hits++;
      planned.push({ name: rule.name ?? nameOf(rule.effect), effect: rule.effect });
    }
    const chosen = this.#random && chooseRandom(this.#random, record);
    if (chosen) planned.push({ name: chosen.name, effect: chosen.effect });
    if (planned.length > 0) this.#hits++;
    return planned;
  }
}

function isFor(wanted: FaultRule['endpoint'], endpoint: RequestRecord['endpoint']): boolean {
  return wanted === 'any' || wanted === endpoint || (Array.isArray(wanted) && wanted.includes(endpoint));
}

function nameOf(effect: FaultEffect): string {
  switch (effect.kind) {
    case 'answer':
      return `answer ${effect.status}${effect.executed ? ' after it was done' : ''}`;
    case 'no-answer':
      return `${effect.how}${effect.executed ? ' after it was done' : ''}`;
    case 'body':
      return `body ${effect.change}`;
    default:
      return effect.kind;
  }
}

function chooseRandom(
  random: RandomFaults & { calls: Map<string, number> },
  record: RequestRecord,
): NamedFault | undefined {
  const endpoint = record.endpoint;
  if (endpoint === 'unknown' || random.endpoints?.includes(endpoint) === false) return undefined;
  const call = (random.calls.get(endpoint) ?? 0) + 1;
  random.calls.set(endpoint, call);
  const [whether, which] = twoFractions(`${random.seed} ${endpoint} ${call}`);
  if (whether >= random.probability) return undefined;
  const faults = random.faults ?? FAULTS.filter((fault) => fault.ends === 'by-itself');
  const usable = faults.filter((fault) => fault.endpoints.includes(endpoint));
  return usable[Math.floor(which * usable.length)];
}

/** Two numbers in [0, 1) that depend on the text alone. */
function twoFractions(text: string): [number, number] {
  const digest = createHash('sha256').update(text).digest();
  return [digest.readUInt32BE(0) / 2 ** 32, digest.readUInt32BE(4) / 2 ** 32];
}
