import { AccessError } from '../../core/errors.ts';
import type { Check } from './finding.ts';

/** Can the Box folder be read, and may results be put there? Leaves nothing in Box. */
export const checkBoxFolder: Check = {
  id: 'box-folder',
  title: 'Box folder',
  async run({ settingsOrDefaults, shell: { environment } }) {
    const settings = await settingsOrDefaults();
    const { boxFolder, boxOutputFolder } = settings;
    const named = boxFolder ?? boxOutputFolder;
    if (named === undefined)
      return { status: 'skip', detail: 'none named; to look at one: doctor --box-folder FOLDER' };
    const { openBox } = await import('../../app/open-box.ts');
    // A person waits: no outage is sat out.
    using box = await openBox({ ...settings, maxWait: 5 }, environment);
    const signal = AbortSignal.timeout(25_000);
    const nothing = { below: [], recursive: true, exclude: [], scratch: '' };
    const { folder, store } = await box.openStore(named, nothing, signal);
    const { store: target } = boxOutputFolder === undefined ? { store } : await box.findTarget(boxOutputFolder, signal);
    try {
      await target.checkWritable(signal);
    } catch (error) {
      if (!(error instanceof AccessError) || error.code !== 'BOX_NO_WRITE') throw error;
      return {
        status: 'warn',
        detail: `"${folder.path}" (${folder.id}) can be read; ${error.message}`,
        remedy: {
          text: `Uploading needs Editor. Ask the folder's owner for it, or add\n--box-output-folder "box:${folder.name} OCR"`,
          commands: [],
        },
      };
    }
    return { status: 'ok', detail: `"${folder.path}" (${folder.id}) can be read, and results written` };
  },
};
