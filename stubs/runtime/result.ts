// SPDX-License-Identifier: BSD-2-Clause
import type { KernelError } from './kernel-error.ts';

/** What the non-throwing form of a method gives. */
export type Result<T> = Success<T> | Failure;

export interface Success<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Failure {
  readonly ok: false;
  /** Made when it is asked for the first time, which is where its stack trace leads. */
  readonly error: KernelError;
}

/** A failure without its error: message and stack trace of one take longer than the invocation, and many programs ask only whether it was refused. */
export function failureOf(makeError: () => KernelError): Failure {
  let error: KernelError | undefined;
  return {
    ok: false,
    get error() { return error ??= makeError(); },
  };
}

/** Success of a method without out-parameters. */
export const OK: Success<void> = Object.freeze({ ok: true, value: undefined });
