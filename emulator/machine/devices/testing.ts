// SPDX-License-Identifier: BSD-2-Clause
/** Parts for tests of devices. */
import { HART } from '../memory/layout.ts';
import { HartState } from './hart-state.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A clock of 10 ns an instruction and 100 ns a tick, and the state that it counts by. */
export function testClock(): { readonly state: HartState; readonly clock: VirtualClock; retire(instructions: number): void } {
  const state = new HartState(new WebAssembly.Memory({ initial: 1 }));
  state.setWord(HART.nsPerInstruction, 10n);
  state.setWord(HART.nsPerTick, 100n);
  const clock = new VirtualClock(state);
  return {
    state, clock,
    retire(instructions) {
      state.setWord(HART.instret, state.word(HART.instret) + BigInt(instructions));
      clock.ring();
    },
  };
}
