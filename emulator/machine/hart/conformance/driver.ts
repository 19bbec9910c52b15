// SPDX-License-Identifier: BSD-2-Clause
/**
 * Conformance programs and what runs them. A program is assembly text for M mode that leaves result words in memory; a
 * driver runs it on some machine and returns the words. The same programs run on every hart, and on QEMU as a witness.
 */
import { assemble } from '../../isa/assemble.ts';
import { HART, RAM_BASE } from '../../memory/layout.ts';
import type { PhysicalMemory } from '../../memory/physical-memory.ts';
import type { Bus, Hart } from '../hart.ts';

export interface ConformanceProgram {
  readonly name: string;
  /**
   * Starts in M mode with all registers unknown; stores words from {@link RESULTS} on and jumps to `finish`. May use
   * the symbol `results`.
   */
  readonly source: string;
  /** Words besides the program: physical address and value, below {@link RESULTS}. */
  readonly words?: readonly (readonly [number, bigint])[];
  readonly resultWords: number;
  /** What a result word is, for messages. */
  readonly describe: (index: number) => string;
}

export interface Driver {
  readonly name: string;
  run(program: ConformanceProgram): Promise<readonly bigint[]>;
}

/** Where results go: the program and its words lie below. */
export const RESULTS = RAM_BASE + 0x8_0000;
export const PROGRAM_RAM_BYTES = 2 ** 22;

const UART = 0x1000_0000;
const FINISHER = 0x10_0000;
const FINISHED = 0x5555;

/** What a program jumps to at its end, on a machine whose memory the driver can read. */
const STOP = `
  finish:
    li   t0, ${FINISHER}
    li   t1, ${FINISHED}
    sw   t1, 0(t0)
  stopped:
    j    stopped
`;

/** The same on a machine that shows only its serial port: all results as bytes, then the end. */
export const dumpAndStop = (words: number): string => `
  finish:
    la   t0, results
    li   t1, ${8 * words}
    add  t1, t1, t0
    li   t2, ${UART}
  nextByte:
    beq  t0, t1, dumped
  uartBusy:
    lbu  t3, 5(t2)
    andi t3, t3, 0x20
    beqz t3, uartBusy
    lbu  t3, 0(t0)
    sb   t3, 0(t2)
    addi t0, t0, 1
    j    nextByte
  dumped:
    li   t0, ${FINISHER}
    li   t1, ${FINISHED}
    sw   t1, 0(t0)
  stopped:
    j    stopped
`;

/** Memory from RAM_BASE to RESULTS, with the program and its end. */
export function imageOf(program: ConformanceProgram, ending: string): Uint8Array {
  const { bytes } = assemble(`.equ results, ${RESULTS}\n${program.source}\n${ending}`, BigInt(RAM_BASE));
  const image = new Uint8Array(RESULTS - RAM_BASE);
  const words = program.words ?? [];
  const free = Math.min(...words.map(([address]) => address - RAM_BASE), image.length);
  if (bytes.length > free) throw new Error(`${program.name} takes ${bytes.length} bytes, and ${free} are free`);
  image.set(bytes);
  const view = new DataView(image.buffer);
  for (const [address, value] of words) view.setBigUint64(address - RAM_BASE, value, true);
  return image;
}

/** Takes the byte that says a program is finished; nothing else is there. */
class FinisherOnly implements Bus {
  finished = false;

  load(): undefined {
    return undefined;
  }

  store(address: number, _bytes: number, value: bigint): boolean {
    this.finished ||= address === FINISHER && value === BigInt(FINISHED);
    return this.finished;
  }

  stopRequested(): boolean {
    return this.finished;
  }
}

/** Makes a hart over a fresh memory of {@link PROGRAM_RAM_BYTES}. */
export type MakeHart = (bus: Bus) => { readonly hart: Hart; readonly memory: PhysicalMemory };

const CHUNK = 100_000;
const MOST_INSTRUCTIONS = 20_000_000;

/** Runs programs on a hart of this process. */
export function hartDriver(name: string, make: MakeHart): Driver {
  return {
    name,
    run: (program) => {
      const bus = new FinisherOnly();
      const { hart, memory } = make(bus);
      memory.write(RAM_BASE, imageOf(program, STOP));
      const state = new DataView(memory.memory.buffer);
      state.setBigUint64(HART.pc, BigInt(RAM_BASE), true);
      state.setBigUint64(HART.nsPerInstruction, 10n, true);
      state.setBigUint64(HART.nsPerTick, 100n, true);
      for (let done = 0; !bus.finished; done += CHUNK) {
        const stop = hart.run(CHUNK);
        if (done > MOST_INSTRUCTIONS || stop === 'waiting') {
          throw new Error(`${program.name} does not end on ${name}: ${stop} at pc 0x${state.getBigUint64(HART.pc, true).toString(16)}`);
        }
      }
      return Promise.resolve(Array.from({ length: program.resultWords }, (_, index) => memory.readWord(RESULTS + 8 * index)));
    },
  };
}
