import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { oauthProblem, unauthorized } from './api-problem.ts';
import type { EmulatorClock } from './clock.ts';

// Box, "Authorization": code 30 s, access token 60 min, refresh token 60 days and one use.
const CODE_MS = 30_000;
const ACCESS_MS = 3_600_000;
const REFRESH_MS = 60 * 86_400_000;

export interface EmulatedUser {
  readonly id: string;
  readonly name: string;
  readonly login: string;
}

export type Scope = 'root_readwrite' | 'root_readonly';

/** What the token endpoint answers with. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in: number;
  readonly token_type: 'bearer';
  readonly restricted_to: readonly [];
}

export interface TokenPolicy {
  readonly clientId: string;
  readonly clientSecret: string;
  /**
   * How long a used refresh token still answers with the pair it was exchanged for; 0 is strict: one use, whatever
   * happened to the answer.
   */
  readonly refreshGraceMs: number;
}

interface Access {
  readonly user: EmulatedUser;
  readonly scope: Scope;
  expiresAtMs: number;
  readonly login: number;
}

interface Refresh extends Access {
  usedAtMs: number | undefined;
  successor: TokenAnswer | undefined;
}

interface Code {
  readonly user: EmulatedUser;
  readonly scope: Scope;
  readonly redirectUri: string | undefined;
  readonly expiresAtMs: number;
  used: boolean;
}

/** The tokens of the account: issues, checks, exchanges and revokes them, and remembers misuse. */
export class Tokens {
  /** Times a refresh token was sent after it had been exchanged. */
  usedRefreshTokensSent = 0;
  /** Every secret handed out, so that a test can look for them in what a program leaves behind. */
  readonly secrets = new Set<string>();
  readonly #access = new Map<string, Access>();
  readonly #refresh = new Map<string, Refresh>();
  readonly #codes = new Map<string, Code>();
  readonly #clock: EmulatorClock;
  readonly #policy: TokenPolicy;
  #logins = 0;

  constructor(clock: EmulatorClock, policy: TokenPolicy) {
    this.#clock = clock;
    this.#policy = policy;
    this.secrets.add(policy.clientSecret);
  }

  /** @throws {ApiProblem} 401 with an empty body: unknown, expired or revoked. */
  check(accessToken: string | undefined): { user: EmulatedUser; scope: Scope } {
    if (accessToken === undefined) throw unauthorized(undefined);
    const access = this.#access.get(accessToken);
    if (!access) throw unauthorized('invalid_token');
    if (access.expiresAtMs <= this.#clock.nowMs()) throw unauthorized('expired_token');
    return access;
  }

  newCode(user: EmulatedUser, redirectUri: string | undefined, scope: Scope): string {
    const code = this.#newSecret();
    const expiresAtMs = this.#clock.nowMs() + CODE_MS;
    this.#codes.set(code, { user, scope, redirectUri, expiresAtMs, used: false });
    return code;
  }

  /** @throws {ApiProblem} 400 `invalid_grant`: unknown, used, or older than 30 s. */
  exchangeCode(code: string, redirectUri: string | undefined): TokenAnswer {
    const found = this.#codes.get(code);
    if (!found || found.used)
      throw oauthProblem('invalid_grant', "Auth code doesn't exist or is invalid for the client");
    if (found.expiresAtMs <= this.#clock.nowMs())
      throw oauthProblem('invalid_grant', 'The authorization code has expired');
    if (redirectUri !== undefined && found.redirectUri !== undefined && redirectUri !== found.redirectUri) {
      throw oauthProblem('invalid_grant', 'The redirect URI does not match');
    }
    found.used = true;
    return this.issue(found.user, { scope: found.scope });
  }

  /** @throws {ApiProblem} 400 `invalid_grant`: unknown, revoked, expired, or used before (outside the grace time). */
  exchangeRefreshToken(refreshToken: string): TokenAnswer {
    const refresh = this.#refresh.get(refreshToken);
    const nowMs = this.#clock.nowMs();
    if (!refresh) throw oauthProblem('invalid_grant', 'Invalid refresh token');
    if (refresh.usedAtMs !== undefined) {
      this.usedRefreshTokensSent++;
      if (refresh.successor && nowMs - refresh.usedAtMs < this.#policy.refreshGraceMs) return refresh.successor;
      throw oauthProblem('invalid_grant', 'Refresh token has expired');
    }
    if (refresh.expiresAtMs <= nowMs) throw oauthProblem('invalid_grant', 'Refresh token has expired');
    refresh.usedAtMs = nowMs;
    refresh.successor = this.issue(refresh.user, { scope: refresh.scope, login: refresh.login });
    return refresh.successor;
  }

  /** New tokens for a user. `refreshable: false` gives an access token alone, as CCG and JWT do. */
  issue(user: EmulatedUser, options: { scope?: Scope; refreshable?: boolean; login?: number } = {}): TokenAnswer {
    const nowMs = this.#clock.nowMs();
    const login = options.login ?? ++this.#logins;
    const scope = options.scope ?? 'root_readwrite';
    const access_token = this.#newSecret();
    this.#access.set(access_token, { user, scope, expiresAtMs: nowMs + ACCESS_MS, login });
    const answer = { access_token, expires_in: ACCESS_MS / 1000, token_type: 'bearer', restricted_to: [] } as const;
    if (options.refreshable === false) return answer;
    const refresh_token = this.#newSecret();
    const fresh = { usedAtMs: undefined, successor: undefined };
    this.#refresh.set(refresh_token, { user, scope, expiresAtMs: nowMs + REFRESH_MS, login, ...fresh });
    return { ...answer, refresh_token };
  }

  /** Ends the login a token belongs to; unknown tokens are nobody's. */
  revoke(token: string): void {
    const login = (this.#access.get(token) ?? this.#refresh.get(token))?.login;
    if (login === undefined) return;
    for (const store of [this.#access, this.#refresh]) {
      for (const [key, value] of store) if (value.login === login) store.delete(key);
    }
  }

  revokeAll(): void {
    this.#access.clear();
    this.#refresh.clear();
  }

  /** Ends every access token's life now; refresh tokens stay good. */
  expireAccessTokens(): void {
    for (const access of this.#access.values()) access.expiresAtMs = 0;
  }

  /** @throws {ApiProblem} 400 `invalid_client`. */
  checkClient(id: string | null, secret: string | null): void {
    if (id !== this.#policy.clientId || !sameText(secret ?? '', this.#policy.clientSecret)) {
      throw oauthProblem('invalid_client', 'The client credentials are invalid');
    }
  }

  #newSecret(): string {
    const secret = randomBytes(24).toString('base64url');
    this.secrets.add(secret);
    return secret;
  }
}

/** Stands for a token in records: tells tokens apart, and cannot be used. */
export function tokenTag(token: string): string {
  return sha256(token).toString('hex').slice(0, 8);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function sameText(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}
