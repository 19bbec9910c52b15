// SPDX-License-Identifier: BSD-2-Clause
import type { ErrorBody } from '../api/common.ts';

/** The service's own names of errors, and `unreachable` when no answer came, `malformed` when it was not the service's. */
export type ClientErrorCode = ErrorBody['error'] | 'unreachable' | 'malformed';

/** The service cannot do what was asked, or cannot be asked. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** What to do about it, where the service says so. */
  readonly hint: string | undefined;

  constructor(code: ClientErrorCode, message: string, status = 0, hint?: string) {
    super(message);
    this.name = 'ClientError';
    this.code = code;
    this.status = status;
    this.hint = hint;
  }
}
