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
  readonly error: KernelError;
}

/** Success of a method without out-parameters. */
export const OK: Success<void> = Object.freeze({ ok: true, value: undefined });
