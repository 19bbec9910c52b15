// SPDX-License-Identifier: BSD-2-Clause
/** Options or files of the service's safety that are wrong: it does not start with them. */
export class SafetyError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'SafetyError';
    this.hint = hint;
  }
}
