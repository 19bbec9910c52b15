// SPDX-License-Identifier: BSD-2-Clause
/** What the host calls. */
import { drop, dropAll, setBreakpoints } from './code';
import { clearFault, EXECUTE, faulted } from './fault';
import { FAULT, translate } from './mmu';
import { allowed, protectionChanged } from './pmp';
import { dataPrivilege, privilege } from './state';
import { flushAll, resetTables } from './tlb';
import { trap } from './trap';
import { takeStop } from './stop';

export { execute } from './interpreter';
export { setBreakpoints, drop };

/** To be called once, before anything else. */
export function initialise(): void {
  resetTables();
}

/** Forgets translations and decoded instructions. */
export function flush(): void {
  flushAll();
  dropAll();
}

export function raise(cause: i32, value: u64): void {
  trap(cause, value, false);
  takeStop();
}

/** Physical address of a virtual one; -1 where it faults. */
export function physicalOf(address: u64, access: i32): f64 {
  protectionChanged();
  const mode = access == EXECUTE ? privilege() : dataPrivilege();
  const physical = translate(address, access, mode);
  const refused = faulted() || physical == FAULT || !allowed(physical, 1, access, mode);
  clearFault();
  return refused ? -1 : <f64>physical;
}
