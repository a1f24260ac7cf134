import { createVerify } from 'node:crypto';
import { oauthProblem } from './api-problem.ts';

/** What the emulator knows of an app with a key pair. */
export interface JwtPolicy {
  readonly publicKeyPem: string;
  readonly publicKeyId: string;
  readonly enterpriseId: string;
}

// Box, "JWT without SDK": the audience is fixed and an assertion lives 60 s at most.
const AUDIENCE = 'https://api.box.com/oauth2/token';
const MAX_LIFE_S = 60;

/** Checks a JWT assertion as Box does. @throws {ApiProblem} 400 `invalid_grant` with the reason. */
export function checkJwtAssertion(
  assertion: string,
  policy: JwtPolicy,
  clientId: string,
  nowMs: number,
  usedIds: Set<string>,
): void {
  const [head, claims, signature] = assertion.split('.');
  if (!head || !claims || !signature) throw refuse('The assertion is not a JWT');
  const header = decode(head);
  if (header['alg'] !== 'RS256' && header['alg'] !== 'RS384' && header['alg'] !== 'RS512') {
    throw refuse('The algorithm is not allowed');
  }
  const verify = createVerify(`RSA-SHA${header['alg'].slice(2)}`).update(`${head}.${claims}`);
  if (!verify.verify(policy.publicKeyPem, Buffer.from(signature, 'base64url'))) {
    throw refuse('The signature does not fit the key');
  }
  const body = decode(claims);
  const expires = Number(body['exp']);
  const nowS = nowMs / 1000;
  if (body['iss'] !== clientId) throw refuse("Please check the 'iss' claim");
  if (body['aud'] !== AUDIENCE) throw refuse("Please check the 'aud' claim");
  if (!(expires > nowS)) throw refuse("Please check the 'exp' claim: it is over");
  if (expires > nowS + MAX_LIFE_S) throw refuse("Please check the 'exp' claim: it is too far ahead");
  if (body['box_sub_type'] === 'enterprise' && body['sub'] !== policy.enterpriseId) {
    throw refuse("Please check the 'sub' claim");
  }
  const id = body['jti'];
  if (typeof id !== 'string' || id.length < 16 || usedIds.has(id)) throw refuse("Please check the 'jti' claim");
  usedIds.add(id);
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the same refusal.
  }
  throw refuse('The assertion is not a JWT');
}

function refuse(reason: string) {
  return oauthProblem('invalid_grant', reason);
}
