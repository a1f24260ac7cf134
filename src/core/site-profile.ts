import { ConfigError } from './errors.ts';

/** Nodes of a partition that are alike, as published. */
export interface SiteNodes {
  readonly count: number;
  readonly cores: number;
  readonly memoryGiB: number;
}

export interface SitePartition {
  readonly name: string;
  readonly nodes: readonly SiteNodes[];
  /** A job takes, and pays for, all of a node. */
  readonly wholeNodes: boolean;
  /** What a core costs an hour, in the site's unit. */
  readonly unitsPerCoreHour: number;
  readonly maxHours: number;
  /** Which of the site's sources says so. */
  readonly source: string;
}

export interface SiteQos {
  readonly name: string;
  readonly maxHours: number;
  readonly maxNodes: number;
  /** Jobs may have to make room for others, and go on later. */
  readonly preemptable: boolean;
  readonly note?: string | undefined;
  readonly source: string;
}

/** What a site publishes of its cluster: rates above all, which no scheduler tells. */
export interface SiteProfile {
  readonly name: string;
  readonly operator: string;
  /** When the sources said so: a year, a month, or a day. */
  readonly asOf: string;
  /** How far it may be trusted: `published, not measured`. */
  readonly standing: string;
  /** Where people get help. */
  readonly help?: string | undefined;
  /** What is charged: `SU`. */
  readonly unit: string;
  /** The folder for large and short-lived files; `$USER` stands for the person. */
  readonly scratch?: string | undefined;
  readonly sources: Readonly<Record<string, string>>;
  readonly partitions: readonly SitePartition[];
  readonly qos: readonly SiteQos[];
}

/** Checks that a parsed file is a site profile. @throws {ConfigError} `SITE_PROFILE`: the first thing wrong, and where. */
export function checkSiteProfile(value: unknown, file: string): SiteProfile {
  const reader = new Reader(file);
  const profile = reader.object(value, 'the file');
  const sources = reader.object(profile['sources'], 'sources');
  const known = Object.fromEntries(
    Object.entries(sources).map(([name, text]) => [name, reader.text(text, `sources.${name}`)]),
  );
  const source = (given: unknown, where: string): string => {
    const name = reader.text(given, where);
    return name in known ? name : reader.fail(where, `names "${name}", which is not among the sources`);
  };
  return {
    name: reader.text(profile['name'], 'name'),
    operator: reader.text(profile['operator'], 'operator'),
    asOf: reader.text(profile['asOf'], 'asOf', /^\d{4}(-\d\d){0,2}$/),
    standing: reader.text(profile['standing'], 'standing'),
    help: reader.optionalText(profile['help'], 'help'),
    unit: reader.text(profile['unit'], 'unit'),
    scratch: reader.optionalText(profile['scratch'], 'scratch'),
    sources: known,
    partitions: reader.list(profile['partitions'], 'partitions').map(([entry, where]) => ({
      name: reader.text(entry['name'], `${where}.name`),
      nodes: reader.list(entry['nodes'], `${where}.nodes`).map(([nodes, at]) => ({
        count: reader.number(nodes['count'], `${at}.count`, 1),
        cores: reader.number(nodes['cores'], `${at}.cores`, 1),
        memoryGiB: reader.number(nodes['memoryGiB'], `${at}.memoryGiB`, 1),
      })),
      wholeNodes: reader.truth(entry['wholeNodes'], `${where}.wholeNodes`),
      unitsPerCoreHour: reader.number(entry['unitsPerCoreHour'], `${where}.unitsPerCoreHour`, 0),
      maxHours: reader.number(entry['maxHours'], `${where}.maxHours`, 0.01),
      source: source(entry['source'], `${where}.source`),
    })),
    qos: reader.list(profile['qos'], 'qos').map(([entry, where]) => ({
      name: reader.text(entry['name'], `${where}.name`),
      maxHours: reader.number(entry['maxHours'], `${where}.maxHours`, 0.01),
      maxNodes: reader.number(entry['maxNodes'], `${where}.maxNodes`, 1),
      preemptable: reader.truth(entry['preemptable'], `${where}.preemptable`),
      note: reader.optionalText(entry['note'], `${where}.note`),
      source: source(entry['source'], `${where}.source`),
    })),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads one value each and knows where it stands. */
class Reader {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  fail(where: string, problem: string): never {
    throw new ConfigError('SITE_PROFILE', `${this.#file}: ${where} ${problem}.`, {
      safe: 'Nothing was started.',
      remedy: 'Correct it; slurm/savio.json beside the program shows how such a file looks.',
    });
  }

  object(value: unknown, where: string): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail(where, 'must be an object');
    return Object.fromEntries(Object.entries(value));
  }

  list(value: unknown, where: string): readonly (readonly [Fields, string])[] {
    if (!Array.isArray(value) || value.length === 0) this.fail(where, 'must be a list that is not empty');
    return value.map((entry: unknown, index) => [this.object(entry, `${where}[${index}]`), `${where}[${index}]`]);
  }

  text(value: unknown, where: string, pattern = /\S/): string {
    return typeof value === 'string' && pattern.test(value)
      ? value
      : this.fail(where, `must be a text${pattern.source === '\\S' ? '' : ` like ${pattern.source}`}`);
  }

  optionalText(value: unknown, where: string): string | undefined {
    return value === undefined ? undefined : this.text(value, where);
  }

  number(value: unknown, where: string, least: number): number {
    return typeof value === 'number' && Number.isFinite(value) && value >= least
      ? value
      : this.fail(where, `must be a number, ${least} or more`);
  }

  truth(value: unknown, where: string): boolean {
    return typeof value === 'boolean' ? value : this.fail(where, 'must be true or false');
  }
}
