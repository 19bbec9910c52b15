// SPDX-License-Identifier: BSD-2-Clause
/**
 * Object types of Untyped_Retype, their sizes, and the rights word on riscv64 (Sv39, FPU on).
 * Source: `objecttype.h` and `constants.h` of libsel4; manual, "Summary of Object Sizes".
 */
import type { Scheduling } from './syscalls.ts';
import type { Word } from './word.ts';

export type ObjectTypeName =
  | 'Untyped' | 'TCB' | 'Endpoint' | 'Notification' | 'CapTable' | 'SchedContext' | 'Reply'
  | 'RISCV_Giga_Page' | 'RISCV_4K_Page' | 'RISCV_Mega_Page' | 'RISCV_PageTable';

const ORDER: Record<Scheduling, readonly ObjectTypeName[]> = {
  mcs: ['Untyped', 'TCB', 'Endpoint', 'Notification', 'CapTable', 'SchedContext', 'Reply',
    'RISCV_Giga_Page', 'RISCV_4K_Page', 'RISCV_Mega_Page', 'RISCV_PageTable'],
  classic: ['Untyped', 'TCB', 'Endpoint', 'Notification', 'CapTable',
    'RISCV_Giga_Page', 'RISCV_4K_Page', 'RISCV_Mega_Page', 'RISCV_PageTable'],
};

function table(scheduling: Scheduling): Readonly<Partial<Record<ObjectTypeName, number>>> {
  return Object.freeze(Object.fromEntries(ORDER[scheduling].map((n, i) => [n, i])));
}

/** Object type numbers of each configuration. */
export const OBJECT_TYPES: Readonly<Record<Scheduling, Readonly<Partial<Record<ObjectTypeName, number>>>>> = {
  mcs: table('mcs'), classic: table('classic'),
};

/** The object type with this number in a configuration. */
export function objectTypeName(scheduling: Scheduling, type: number): ObjectTypeName | undefined {
  return ORDER[scheduling][type];
}

/**
 * log2 of the size in bytes of each fixed-size object. CapTable and SchedContext take `size_bits`:
 * a CapTable of 2^n slots occupies 2^(n + SLOT_BITS) bytes, a SchedContext 2^n bytes with n >= MIN_SCHED_CONTEXT_BITS.
 */
export const OBJECT_BITS: Readonly<Record<Scheduling, Readonly<Partial<Record<ObjectTypeName, number>>>>> = {
  mcs: { TCB: 11, Endpoint: 4, Notification: 6, Reply: 5, RISCV_Giga_Page: 30, RISCV_Mega_Page: 21, RISCV_4K_Page: 12, RISCV_PageTable: 12 },
  classic: { TCB: 11, Endpoint: 4, Notification: 5, RISCV_Giga_Page: 30, RISCV_Mega_Page: 21, RISCV_4K_Page: 12, RISCV_PageTable: 12 },
};

/** log2 of the bytes of one capability slot. */
export const SLOT_BITS = 5;
export const MIN_UNTYPED_BITS = 4;
export const MAX_UNTYPED_BITS = 38;
export const MIN_SCHED_CONTEXT_BITS = 7;
/** Scheduling contexts have a core part of 96 bytes before their refills of 16 bytes each. */
export const SCHED_CONTEXT_CORE_BYTES = 96;
export const REFILL_BYTES = 16;
export const MIN_REFILLS = 2;

/** Rights word (`seL4_CapRights_t`): bit 0 write, 1 read, 2 grant, 3 grantReply. */
export const RIGHTS = Object.freeze({ write: 1, read: 2, grant: 4, grantReply: 8, all: 15 });

/** Highest priority (`seL4_MaxPrio`). */
export const MAX_PRIORITY = 255;

/** Page sizes by number of bits. */
export const PAGE_BITS = Object.freeze({ small: 12, mega: 21, giga: 30 });

/** Frame attributes of `seL4_RISCV_VMAttributes`. */
export const VM_ATTRIBUTES = Object.freeze({ default: 0, executeNever: 1 });

/** TCB feature flags (`seL4_TCBFlag`). */
export const TCB_FLAG_FPU_DISABLED = 1;

/** First address that user code cannot have on riscv64 with Sv39 (`seL4_UserTop`). */
export const RISCV64_USER_TOP: Word = Object.freeze({ lo: 0xffff_f000, hi: 0x3f });
