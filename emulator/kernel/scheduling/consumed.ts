// SPDX-License-Identifier: BSD-2-Clause
import { fromNumber, type Word } from '../../../schema/abi/index.ts';
import type { SchedContext } from '../objects.ts';

/** MCS: takes the time that was charged to the context since this was last done, in µs. */
export function takeConsumed(context: SchedContext): Word {
  const microseconds = Math.floor(context.consumed / 1000);
  context.consumed = 0;
  return fromNumber(microseconds);
}
