// SPDX-License-Identifier: BSD-2-Clause
import { fromNumber, type Word } from '../../../schema/abi/index.ts';
import type { Kernel } from '../kernel.ts';
import type { SchedContext } from '../objects.ts';

/** Of a 10 MHz timer. */
const NS_PER_TICK = 100;

/** MCS: takes the time that was charged to the context since this was last done, in µs. */
export function takeConsumed(kernel: Kernel, context: SchedContext): Word {
  const { consumed } = context;
  context.consumed = 0;
  return fromNumber(Math.floor(consumed / (kernel.defects.has('consumed-ticks') ? NS_PER_TICK : 1000)));
}
