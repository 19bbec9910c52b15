// SPDX-License-Identifier: BSD-2-Clause
import { RegisterFile, type AccessBytes, type Peripheral, type Refusal, type Register } from './peripheral.ts';

/** Sources of the platform: 1 to 95; 0 means none. */
export const PLIC_SOURCES = 95;
/** Sources that the specification has room for. Registers of those that the platform does not have are there, and stay 0. */
const MOST_SOURCES = 1023;
const MOST_WORDS = (MOST_SOURCES + 1) >> 5;
const WORDS = (PLIC_SOURCES >> 5) + 1;
/** Priorities are 0 (never) to 7. */
const PRIORITY_MASK = 7;

interface Saved {
  readonly priority: number[];
  readonly pending: number[];
  readonly claimed: number[];
  readonly contexts: { readonly enable: number[]; readonly threshold: number }[];
}

class Context {
  readonly enable = new Uint32Array(WORDS);
  threshold = 0;
}

/**
 * Platform-level interrupt controller (RISC-V PLIC specification 1.0), with the gateways of QEMU's: a source is pending
 * when its device drives its line up, until it is claimed or the line is driven down. A line that merely stays up after
 * completion makes no new request; kernels for this platform complete at once after the claim, long before a driver
 * can bring its device to let the line go.
 */
export class Plic implements Peripheral {
  readonly name = 'plic@c000000';
  private readonly priority = new Uint32Array(PLIC_SOURCES + 1);
  private readonly pending = new Uint32Array(WORDS);
  /** Claimed and not completed. */
  private readonly claimed = new Uint32Array(WORDS);
  private readonly contexts: readonly Context[];
  private readonly line: (context: number, pending: boolean) => void;
  private readonly registers: RegisterFile;

  /** `line` hears of the interrupt line of a context: of one hart, context 0 is M mode, 1 is S mode. */
  constructor(contexts: number, line: (context: number, pending: boolean) => void) {
    this.line = line;
    this.contexts = Array.from({ length: contexts }, () => new Context());
    this.registers = new RegisterFile([
      { name: 'priority', offset: 4, count: MOST_SOURCES, read: (i) => this.priority[i + 1] ?? 0, write: (value, i) => this.change(() => { this.priority[i + 1] = value & PRIORITY_MASK; }) },
      { name: 'pending', offset: 0x1000, count: MOST_WORDS, read: (i) => this.pending[i] ?? 0 },
      ...this.contexts.flatMap((context, number) => this.contextRegisters(context, number)),
    ]);
  }

  load(offset: number, bytes: AccessBytes): bigint | Refusal {
    return this.registers.load(offset, bytes);
  }

  store(offset: number, bytes: AccessBytes, value: bigint): Refusal | undefined {
    return this.registers.store(offset, bytes, value);
  }

  /** A device drives the line of a source. */
  setLevel(source: number, raised: boolean): void {
    const bit = 1 << (source & 31);
    const word = source >> 5;
    this.change(() => { this.pending[word] = raised ? this.pending[word]! | bit : this.pending[word]! & ~bit; });
  }

  save(): Saved {
    return {
      priority: [...this.priority], pending: [...this.pending], claimed: [...this.claimed],
      contexts: this.contexts.map(({ enable, threshold }) => ({ enable: [...enable], threshold })),
    };
  }

  restore(saved: unknown): void {
    const from = saved as Saved;
    this.change(() => {
      this.priority.set(from.priority);
      this.pending.set(from.pending);
      this.claimed.set(from.claimed);
      from.contexts.forEach(({ enable, threshold }, i) => {
        this.contexts[i]!.enable.set(enable);
        this.contexts[i]!.threshold = threshold;
      });
    });
  }

  private contextRegisters(context: Context, number: number): Register[] {
    return [
      {
        name: `enable of context ${number}`, offset: 0x2000 + 0x80 * number, count: MOST_WORDS, read: (i) => context.enable[i] ?? 0,
        // Bit 0 of the first word stands for no source.
        write: (value, i) => this.change(() => { context.enable[i] = i === 0 ? value & ~1 : value; }),
      },
      {
        name: `threshold of context ${number}`, offset: 0x20_0000 + 0x1000 * number, read: () => context.threshold,
        write: (value) => this.change(() => { context.threshold = value & PRIORITY_MASK; }),
      },
      { name: `claim/complete of context ${number}`, offset: 0x20_0004 + 0x1000 * number, read: () => this.claim(context), write: (value) => this.complete(context, value) },
    ];
  }

  private claim(context: Context): number {
    const source = this.best(context, 0);
    if (source !== 0) {
      const bit = 1 << (source & 31);
      this.change(() => {
        this.pending[source >> 5]! &= ~bit;
        this.claimed[source >> 5]! |= bit;
      });
    }
    return source;
  }

  /** Completion of a source that is not enabled for the context is ignored. */
  private complete(context: Context, source: number): void {
    if (source === 0 || source > PLIC_SOURCES) return;
    const bit = 1 << (source & 31);
    const word = source >> 5;
    if ((context.enable[word]! & this.claimed[word]! & bit) === 0) return;
    this.change(() => { this.claimed[word]! &= ~bit; });
  }

  /** Pending, enabled source that is not being served of the highest priority above a threshold; the lowest number among equals; 0 for none. */
  private best(context: Context, threshold: number): number {
    let best = 0;
    let bestPriority = threshold;
    for (let word = 0; word < WORDS; word++) {
      let bits = this.pending[word]! & context.enable[word]! & ~this.claimed[word]!;
      while (bits !== 0) {
        const source = word * 32 + 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        if (this.priority[source]! > bestPriority) {
          best = source;
          bestPriority = this.priority[source]!;
        }
      }
    }
    return best;
  }

  private change(write: () => void): void {
    write();
    this.contexts.forEach((context, number) => this.line(number, this.best(context, context.threshold) !== 0));
  }
}
