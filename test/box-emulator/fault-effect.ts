import type { BoxEmulator } from './box-emulator.ts';

/** Seconds, an HTTP date that many seconds ahead of the wall clock, or no header at all. */
export type RetryAfter = number | { readonly dateInSeconds: number } | undefined;

/** What goes wrong with one call. `executed: true` lets the call take effect first: the client cannot know. */
export type FaultEffect =
  | AnswerFault
  | NoAnswerFault
  | BodyFault
  /** The call is answered as usual, later. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** A Range request is answered by 200 and the whole. */
  | { readonly kind: 'ignore-range' }
  /** The 302 points there: a port that refuses, a name that does not exist. */
  | { readonly kind: 'redirect'; readonly url: string }
  /** Every `sha1` in the answer is another one. */
  | { readonly kind: 'wrong-sha1' }
  /** The answer's JSON is another one. */
  | { readonly kind: 'edit'; readonly edit: (json: object) => object }
  /** The world changes at this very call: a file is moved, a login revoked, the account full. */
  | {
      readonly kind: 'act';
      readonly act: (emulator: BoxEmulator, fileId: string | undefined) => void | Promise<void>;
      readonly when?: 'before' | 'after' | undefined;
    };

/** Another answer than the right one. */
export interface AnswerFault {
  readonly kind: 'answer';
  readonly status: number;
  /** Box's error code, for a JSON body. */
  readonly code?: string | undefined;
  readonly contextInfo?: object | undefined;
  readonly retryAfter?: RetryAfter;
  /** json: Box's error object. html: a page such as a proxy sends. empty: nothing. */
  readonly body?: 'json' | 'html' | 'empty' | undefined;
  readonly executed?: boolean | undefined;
}

/** No answer: the connection is reset, closed, or stays silent until the client gives up. */
export interface NoAnswerFault {
  readonly kind: 'no-answer';
  readonly how: 'reset' | 'close' | 'silence';
  readonly executed?: boolean | undefined;
}

export type BodyChange =
  /** Content-Length says all, then a clean FIN after `afterBytes`. */
  | 'close'
  /** As close, but a RST. */
  | 'reset'
  /** Chunked, ends after `afterBytes` without the last chunk. */
  | 'cut-chunks'
  /** Well-formed and complete as far as HTTP can tell, but only `afterBytes` long. */
  | 'short'
  /** As short, without any length: the end of the connection is the end of the body. */
  | 'short-without-length'
  /** Well-formed, with 16 bytes more than there are. */
  | 'long'
  /** The byte at `afterBytes` differs. */
  | 'corrupt'
  /** Nothing more after `afterBytes`, the connection stays. */
  | 'stall'
  /** `bytesPerSecond`, in pieces ten times a second at most. */
  | 'slow';

/** The right head, but something is wrong with the body. */
export interface BodyFault {
  readonly kind: 'body';
  readonly change: BodyChange;
  /** Counted from the start of this answer's body; half of it when absent. */
  readonly afterBytes?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
}
