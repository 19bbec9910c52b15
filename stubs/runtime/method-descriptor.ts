// SPDX-License-Identifier: BSD-2-Clause
import type { Capability } from './capability.ts';
import type { ThreadRuntime } from './thread-runtime.ts';

/**
 * A method of the object API as a value: how its request is put into the registers and IPC buffer of a thread, and
 * how its result is read from a checked reply. `C` is the class it belongs to, `A` its arguments, `R` its result.
 */
export interface MethodDescriptor<C extends Capability, A extends readonly unknown[], R> {
  /** Invocation name, e.g. `TCBSetPriority`. */
  readonly id: string;
  readonly label: number;
  readonly put: (cap: C, ...args: A) => void;
  readonly result: (runtime: ThreadRuntime) => R;
}

/** The result of a method without out-parameters. */
export function noResult(): void {}

/**
 * What a generated module was made from. A thread's runtime checks it once against its own interface model, so that
 * stubs of one configuration are not used on the kernel of another, where the same labels mean other methods.
 */
export interface StubSet {
  readonly configuration: string;
  /** Invocation names in label order; the first has label 1. */
  readonly methods: readonly string[];
}
