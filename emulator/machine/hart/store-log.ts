// SPDX-License-Identifier: BSD-2-Clause
import { STORE_LOG } from '../memory/layout.ts';
import type { HartState } from './state.ts';

/** Whether the host must empty the store log before another store into a watched page. */
export const storeLogFull = (state: HartState): boolean => state.storeLogCount >= STORE_LOG.entries;

/** Appends a store to the log. `value` is zero extended. */
export function appendStore(log: DataView, state: HartState, physical: number, bytes: number, value: bigint): void {
  const entry = STORE_LOG.offset + STORE_LOG.entryBytes * state.storeLogCount;
  log.setBigUint64(entry + STORE_LOG.address, BigInt(physical), true);
  log.setBigUint64(entry + STORE_LOG.value, value, true);
  log.setBigUint64(entry + STORE_LOG.size, BigInt(bytes), true);
  log.setBigUint64(entry + STORE_LOG.pc, state.pc, true);
  state.storeLogCount += 1;
}
