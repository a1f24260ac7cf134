import type { EmulatorClock } from './clock.ts';
import type { JwtPolicy } from './jwt-assertion.ts';
import type { RateLimits } from './rate-limiter.ts';

/** All may be left out: then a strict Box without rate limits, on the machine's clock, with free ports. */
export interface BoxEmulatorOptions {
  readonly clock?: EmulatorClock | undefined;
  /** Ports on 127.0.0.1; free ones when absent. */
  readonly apiPort?: number | undefined;
  readonly downloadPort?: number | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly redirectUris?: readonly string[] | undefined;
  readonly consent?: 'approve' | 'deny' | undefined;
  /** A used refresh token answers with the same new pair for so long; 0 (the default) never. */
  readonly refreshGraceMs?: number | undefined;
  /** Public key of the app for JWT logins. */
  readonly jwt?: JwtPolicy | undefined;
  /** Box has 1000 calls and 240 uploads a minute; none when absent. */
  readonly rateLimits?: RateLimits | undefined;
  /** Size of the parts of chunked uploads; Box chooses 8 MiB and more. */
  readonly partBytes?: number | undefined;
  /** Smallest chunked upload; Box: 20 MB. */
  readonly minimumChunkedBytes?: number | undefined;
  /** Largest upload in one request; Box: 50 MB. */
  readonly maxDirectUploadBytes?: number | undefined;
  /** Answers of 202 before a commit is done. */
  readonly pendingCommitAnswers?: number | undefined;
  readonly storageLimitBytes?: number | undefined;
  /** What becomes of a name that is uploaded or created; Box may clean names. */
  readonly sanitiseName?: ((name: string) => string) | undefined;
  /** Folder for the temporary folder that large contents go to. */
  readonly tempFolder?: string | undefined;
}

export const DEFAULTS = {
  clientId: 'emulated-client-id',
  clientSecret: 'emulated-client-secret',
  partBytes: 8 * 1024 * 1024,
  minimumChunkedBytes: 20_000_000,
  // Binary: rclone sends files up to 50 MiB in one request.
  maxDirectUploadBytes: 50 * 1024 * 1024,
} as const;

/** The person who owns the account. */
export const OWNER = { id: '20000000001', name: 'Emulated Owner', login: 'owner@example.org' } as const;
/** Who CCG and JWT log in as. */
export const SERVICE_ACCOUNT = {
  id: '20000000002',
  name: 'Emulated Service Account',
  login: 'AutomationUser_emulated@boxdevedition.com',
} as const;
