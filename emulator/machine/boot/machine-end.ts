// SPDX-License-Identifier: BSD-2-Clause
import { hex } from './boot-error.ts';

/** How the run of a machine came to its end. */
export type MachineEnd =
  /** The guest switched the machine off, through SBI or the test finisher. */
  | { readonly kind: 'shutdown'; readonly by: 'SBI' | 'test finisher' }
  /** It asked for a reset. */
  | { readonly kind: 'reset'; readonly by: 'SBI' | 'test finisher' }
  /** It reported a failure: the code of the test finisher, 1 for a reset reason of SBI that is one. */
  | { readonly kind: 'failure'; readonly by: 'SBI' | 'test finisher'; readonly code: number }
  /** WFI, and neither an alarm nor a device can ever wake the hart. */
  | { readonly kind: 'waitForever'; readonly pc: bigint }
  /** A jump to itself that no interrupt can leave. */
  | { readonly kind: 'spin'; readonly pc: bigint }
  /** Instructions ran and ran, without a timer that is set, a device or a firmware call: nothing will ever change. `mode` is U, S or M. */
  | { readonly kind: 'noProgress'; readonly pc: bigint; readonly mode: string; readonly instructions: number }
  /** A trap handler that takes the same exception again and again. */
  | { readonly kind: 'trapLoop'; readonly pc: bigint; readonly cause: number; readonly value: bigint };

/** Exceptions by their number in `scause` (Privileged Architecture, "Supervisor Cause Register"). */
const EXCEPTIONS = [
  'instruction address misaligned', 'instruction access fault', 'illegal instruction', 'breakpoint', 'load address misaligned', 'load access fault',
  'store address misaligned', 'store access fault', 'environment call from U mode', 'environment call from S mode', undefined, 'environment call from M mode',
  'instruction page fault', 'load page fault', undefined, 'store page fault',
] as const;

/** Name of an exception. */
export function exceptionName(cause: number): string {
  return EXCEPTIONS[cause] ?? `exception ${cause}`;
}

/** One line for people. */
export function endText(end: MachineEnd): string {
  switch (end.kind) {
    case 'shutdown': return `the guest shut the machine down (${end.by})`;
    case 'reset': return `the guest reset the machine (${end.by})`;
    case 'failure': return `the guest reported failure ${end.code} (${end.by})`;
    case 'waitForever': return `the hart waits for an interrupt that nothing can raise, at pc ${hex(end.pc)}`;
    case 'spin': return `the hart jumps to itself with interrupts off, at pc ${hex(end.pc)}`;
    case 'noProgress': return `the hart runs in ${end.mode} mode for ${end.instructions} instructions now, with no timer set, no device used and no firmware called, at pc ${hex(end.pc)}`;
    case 'trapLoop': return `the trap handler takes the same exception again and again: ${exceptionName(end.cause)} at pc ${hex(end.pc)}, value ${hex(end.value)}`;
  }
}
