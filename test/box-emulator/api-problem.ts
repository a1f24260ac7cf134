/** An answer of the API that is an error. Thrown by the emulator's state and endpoints, written by its server. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly contextInfo: object | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** json: Box's error object. oauth: `error` and `error_description`. empty: no body at all. */
  readonly form: 'json' | 'oauth' | 'empty';

  constructor(
    status: number,
    code: string,
    message: string,
    more: {
      contextInfo?: object | undefined;
      headers?: Readonly<Record<string, string>>;
      form?: 'json' | 'oauth' | 'empty';
    } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.contextInfo = more.contextInfo;
    this.headers = more.headers ?? {};
    this.form = more.form ?? 'json';
  }

  body(requestId: string): object | undefined {
    if (this.form === 'empty') return undefined;
    if (this.form === 'oauth') return { error: this.code, error_description: this.message };
    return {
      type: 'error',
      status: this.status,
      code: this.code,
      ...(this.contextInfo ? { context_info: this.contextInfo } : {}),
      help_url: 'http://developers.box.com/docs/#errors',
      message: this.message,
      request_id: requestId,
    };
  }
}

export const notFound = () => new ApiProblem(404, 'not_found', 'Not Found');
export const trashed = () => new ApiProblem(404, 'trashed', 'Item is trashed');
export const badRequest = (message: string) => new ApiProblem(400, 'bad_request', message);
export const forbidden = () =>
  new ApiProblem(403, 'access_denied_insufficient_permissions', 'Access denied - insufficient permission');
export const insufficientScope = () =>
  new ApiProblem(403, 'insufficient_scope', 'The access token provided does not allow this request');
export const itemLocked = () => new ApiProblem(403, 'access_denied_item_locked', 'Access denied. The item is locked');
export const preconditionFailed = () =>
  new ApiProblem(412, 'precondition_failed', 'The resource has been modified. Please retrieve the resource again');
export const storageFull = () => new ApiProblem(403, 'storage_limit_exceeded', 'Account storage limit reached');
export const nameInUse = (conflicts: object) =>
  new ApiProblem(409, 'item_name_in_use', 'Item with the same name already exists', { contextInfo: { conflicts } });

/** A refusal of the token endpoint. */
export const oauthProblem = (code: string, description: string) =>
  new ApiProblem(400, code, description, { form: 'oauth' });

/** 401: empty body, the reason in a header. */
export const unauthorized = (error: 'invalid_token' | 'expired_token' | undefined) =>
  new ApiProblem(401, 'unauthorized', 'Unauthorized', {
    form: 'empty',
    headers: {
      'www-authenticate':
        error === undefined
          ? 'Bearer realm="Service"'
          : `Bearer realm="Service", error="${error}", error_description="The access token provided is invalid."`,
    },
  });
