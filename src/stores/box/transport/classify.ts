import { AccessError, DocumentError, OutputError, TransientError, type PipelineError } from '../../../core/errors.ts';
import { DOWNLOAD, type BoxCallError } from './box-call-error.ts';
import { explainNetwork } from './network-errors.ts';

/** What a failed call was about, for words that fit. */
export interface CallSubject {
  /** `read`: a document. `write`: a result. `folder`: the folder itself. */
  readonly doing: 'read' | 'write' | 'folder';
  /** As a person knows it: a path, or a folder's name or ID. */
  readonly name: string;
}

/** Turns a failed call into the program's error. The original is not kept as cause: its owner may print it. */
export function classifyCall(error: BoxCallError, subject: CallSubject): PipelineError {
  const { status, code } = error;
  if (status === 0) return explainNetwork(error);
  if (status === 429 || status === 202) return throttled(error);
  // The download host knows no login: what it refuses is the link.
  if (status === 401 && error.facts.operation !== DOWNLOAD) return loginEnded();
  if (code === 'storage_limit_exceeded') return storageFull();
  if (status === 403) return forbidden(code, subject);
  if (status === 404 || status === 410) return gone(code, subject);
  if (status === 408 || status >= 500) return unavailable(error);
  if ((status === 409 || status === 412) && subject.doing !== 'read') return conflict(error, subject);
  const advice = { why: `${error.message}.${requestIdOf(error)}`, safe: 'Nothing half-written is left in Box.' };
  if (subject.doing === 'read')
    return new DocumentError('BOX_REFUSED', `Box did not give out ${subject.name}.`, advice);
  if (subject.doing === 'write') return new OutputError('BOX_REFUSED', `Box did not take ${subject.name}.`, advice);
  return new AccessError('BOX_REFUSED', `Box did not answer for folder ${subject.name}.`, advice);
}

function requestIdOf(error: BoxCallError): string {
  return error.facts.requestId === undefined ? '' : ` Box's request ID: ${error.facts.requestId}.`;
}

/** Said for every way in which a person's login has come to its end. */
export function loginEnded(why?: string): AccessError {
  return new AccessError('BOX_LOGIN_ENDED', 'Your Box login has ended.', {
    why: why ?? 'It was not used for 60 days, or it was used on another computer.',
    safe: 'Finished pages are on disk; what is in Box already stays there.',
    remedy: 'ocr-pipeline login box        then the same command; it goes on.',
  });
}

function throttled(error: BoxCallError): TransientError {
  return new TransientError('BOX_BUSY', 'Box kept asking to wait, for longer than --max-wait.', {
    why: `${error.message}: too many calls for this account.${requestIdOf(error)}`,
    safe: 'Finished pages are on disk; nothing half-written is left in Box.',
    remedy: 'The same command later, or a longer --max-wait.',
  });
}

function unavailable(error: BoxCallError): TransientError {
  const { retryAfterMs } = error.facts;
  const asked = retryAfterMs === undefined ? '' : ` It asks to wait ${Math.ceil(retryAfterMs / 60_000)} minutes.`;
  return new TransientError('BOX_UNAVAILABLE', `Box is failing (${error.status}).`, {
    why: `${error.message}.${requestIdOf(error)}${asked} See https://status.box.com`,
    safe: 'Finished pages are on disk; nothing half-written is left in Box.',
    remedy: `The same command later${asked === '' ? '' : ', or a longer --max-wait'}; it goes on.`,
  });
}

function storageFull(): OutputError {
  return new OutputError('BOX_STORAGE_FULL', 'The Box account has no room left.', {
    safe: 'Finished results wait in the run folder.',
    remedy: "Make room or ask the folder's owner to, then the same command; it goes on.",
  });
}

function forbidden(code: string | undefined, subject: CallSubject): PipelineError {
  const safe = 'Nothing was changed in Box.';
  if (code === 'insufficient_scope')
    return new AccessError('BOX_SCOPE', 'The Box app of this login may not do that.', {
      why: 'The app was set up without "Read and write all files and folders".',
      safe,
      remedy: 'Ask whoever set up the Box app (see docs/box.md), then log in again.',
    });
  if (subject.doing === 'read') {
    if (code === 'forbidden_by_policy')
      return new DocumentError('BOX_POLICY', `A policy of your institution forbids downloading ${subject.name}.`, {
        safe,
      });
    return new DocumentError('BOX_NO_READ', `You may see ${subject.name} but not download it.`, {
      safe,
      remedy: "Ask the folder's owner for Viewer or Editor.",
    });
  }
  if (code === 'access_denied_item_locked')
    return new OutputError(
      'BOX_LOCKED',
      `${subject.name} is locked in Box.`,
      {
        safe: 'It was not touched. Our result waits in the run folder.',
        remedy: 'Unlock it in Box, then the same command.',
      },
      { scope: 'document' },
    );
  if (subject.doing === 'write')
    return new AccessError('BOX_NO_WRITE', `You may not store "${subject.name}" in Box.`, {
      why: code === undefined ? undefined : `Box says ${code}.`,
      safe: 'Our result waits in the run folder.',
      remedy:
        "Ask the folder's owner for Editor, then the same command; or add --box-output-folder with another folder.",
    });
  return new AccessError('BOX_NO_ACCESS', `You may not open the Box folder ${subject.name}.`, {
    safe,
    remedy: "Ask the folder's owner to share it with you.",
  });
}

/** Said where a folder can be read but not added to. */
export function noWrite(folder: string): AccessError {
  return new AccessError('BOX_NO_WRITE', `You may read "${folder}" but not add files to it.`, {
    safe: 'Nothing was started.',
    remedy: 'Ask its owner for Editor, or add --box-output-folder with another folder.',
  });
}

function gone(code: string | undefined, subject: CallSubject): PipelineError {
  if (subject.doing === 'read') {
    const how = code === 'trashed' ? 'it is in the trash' : 'it was deleted, moved away or unshared';
    return new DocumentError('SOURCE_GONE', `${subject.name} is no longer in Box: ${how}.`, {
      why: 'It was there when the folder was listed.',
      remedy: 'The next run lists the folder again.',
    });
  }
  if (subject.doing === 'write')
    return new OutputError('BOX_TARGET_GONE', `The folder for ${subject.name} is no longer in Box.`, {
      safe: 'Our result waits in the run folder.',
      remedy: 'The same command again makes the folder anew, or give --box-output-folder.',
    });
  return new AccessError('BOX_FOLDER_NOT_FOUND', `Box has no folder ${subject.name} that you can see.`, {
    why: code === 'trashed' ? 'It is in the trash.' : 'The number is mistyped, or it is not shared with you.',
    remedy: 'ocr-pipeline ls    to pick it by name.',
  });
}

function conflict(error: BoxCallError, subject: CallSubject): PipelineError {
  if (error.code === 'name_temporarily_reserved' || error.code === 'operation_blocked_temporary')
    return new TransientError('BOX_BUSY', `Box is still busy with ${subject.name}.`, {
      safe: 'Nothing half-written is left in Box.',
      remedy: 'The same command later; it goes on.',
    });
  return new OutputError(
    'BOX_CHANGED',
    `${subject.name} was changed in Box while we wrote it.`,
    {
      safe: 'It was not touched. Our result waits in the run folder.',
      remedy: 'The same command again.',
    },
    { scope: 'document' },
  );
}
