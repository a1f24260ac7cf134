import { quoteValue } from '../core/quote-value.ts';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import { UnfitFileError } from '../files/open-regular.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { checkSiteProfile, type SiteProfile } from '../core/site-profile.ts';

/** Profiles that come with the program. */
const FOLDER = resolve(import.meta.dirname, '../../slurm');
const NAME = /^[\w-]+$/;

/**
 * Loads a site's profile: one that comes with the program, by its name, or a file.
 * @throws {ConfigError} `SITE_UNKNOWN`: there is none; `SITE_PROFILE`: it is not as it should be.
 */
export async function loadSiteProfile(site: string): Promise<SiteProfile> {
  const file = NAME.test(site) ? join(FOLDER, `${site}.json`) : resolve(site);
  let text: string;
  try {
    ({ text } = await readSmallFile(file));
  } catch (cause) {
    if (cause instanceof UnfitFileError)
      throw new ConfigError('SITE_PROFILE', `${site} ${cause.problem}.`, { safe: 'Nothing was started.' }, { cause });
    const here = (await readdir(FOLDER).catch(() => []))
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length));
    throw new ConfigError(
      'SITE_UNKNOWN',
      `There is no site profile ${quoteValue(site)}.`,
      {
        why: `Those that come with the program: ${here.join(', ')}.`,
        safe: 'Nothing was started.',
        remedy: '--site NAME, or --site FILE',
      },
      { cause },
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError('SITE_PROFILE', `${site} is not valid JSON.`, { safe: 'Nothing was started.' }, { cause });
  }
  return checkSiteProfile(parsed, site);
}
