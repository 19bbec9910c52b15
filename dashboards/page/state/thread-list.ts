// SPDX-License-Identifier: BSD-2-Clause
import type { ThreadNow } from '../../../schema/api/index.ts';

/** Threads whose name, state or wait has the text in it: those that run or wait, then those that rest, then those that are gone. */
export function listedThreads(threads: readonly ThreadNow[], text: string): ThreadNow[] {
  const wanted = text.trim().toLowerCase();
  const fits = ({ thread, state, waits }: ThreadNow): boolean => [thread.name, state, waits?.text ?? ''].some((each) => each.toLowerCase().includes(wanted));
  return threads.filter(fits).sort((a, b) => rank(a) - rank(b));
}

function rank({ state, destroyed }: ThreadNow): number {
  return destroyed ? 2 : state === 'Inactive' ? 1 : 0;
}
