import type { Check } from './finding.ts';

/** Can the Box folder be read, and may results be put there? Leaves nothing in Box. */
export const checkBoxFolder: Check = {
  id: 'box-folder',
  title: 'Box folder',
  async run({ settingsOrDefaults, openBox }) {
    const settings = await settingsOrDefaults();
    const { boxFolder, boxOutputFolder } = settings;
    const named = boxFolder ?? boxOutputFolder;
    if (named === undefined)
      return { status: 'skip', detail: 'none named; to look at one: doctor --box-folder FOLDER' };
    // A person waits: no outage is sat out.
    const box = openBox({ ...settings, maxWait: 5 });
    const { folder, whyNotWritable } = await box.checkFolder(named, boxOutputFolder, AbortSignal.timeout(25_000));
    const readable = `"${folder.path}" (${folder.id}) can be read`;
    if (whyNotWritable === undefined) return { status: 'ok', detail: `${readable}, and results written` };
    return {
      status: 'warn',
      detail: `${readable}; ${whyNotWritable}`,
      remedy: {
        text: `Uploading needs Editor. Ask the folder's owner for it, or add\n--box-output-folder "box:${folder.name} OCR"`,
        commands: [`ocr-pipeline doctor box --box-folder ${folder.id} --box-output-folder "box:${folder.name} OCR"`],
      },
    };
  },
};
