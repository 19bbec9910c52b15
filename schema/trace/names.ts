// SPDX-License-Identifier: BSD-2-Clause
/** Names and kinds that ride along with records, so that every reader shows names, not numbers. */

/** A thread or another kernel object that appears in a run; announced before (or in the batch of) its first use, and again when its name changes. */
export interface Subject {
  /** Thread id or object id; the two number spaces are one. */
  readonly id: number;
  /** Capability type of the object (`abi/cap-types.ts`); `Thread` for threads. */
  readonly type: number;
  /** Best name known: DebugNameThread, an SDK hint, boot info; empty when none. */
  readonly name: string;
}

/** What is known of a run when it starts. */
export interface RunDescription {
  /** Chosen by the producer: a UUID, or a digest where runs must be reproducible byte for byte. */
  readonly id: string;
  /** Program or image that runs, for people. */
  readonly program: string;
  /** `model` or `image`. */
  readonly kernel: 'model' | 'image';
  /** Release the kernel is, or that the model shows, e.g. `16.0.0`. */
  readonly kernelVersion: string;
  /** `riscv64-mcs` or `riscv64-classic`. */
  readonly configuration: string;
  readonly seed: number;
  /** Defects switched on in the model. */
  readonly defects: readonly string[];
}
