import { explainErrno, readErrno, RAISE_LIMIT } from '../../../core/errno.ts';
import { AccessError, TransientError, type PipelineError } from '../../../core/errors.ts';
import type { BoxCallError } from './box-call-error.ts';

/** Made by exchange() where a proxy answered CONNECT with anything but 200. */
export const PROXY_ANSWERED = 'PROXY_ANSWERED';
/** Made by HttpClient where a page came that Box does not write. */
export const FOREIGN_PAGE = 'FOREIGN_PAGE';

/** Made by listItems() where the pages of a listing go round in a circle. */
export const ENDLESS_LISTING = 'ENDLESS_LISTING';

/** Node's names for certificates that are not believed: of OpenSSL's verify(1), and its own for another name. */
const CERTIFICATE_CODES = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CRL_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
/** The other side does not speak TLS, or none that we know. */
const NO_TLS = /^(?:EPROTO|ERR_SSL_(?:WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL|TLSV1_ALERT_PROTOCOL_VERSION))$/;

const SAFE = 'Finished pages are on disk; nothing half-written is left in Box.';

/** Whether a call without an answer may have one when it is made again: certificates and refusals of a proxy stay. */
export function isTransient({ code, facts }: BoxCallError): boolean {
  if (code === undefined) return true;
  if (code === FOREIGN_PAGE || code === ENDLESS_LISTING || CERTIFICATE_CODES.has(code) || NO_TLS.test(code))
    return false;
  if (code !== PROXY_ANSWERED) return true;
  const status = facts.proxyStatus ?? 0;
  return status === 408 || status === 429 || status >= 500;
}

/** Says why Box cannot be reached, and whose doing it is: the network's, a proxy's, or a certificate's. */
export function explainNetwork(error: BoxCallError): PipelineError {
  const code = error.code ?? '';
  if (code === PROXY_ANSWERED) return proxyAnswered(error);
  if (code === FOREIGN_PAGE) return foreignPage(error);
  if (code === ENDLESS_LISTING || code === 'GARBLED') return unreadable(error);
  if (CERTIFICATE_CODES.has(code)) return certificate(error, code);
  if (NO_TLS.test(code)) return noTls(error);
  const system = readErrno({ code });
  if (system?.kind === 'limit') return ownLimit(explainErrno({ code }));
  const reasons: Readonly<Record<string, string>> = {
    ENOTFOUND: 'name not found',
    EAI_AGAIN: 'name not found',
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection cut',
    CUT: 'connection cut',
    IDLE: 'no answer',
  };
  const reason = reasons[code] ?? (system ? explainErrno({ code }) : code === '' ? 'no answer' : code);
  const { proxy } = error.facts;
  return new TransientError(
    'NET_DOWN',
    `Box cannot be reached${proxy === undefined ? '' : ` through the proxy ${proxy}`} (${reason}).`,
    {
      safe: SAFE,
      remedy:
        proxy === undefined
          ? 'Check the network, then the same command; it goes on.'
          : 'Check the network and HTTPS_PROXY, then the same command; it goes on.',
    },
  );
}

/** This process, account or machine may have no more of something: Box and the network are not to blame. */
function ownLimit(why: string): PipelineError {
  return new TransientError(
    'SYSTEM_LIMIT',
    `No connection to Box can be made: ${why}.`,
    { safe: SAFE, remedy: RAISE_LIMIT },
    { scope: 'environment' },
  );
}

function proxyAnswered({ facts }: BoxCallError): PipelineError {
  const { proxy = 'in between', proxyStatus: status = 0 } = facts;
  const environment = { scope: 'environment' } as const;
  if (status === 407)
    return new AccessError(
      'PROXY_LOGIN',
      `The proxy ${proxy} wants a name and a password (407).`,
      {
        why: 'HTTPS_PROXY names it, without them or with others. Box itself was not asked.',
        safe: SAFE,
        remedy: 'HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT in the environment, then the same command.',
      },
      environment,
    );
  if (status === 408 || status === 429 || status >= 500)
    return new TransientError(
      'PROXY_FAILING',
      `The proxy ${proxy} does not reach Box (${status}).`,
      {
        why: 'HTTPS_PROXY names it. Box itself did not answer.',
        safe: SAFE,
        remedy: 'The same command later; it goes on. If it stays, ask those who run the proxy.',
      },
      environment,
    );
  return new AccessError(
    'PROXY_REFUSED',
    `The proxy ${proxy} does not let this computer through to Box (${status}).`,
    {
      why: 'HTTPS_PROXY names it. Box itself was not asked.',
      safe: SAFE,
      remedy:
        'Ask those who run the proxy to allow api.box.com, upload.box.com, account.box.com and dl.boxcloud.com.\n' +
        'Where Box is reached without it: unset HTTPS_PROXY.',
    },
    environment,
  );
}

function foreignPage({ facts }: BoxCallError): PipelineError {
  return new AccessError(
    'NET_BLOCKED',
    `Something between this computer and Box answered in its place (${facts.proxyStatus ?? 0}).`,
    {
      why: 'A web page came, and Box sends none: a filter or a log-in page of this network.',
      safe: SAFE,
      remedy: `Open ${facts.host ?? 'https://api.box.com'} in a browser on this computer to see it, or ask those who run the network.`,
    },
    { scope: 'environment' },
  );
}

function unreadable({ code, facts }: BoxCallError): PipelineError {
  const why =
    code === ENDLESS_LISTING
      ? 'The pages of a listing go round in a circle: each leads on to one that was there before.'
      : 'It is not what Box promises, or something in between changed it.';
  return new TransientError('BOX_GARBLED', `Box gave an answer that makes no sense (${facts.operation}).`, {
    why,
    safe: SAFE,
    remedy: 'The same command later; it goes on. If it stays, ask Box support.',
  });
}

function certificate({ facts }: BoxCallError, code: string): PipelineError {
  const { host = 'Box' } = facts;
  const isTime = code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID' || code === 'CRL_HAS_EXPIRED';
  const why = isTime
    ? "This computer's clock is wrong, or something in between shows an old certificate."
    : code.includes('ALTNAME') || code === 'HOSTNAME_MISMATCH'
      ? 'It is that of another host: something in between answers in its place.'
      : 'A proxy or a virus scanner in between uses a certificate of its own, which this program does not know.';
  return new AccessError(
    'NET_CERTIFICATE',
    `The certificate shown for ${host} is not one to trust (${code}).`,
    {
      why,
      safe: `No login was sent. ${SAFE}`,
      remedy:
        (isTime ? 'Set the clock (date). ' : '') +
        'Ask those who run the network for the file of their certificate authority, and set\nNODE_EXTRA_CA_CERTS=/path/to/it.pem in the environment, then the same command.',
    },
    { scope: 'environment' },
  );
}

function noTls({ facts }: BoxCallError): PipelineError {
  const { proxy, host = 'Box' } = facts;
  const what =
    proxy === undefined ? `What answers for ${host} does not speak TLS.` : `The proxy ${proxy} does not speak TLS.`;
  return new AccessError(
    'NET_NO_TLS',
    what,
    {
      why:
        proxy === undefined
          ? 'Something in between answers in its place.'
          : 'HTTPS_PROXY names it with https://, or without http:// before it.',
      safe: `No login was sent. ${SAFE}`,
      remedy:
        proxy === undefined
          ? 'Ask those who run the network.'
          : `HTTPS_PROXY=http://${proxy} in the environment, then the same command.`,
    },
    { scope: 'environment' },
  );
}
