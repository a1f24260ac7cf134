import { badRequest, oauthProblem } from '../api-problem.ts';
import { userOf } from '../access.ts';
import type { BoxState } from '../box-state.ts';
import { readForm, type Answer, type Call } from '../call.ts';
import { boxTime } from '../clock.ts';
import { checkJwtAssertion } from '../jwt-assertion.ts';
import type { TokenAnswer } from '../tokens.ts';

const JWT_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const usedAssertions = new WeakMap<BoxState, Set<string>>();

/** The consent page, answered at once as the settings say: sends the browser back to the app. */
export function authorize(box: BoxState, call: Call): Answer {
  const redirect = call.query.get('redirect_uri') ?? box.settings.redirectUris[0];
  if (redirect === undefined || !redirectAllowed(redirect, box.settings.redirectUris)) {
    throw oauthProblem('redirect_uri_mismatch', 'The redirect URI is not one of the app');
  }
  const target = new URL(redirect);
  const state = call.query.get('state');
  if (state !== null) target.searchParams.set('state', state);
  if (box.settings.consent === 'deny') {
    target.searchParams.set('error', 'access_denied');
    target.searchParams.set('error_description', 'The user denied access to your application');
  } else {
    const scope = call.query.get('scope') === 'root_readonly' ? 'root_readonly' : 'root_readwrite';
    target.searchParams.set('code', box.tokens.newCode(box.settings.owner, redirect, scope));
  }
  return { status: 302, headers: { location: target.href } };
}

export async function token(box: BoxState, call: Call): Promise<Answer> {
  const form = await readForm(call);
  box.tokens.checkClient(form.get('client_id'), form.get('client_secret'));
  return { status: 200, json: grant(box, form) };
}

export async function revoke(box: BoxState, call: Call): Promise<Answer> {
  const form = await readForm(call);
  box.tokens.checkClient(form.get('client_id'), form.get('client_secret'));
  const revoked = form.get('token');
  if (!revoked) throw oauthProblem('invalid_request', 'The token parameter is missing');
  box.tokens.revoke(revoked);
  return { status: 200 };
}

export function me(box: BoxState, call: Call): Answer {
  const created = boxTime(Date.UTC(2020, 0, 1));
  const json = {
    type: 'user',
    ...userOf(call),
    created_at: created,
    modified_at: created,
    language: 'en',
    timezone: 'America/Los_Angeles',
    space_amount: Math.min(box.settings.storageLimitBytes, Number.MAX_SAFE_INTEGER),
    space_used: 0,
    max_upload_size: 53_687_091_200,
    status: 'active',
    job_title: '',
    phone: '',
    address: '',
    avatar_url: '',
  };
  return { status: 200, json };
}

function grant(box: BoxState, form: URLSearchParams): TokenAnswer {
  switch (form.get('grant_type')) {
    case 'authorization_code':
      return box.tokens.exchangeCode(form.get('code') ?? '', form.get('redirect_uri') ?? undefined);
    case 'refresh_token':
      return box.tokens.exchangeRefreshToken(form.get('refresh_token') ?? '');
    case 'client_credentials':
      checkSubject(box, form);
      return box.tokens.issue(box.settings.serviceAccount, { refreshable: false });
    case JWT_GRANT: {
      const policy = box.settings.jwt;
      if (!policy) throw oauthProblem('unauthorized_client', 'The app has no public key');
      const used = usedAssertions.get(box) ?? new Set<string>();
      usedAssertions.set(box, used);
      const clientId = form.get('client_id') ?? '';
      checkJwtAssertion(form.get('assertion') ?? '', policy, clientId, box.clock.nowMs(), used);
      return box.tokens.issue(box.settings.serviceAccount, { refreshable: false });
    }
    case null:
      throw badRequest('The grant_type parameter is missing');
    default:
      throw oauthProblem('unsupported_grant_type', 'Invalid grant_type parameter or parameter missing');
  }
}

function checkSubject(box: BoxState, form: URLSearchParams): void {
  const type = form.get('box_subject_type');
  const known =
    type === 'enterprise' || (type === 'user' && form.get('box_subject_id') === box.settings.serviceAccount.id);
  if (!known) throw oauthProblem('invalid_grant', 'Grant credentials are invalid');
}

/** Loopback addresses may have any port (RFC 8252, 7.3); others must be the app's own. */
function redirectAllowed(redirect: string, registered: readonly string[]): boolean {
  if (registered.includes(redirect)) return true;
  if (!URL.canParse(redirect)) return false;
  const { protocol, hostname } = new URL(redirect);
  return protocol === 'http:' && (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]');
}
