// SPDX-License-Identifier: BSD-2-Clause
/**
 * Register roles and the context slots of a riscv64 thread control block.
 * Source: riscv64 `registerset.h` (slot order) and `syscalls.h` of libsel4 (roles).
 */

/** Names of the context slots of a TCB, in slot order; slot `i` is word `i` of the register lanes. */
export const RISCV64_SLOTS = [
  'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1',
  'a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7',
  's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6',
  'scause', 'sstatus', 'FaultIP', 'NextIP',
] as const;

export type Riscv64Slot = (typeof RISCV64_SLOTS)[number];

/** Slot number of each context register. */
export const SLOT = Object.freeze(
  Object.fromEntries(RISCV64_SLOTS.map((name, i) => [name, i])),
) as Readonly<Record<Riscv64Slot, number>>;

export const CONTEXT_SLOTS = RISCV64_SLOTS.length;

/** Slots by their role in a system call. */
export const ROLE = Object.freeze({
  /** Capability pointer in, badge out. */
  cap: SLOT.a0,
  /** Capability pointer in, badge out: the same register seen from the receiver. */
  badge: SLOT.a0,
  /** Message info ("tag") in and out. */
  tag: SLOT.a1,
  /** First of the message registers; they follow each other. */
  mr0: SLOT.a2,
  /** Reply object (MCS): of Recv, ReplyRecv; the destination of NBSendWait. */
  reply: SLOT.a6,
  /** Destination of NBSendRecv (MCS). */
  nbSendRecvDest: SLOT.t0,
  /** System call number. */
  syscall: SLOT.a7,
});

/** Message words that travel in registers (`n_msgRegisters`): a2..a5. */
export const MESSAGE_REGISTERS = 4;

/** Order of ReadRegisters and WriteRegisters: 16 frame registers, then 16 integer registers. Words of `seL4_UserContext`. */
export const USER_CONTEXT_ORDER: readonly Riscv64Slot[] = [
  'FaultIP', 'ra', 'sp', 'gp', 's0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11',
  'a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 't0', 't1', 't2', 't3', 't4', 't5', 't6', 'tp',
];

/** Field names of `seL4_UserContext` in word order (the manual's names: `pc` for FaultIP). */
export const USER_CONTEXT_FIELDS: readonly string[] = USER_CONTEXT_ORDER.map((slot) => (slot === 'FaultIP' ? 'pc' : slot));

/** How many of {@link USER_CONTEXT_ORDER} are frame registers. */
export const FRAME_REGISTERS = 16;
