// SPDX-License-Identifier: BSD-2-Clause
import { RegisterFile, type AccessBytes, type Peripheral, type Refusal } from './peripheral.ts';

/** How a guest ended the machine through the test finisher. */
export type Finish =
  | { readonly kind: 'pass' }
  | { readonly kind: 'fail'; readonly code: number }
  | { readonly kind: 'reset' };

const PASS = 0x5555;
const FAIL = 0x3333;
const RESET = 0x7777;

/** SiFive test finisher: one register whose lower half says how the machine ends and whose upper half is an exit code. */
export class TestFinisher implements Peripheral {
  readonly name = 'test@100000';
  private readonly registers: RegisterFile;

  constructor(finished: (finish: Finish) => void) {
    const ends = new Map<number, (code: number) => Finish>([
      [PASS, () => ({ kind: 'pass' })],
      [FAIL, (code) => ({ kind: 'fail', code })],
      [RESET, () => ({ kind: 'reset' })],
    ]);
    this.registers = new RegisterFile([
      // Any other value is no order.
      { name: 'finisher', offset: 0, bytes: [2, 4], write: (value) => { const end = ends.get(value & 0xffff); if (end !== undefined) finished(end(value >>> 16)); } },
    ]);
  }

  load(offset: number, bytes: AccessBytes): bigint | Refusal {
    return this.registers.load(offset, bytes);
  }

  store(offset: number, bytes: AccessBytes, value: bigint): Refusal | undefined {
    return this.registers.store(offset, bytes, value);
  }

  save(): null {
    return null;
  }

  restore(): void {
    // It has no state.
  }
}
