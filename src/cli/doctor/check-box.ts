import { AccessError } from '../../core/errors.ts';
import type { Check } from './finding.ts';

/** Does the Box login work? Skipped where nothing says that Box is used. */
export const checkBox: Check = {
  id: 'box',
  title: 'Box login',
  async run({ settingsOrDefaults, openBox }) {
    try {
      // A person waits: no outage is sat out.
      const box = openBox({ ...(await settingsOrDefaults()), maxWait: 5 });
      const { user, kind, warning, lastsUnusedDays } = await box.whoAmI(AbortSignal.timeout(25_000));
      if (warning !== undefined) return { status: 'warn', detail: `${user.login}; ${warning}` };
      return {
        status: 'ok',
        detail:
          kind === 'app'
            ? `${user.login}, a service account`
            : `${user.login}; good if used every ${lastsUnusedDays} days`,
      };
    } catch (error) {
      if (error instanceof AccessError && error.code === 'BOX_NOT_LOGGED_IN')
        return { status: 'skip', detail: 'not logged in; needed for scans on Box' };
      throw error;
    }
  },
};
