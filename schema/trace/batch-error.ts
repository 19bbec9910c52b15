// SPDX-License-Identifier: BSD-2-Clause

/** A batch that is not what `trace.proto` says. Nothing of such a batch may be used. */
export class BatchError extends Error {
  /** Field of the message, as `trace.proto` names it in camel case, or `message` for its outline. */
  readonly where: string;

  constructor(where: string, what: string) {
    super(`malformed batch: ${where}: ${what}`);
    this.name = 'BatchError';
    this.where = where;
  }
}
