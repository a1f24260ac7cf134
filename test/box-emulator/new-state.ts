import type { BoxState } from './box-state.ts';
import { BoxTree } from './box-tree.ts';
import { realClock } from './clock.ts';
import { ContentStore } from './contents.ts';
import { DownloadLinks } from './download-links.ts';
import { DEFAULTS, OWNER, SERVICE_ACCOUNT, type BoxEmulatorOptions } from './emulator-options.ts';
import { Tokens } from './tokens.ts';
import { UploadSessions } from './upload-sessions.ts';

/** An empty account as the options want it. Its sessions and contents are to be closed. */
export async function newState(options: BoxEmulatorOptions): Promise<BoxState> {
  const clock = options.clock ?? realClock;
  const contents = await ContentStore.open(options.tempFolder);
  const tokens = new Tokens(clock, {
    clientId: options.clientId ?? DEFAULTS.clientId,
    clientSecret: options.clientSecret ?? DEFAULTS.clientSecret,
    refreshGraceMs: options.refreshGraceMs ?? 0,
  });
  return {
    clock,
    contents,
    tokens,
    tree: new BoxTree(clock, OWNER.id),
    sharedLinks: new Map(),
    links: new DownloadLinks(clock, tokens.secrets),
    sessions: new UploadSessions(clock, contents, {
      partBytes: options.partBytes ?? DEFAULTS.partBytes,
      minimumBytes: options.minimumChunkedBytes ?? DEFAULTS.minimumChunkedBytes,
      pendingCommitAnswers: options.pendingCommitAnswers ?? 0,
    }),
    settings: {
      owner: OWNER,
      serviceAccount: SERVICE_ACCOUNT,
      jwt: options.jwt,
      redirectUris: options.redirectUris ?? [],
      consent: options.consent ?? 'approve',
      maxDirectUploadBytes: options.maxDirectUploadBytes ?? DEFAULTS.maxDirectUploadBytes,
      storageLimitBytes: options.storageLimitBytes ?? Infinity,
      sanitiseName: options.sanitiseName ?? ((name) => name),
    },
  };
}
