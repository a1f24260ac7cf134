import type { Check } from './finding.ts';

/** Does the Box login work? Skipped where nothing says that Box is used. */
export const checkBox: Check = {
  id: 'box',
  title: 'Box login',
  async run({ settingsOrDefaults, shell }) {
    const settings = await settingsOrDefaults();
    const { defaultLoginFile, readLogin } = await import('../../stores/box/login/login-file.ts');
    const { environment } = shell;
    const kept = await readLogin(settings.boxLoginFile ?? defaultLoginFile(environment));
    if (!kept && (environment['BOX_DEVELOPER_TOKEN'] ?? '') === '')
      return { status: 'skip', detail: 'not logged in; needed for scans on Box' };
    const { openBox } = await import('../../app/open-box.ts');
    // A person waits: no outage is sat out.
    using box = await openBox({ ...settings, maxWait: 5 }, environment);
    const { opened, user } = await box.who(AbortSignal.timeout(25_000));
    if (opened.warning !== undefined) return { status: 'warn', detail: `${user.login}; ${opened.warning}` };
    return {
      status: 'ok',
      detail: opened.kind === 'app' ? `${user.login}, a service account` : `${user.login}; good if used every 60 days`,
    };
  },
};
