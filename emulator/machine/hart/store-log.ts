// SPDX-License-Identifier: BSD-2-Clause
import { STORE_LOG } from '../memory/layout.ts';
import type { HartState } from './state.ts';

/** Whether the host must empty the store log before another store into a watched page. */
export const storeLogFull = (state: HartState): boolean => state.storeLogCount >= STORE_LOG.entries;

/** Appends a store into a watched word to the log, unless it is of code or of a word that are not logged. `value` is zero extended. */
export function appendStore(log: DataView, state: HartState, physical: number, bytes: number, value: bigint): void {
  const { pc } = state;
  if (pc >= state.get('unloggedFrom') && pc < state.get('unloggedTo')) return;
  if (BigInt(physical) === state.get('latestAddress')) {
    state.setLatest(value);
    return;
  }
  const entry = STORE_LOG.offset + STORE_LOG.entryBytes * state.storeLogCount;
  log.setBigUint64(entry + STORE_LOG.address, BigInt(physical), true);
  log.setBigUint64(entry + STORE_LOG.value, value, true);
  log.setBigUint64(entry + STORE_LOG.size, BigInt(bytes), true);
  log.setBigUint64(entry + STORE_LOG.pc, pc, true);
  state.storeLogCount += 1;
}
