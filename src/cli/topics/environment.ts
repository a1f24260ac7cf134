import { environmentName, SETTING_NAMES, SETTINGS } from '../../core/config/settings-table.ts';

const rows = SETTING_NAMES.map((name) => {
  const setting = SETTINGS[name];
  return `  ${environmentName(setting).padEnd(34)}${setting.flagless ? '' : `--${setting.flag}`}`.trimEnd();
});

/** Variables the program looks at. */
export const text = `ENVIRONMENT

  Each setting has a variable; an empty one counts as not set. Of lists, one
  item a line.

${rows.join('\n')}

  BOX_DEVELOPER_TOKEN           a Box login for an hour, for a first try
  HTTPS_PROXY, NO_PROXY         the way to Box through a proxy
  OCR_PIPELINE_SITE_FILE        the site's configuration file
  XDG_CONFIG_HOME               where your own file is, instead of ~/.config
  TESSDATA_PREFIX               where Tesseract keeps its language data
  SLURM_CPUS_PER_TASK, SLURM_CPUS_ON_NODE
                                limit the pages read at once
  NO_COLOR, FORCE_COLOR         no colours, or colours everywhere
  TERM=dumb, ACCESSIBLE=1       plain lines instead of redrawn ones`;
