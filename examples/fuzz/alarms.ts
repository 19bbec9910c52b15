// SPDX-License-Identifier: BSD-2-Clause
/** Interrupts for random programs: alarms of the board's real-time clock, by loads and stores of its registers. */
import fc from 'fast-check';
import type { ThreadMemory } from 'sel4scope';
import type { Ref } from './program.ts';

/** Physical address and interrupt line of the clock, and where programs map it. */
export const CLOCK = { paddr: 0x10_1000, irq: 11, address: 0x5000_0000 } as const;

/** The thread sets an alarm. `clock`, `handler`: the scene needs the clock mapped, and its line with a handler. */
export interface AlarmAction {
  readonly kind: 'alarm';
  readonly clock: Ref;
  readonly handler: Ref;
  readonly ns: number;
}

/** Some ring during a system call, some while threads compute or wait, some when all is over. */
export const ALARMS: fc.Arbitrary<AlarmAction> = fc.record({
  kind: fc.constant('alarm' as const), clock: fc.constant('clock'), handler: fc.constant('irqHandler'),
  ns: fc.oneof({ weight: 3, arbitrary: fc.nat(5000) }, { weight: 1, arbitrary: fc.nat(200_000) }),
});

/** Sets an alarm that rings after so many ns: reads the clock, enables its interrupt, writes the alarm, its low half last. */
export async function setAlarm(memory: ThreadMemory, ns: number): Promise<void> {
  const time = await memory.load32(CLOCK.address) + ns;
  await memory.store32(CLOCK.address + 0x10, 1);
  await memory.store32(CLOCK.address + 0x08, time);
}

/** {@link setAlarm} as text, for printed programs. */
export const SET_ALARM_SOURCE: readonly string[] = [
  '', '/** Sets an alarm of the clock that rings after so many ns. */',
  `async function setAlarm(memory: ThreadMemory, ns: number): Promise<void> {`,
  `  const time = await memory.load32(0x${CLOCK.address.toString(16)}) + ns;`,
  `  await memory.store32(0x${(CLOCK.address + 0x10).toString(16)}, 1);`,
  `  await memory.store32(0x${(CLOCK.address + 0x08).toString(16)}, time);`, '}', '',
];
