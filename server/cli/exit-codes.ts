// SPDX-License-Identifier: BSD-2-Clause
/** Exit codes of every command; README, "Exit codes". */
export const EXIT = Object.freeze({
  fine: 0,
  /** Anomalies were found, or an expectation failed. */
  findings: 1,
  usage: 2,
  /** A file, a trace or a service could not be read. */
  unreadable: 3,
  /** The user program or the guest failed. */
  crashed: 4,
  timeout: 5,
  interrupted: 130,
});

/** An error that ends a command with its own exit code and, where there is one, a way out. */
export class CommandError extends Error {
  readonly exitCode: number;
  readonly hint: string | undefined;

  constructor(exitCode: number, message: string, hint?: string) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
