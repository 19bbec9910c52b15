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
  /** Release of seL4 that the kernel is or shows, e.g. `12.1.0`; empty when it is not known. */
  readonly release: string;
  /** SHA-256 of the kernel's file, lower-case hexadecimal; empty for the model. */
  readonly build: string;
  /** What the kernel runs on, e.g. `qemu-riscv-virt`; empty for the model. */
  readonly machine: string;
  /** Git commit of the program's working tree, with `-dirty` where files differ from it; empty when there is none. */
  readonly commit: string;
  /** Chosen by whoever started the run, see `TAG_PATTERN`; they can change later. */
  readonly tags: readonly string[];
}

/** What is not known of a run. */
export const UNKNOWN_ORIGIN = Object.freeze({ release: '', build: '', machine: '', commit: '', tags: [] as readonly string[] });

/** What a tag may look like: 1 to 64 letters, digits and `.:/_-`, e.g. `nightly` or `board:spike`. */
export const TAG_PATTERN = '^[A-Za-z0-9][A-Za-z0-9.:/_-]{0,63}$';

/** Most tags of one run. */
export const MOST_TAGS = 64;
