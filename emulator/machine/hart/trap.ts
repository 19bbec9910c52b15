// SPDX-License-Identifier: BSD-2-Clause

/** Exceptions by number (Privileged Architecture, `mcause`). */
export const CAUSE = Object.freeze({
  fetchMisaligned: 0, fetchAccess: 1, illegalInstruction: 2, breakpoint: 3, loadMisaligned: 4, loadAccess: 5,
  storeMisaligned: 6, storeAccess: 7, userCall: 8, supervisorCall: 9, machineCall: 11,
  fetchPage: 12, loadPage: 13, storePage: 15,
});

export type Access = 'load' | 'store' | 'execute';

/** What each kind of access raises where it is not allowed. */
export const ACCESS_FAULT: Readonly<Record<Access, number>> = {
  load: CAUSE.loadAccess, store: CAUSE.storeAccess, execute: CAUSE.fetchAccess,
};
export const PAGE_FAULT: Readonly<Record<Access, number>> = {
  load: CAUSE.loadPage, store: CAUSE.storePage, execute: CAUSE.fetchPage,
};

/** Thrown by an instruction that raises an exception: it has changed nothing. No Error, as it needs no stack. */
export class Trap {
  readonly cause: number;
  /** For `mtval` or `stval`. */
  readonly value: bigint;

  constructor(cause: number, value: bigint) {
    this.cause = cause;
    this.value = value;
  }
}
