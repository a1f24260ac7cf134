import type { BoxTree } from './box-tree.ts';
import type { EmulatorClock } from './clock.ts';
import type { ContentStore } from './contents.ts';
import type { DownloadLinks } from './download-links.ts';
import type { JwtPolicy } from './jwt-assertion.ts';
import type { EmulatedUser, Tokens } from './tokens.ts';
import type { UploadSessions } from './upload-sessions.ts';

/** All that the endpoints work on. */
export interface BoxState {
  readonly clock: EmulatorClock;
  readonly tree: BoxTree;
  readonly contents: ContentStore;
  readonly tokens: Tokens;
  readonly sessions: UploadSessions;
  readonly links: DownloadLinks;
  readonly settings: BoxSettings;
  /** What shared links stand for. */
  readonly sharedLinks: Map<string, SharedLink>;
}

export interface SharedLink {
  readonly itemId: string;
  readonly password?: string | undefined;
}

export interface BoxSettings {
  /** The person: owns the root folder and logs in by OAuth. */
  readonly owner: EmulatedUser;
  /** Who CCG and JWT log in as: sees only the folders it was given a role in. */
  readonly serviceAccount: EmulatedUser;
  readonly jwt: JwtPolicy | undefined;
  /** Redirect addresses of the app beside loopback ones, which may have any port. */
  readonly redirectUris: readonly string[];
  /** What the person answers when asked to let the app in. */
  consent: 'approve' | 'deny';
  /** Larger uploads in one request are refused with 413. */
  readonly maxDirectUploadBytes: number;
  /** Bytes of all current versions together that the account may hold. */
  storageLimitBytes: number;
  /** What becomes of a name that is uploaded or created. */
  sanitiseName: (name: string) => string;
}
