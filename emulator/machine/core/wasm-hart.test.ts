// SPDX-License-Identifier: BSD-2-Clause
/** What the fast hart remembers, and when it has to forget it; its own limits. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from '../hart/hart.ts';
import { TypeScriptHart } from '../hart/typescript-hart.ts';
import { assemble } from '../isa/assemble.ts';
import { CORE, HART, PAGE_BYTES, RAM_BASE, STOP_ON, STORE_LOG } from '../memory/layout.ts';
import { SparseMemory } from '../memory/sparse-memory.ts';
import { coreModule } from './core-module.ts';
import { BREAKPOINTS, CORE_MAP, SLOTS } from './map.ts';
import { WasmHart } from './wasm-hart.ts';

const NO_DEVICES: Bus = { load: () => undefined, store: () => false, stopRequested: () => false };
const DATA_PAGE = 4;
const DATA = RAM_BASE + DATA_PAGE * PAGE_BYTES;

/** A hart in M mode at the start of a program. s0 is the start of `DATA`. */
class Rig {
  readonly memory: SparseMemory;
  readonly hart: WasmHart;
  readonly state: DataView;

  constructor(source: string, options: { pages?: number; frames?: number; bus?: Bus } = {}) {
    const pages = options.pages ?? 64;
    this.memory = new SparseMemory({ ramBytes: pages * PAGE_BYTES, frameBytes: (options.frames ?? pages) * PAGE_BYTES });
    this.hart = new WasmHart(this.memory, options.bus ?? NO_DEVICES);
    this.state = new DataView(this.memory.memory.buffer);
    this.write(RAM_BASE, source);
    this.pc = RAM_BASE;
    this.setX(8, BigInt(DATA));
    this.state.setBigUint64(HART.mtvec, BigInt(RAM_BASE + 0x800), true);
  }

  write(address: number, source: string): void {
    this.memory.write(address, assemble(source, BigInt(address)).bytes);
  }

  x(register: number): bigint {
    return this.state.getBigUint64(HART.x + 8 * register, true);
  }

  setX(register: number, value: bigint): void {
    this.state.setBigUint64(HART.x + 8 * register, value, true);
  }

  get pc(): number {
    return Number(this.word(HART.pc));
  }

  set pc(address: number) {
    this.state.setBigUint64(HART.pc, BigInt(address), true);
  }

  word(offset: number): bigint {
    return this.state.getBigUint64(offset, true);
  }
}

// The first use may have to compile the core.
beforeAll(() => { coreModule(); }, 600_000);

describe('budgets', () => {
  it('executes exactly as many instructions as asked for, in and out of a block', () => {
    const rig = new Rig('loop: addi a0, a0, 1\n addi a0, a0, 1\n addi a0, a0, 1\n j loop');
    let total = 0n;
    for (const budget of [1, 2, 3, 5, 1000, 1_000_001]) {
      expect(rig.hart.run(budget)).toBe('budget');
      total += BigInt(budget);
      expect(rig.word(HART.instret)).toBe(total);
      expect(rig.x(10)).toBe(total - total / 4n);
      expect(rig.pc).toBe(RAM_BASE + 4 * Number(total % 4n));
    }
  });

  it('counts the turns of a jump to itself that it does not make', () => {
    const rig = new Rig('j .');
    expect(rig.hart.run(123_456_789)).toBe('budget');
    expect(rig.word(HART.instret)).toBe(123_456_789n);
    expect(rig.pc).toBe(RAM_BASE);
  });

  it('ends a handler that faults for ever', () => {
    const rig = new Rig('.half 0');
    rig.state.setBigUint64(HART.mtvec, 0x1000n, true);
    expect(rig.hart.run(1000)).toBe('budget');
    expect(rig.word(HART.instret)).toBe(0n);
    expect(rig.word(HART.mcause)).toBe(1n);
  });
});

describe('absent pages', () => {
  it('take no frame for zeros, and one for anything else', () => {
    const rig = new Rig('sd x0, 0(s0)\n sw x0, 16(s0)\n ld a0, 0(s0)\n li a1, 7\n sd a1, 8(s0)\n ld a2, 8(s0)\n sd x0, 8(s0)\n ld a3, 8(s0)');
    rig.hart.run(4);
    expect([...rig.memory.present()]).toEqual([0]);
    rig.setX(13, 1n);
    rig.hart.run(4);
    expect([...rig.memory.present()]).toEqual([0, DATA_PAGE]);
    expect([rig.x(10), rig.x(12), rig.x(13)]).toEqual([0n, 7n, 0n]);
  });

  it('are seen anew after the host wrote into them', () => {
    const rig = new Rig('loop: ld a0, 0(s0)\n sd x0, 8(s0)\n j loop');
    rig.hart.run(30);
    rig.memory.writeWord(DATA, 5n);
    rig.memory.writeWord(DATA + 8, 6n);
    rig.hart.run(3);
    expect(rig.x(10)).toBe(5n);
    expect(rig.memory.readWord(DATA + 8)).toBe(0n);
  });

  it('that another address made present are written, too', () => {
    // Both addresses of DATA are known to the hart as absent before the store through the first of them.
    const rig = new Rig('sd x0, 0(s0)\n sd x0, 0(s1)\n sd a1, 0(s0)\n sd x0, 0(s1)');
    const root = RAM_BASE + 8 * PAGE_BYTES;
    // Addresses from 0 and from 0x40000000 are those from 0x80000000; a leaf needs A and D.
    for (const index of [0, 1, 2]) rig.memory.writeWord(root + 8 * index, BigInt(RAM_BASE) / 4n + 0xcfn);
    rig.state.setBigUint64(HART.satp, (8n << 60n) | BigInt(root / PAGE_BYTES), true);
    rig.state.setBigUint64(HART.pmpaddr, (1n << 54n) - 1n, true);
    rig.state.setBigUint64(HART.pmpcfg0, 0x1fn, true);
    rig.state.setUint32(HART.privilege, 1, true);
    rig.setX(8, BigInt(DATA_PAGE * PAGE_BYTES));
    rig.setX(9, BigInt(0x4000_0000 + DATA_PAGE * PAGE_BYTES));
    rig.setX(11, 9n);
    rig.hart.flush();
    rig.hart.run(3);
    expect(rig.memory.readWord(DATA)).toBe(9n);
    rig.hart.run(1);
    expect(rig.memory.readWord(DATA)).toBe(0n);
  });

  it('beyond the frames that there are end the run with the name of the option', () => {
    const rig = new Rig('li a0, 1\n sd a0, 0(s0)', { frames: 1 });
    expect(() => rig.hart.run(2)).toThrow(/raise the option frameBytes/);
  });
});

describe('decoded instructions', () => {
  it('follow a store into the very next instruction', () => {
    const rig = new Rig(`
      la   t0, patch
      lw   t1, 0(s0)
      sw   t1, 0(t0)
      patch: li a0, 1
    `);
    rig.memory.write(DATA, assemble('li a0, 2').bytes);
    rig.hart.run(5);
    expect(rig.x(10)).toBe(2n);
  });

  it('follow a store into the second half of an instruction, also in the next page', () => {
    const at = RAM_BASE + PAGE_BYTES - 2;
    const rig = new Rig('jr s1');
    rig.setX(9, BigInt(at));
    rig.write(at, 'li a0, 1\n jr s1');
    rig.hart.run(5);
    expect(rig.x(10)).toBe(1n);
    rig.pc = RAM_BASE + 16;
    rig.write(RAM_BASE + 16, 'lh t1, 0(s0)\n sh t1, 2(s1)\n jr s1');
    rig.memory.write(DATA, assemble('li a0, 2').bytes.subarray(2));
    rig.hart.run(4);
    expect(rig.x(10)).toBe(2n);
  });

  it('are forgotten when the host writes them', () => {
    const rig = new Rig('loop: li a0, 1\n j loop');
    rig.hart.run(10);
    rig.write(RAM_BASE, 'li a0, 3');
    rig.hart.run(2);
    expect(rig.x(10)).toBe(3n);
  });

  it('of more pages than there are slots', () => {
    const pages = SLOTS + 100;
    const rig = new Rig('', { pages: pages + 1 });
    const jump = assemble('addi a0, a0, 1\n lui t0, 1\n add t1, t1, t0\n jr t1').bytes;
    for (let page = 0; page < pages; page++) rig.memory.write(RAM_BASE + page * PAGE_BYTES, jump);
    rig.write(RAM_BASE + pages * PAGE_BYTES, `li t1, ${RAM_BASE}\n jr t1`);
    rig.setX(6, BigInt(RAM_BASE));
    const round = 4 * pages + 3;
    for (let i = 1; i <= 3; i++) {
      rig.hart.run(round);
      expect(rig.x(10)).toBe(BigInt(i * pages));
      expect(rig.pc).toBe(RAM_BASE);
    }
  });
});

describe('the loop that clears memory', () => {
  const CLEAR = 'loop: sd x0, 0(a0)\n addi a0, a0, 8\n bne a0, a1, loop\n addi a2, a2, 1\n j .';
  /** The same program on both harts: state, memory and store log after each of some budgets. */
  const sameOnBoth = (start: number, end: number, budgets: readonly number[], prepare: (memory: SparseMemory) => void): void => {
    const rig = new Rig(CLEAR);
    const memory = new SparseMemory({ ramBytes: rig.memory.bytes, frameBytes: rig.memory.bytes });
    const readable = new TypeScriptHart(memory, NO_DEVICES);
    const state = new DataView(memory.memory.buffer);
    memory.write(RAM_BASE, rig.memory.read(RAM_BASE, PAGE_BYTES));
    for (const view of [rig.state, state]) {
      for (const [offset, value] of [[HART.pc, RAM_BASE], [HART.x + 80, start], [HART.x + 88, end], [HART.x + 64, DATA], [HART.mtvec, RAM_BASE + 0x800]] as const) {
        view.setBigUint64(offset, BigInt(value), true);
      }
    }
    for (const each of [rig.memory, memory]) prepare(each);
    for (const budget of budgets) {
      expect(rig.hart.run(budget)).toBe(readable.run(budget));
      expect(Buffer.from(rig.state.buffer, 0, HART.stopOn).toString('hex')).toBe(Buffer.from(state.buffer, 0, HART.stopOn).toString('hex'));
      expect(rig.state.getUint32(HART.storeLogCount, true)).toBe(state.getUint32(HART.storeLogCount, true));
    }
    expect(Buffer.compare(rig.memory.read(RAM_BASE, rig.memory.bytes), memory.read(RAM_BASE, memory.bytes))).toBe(0);
  };

  it('ends where each turn by itself would, whatever the pages and the budget', () => {
    const place = fc.integer({ min: DATA - 16, max: DATA + 2 * PAGE_BYTES + 16 });
    const kind = fc.constantFrom('absent', 'present', 'watched', 'readOnly');
    fc.assert(fc.property(place, fc.integer({ min: -3, max: 600 }), fc.boolean(), fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 4 }),
      fc.tuple(kind, kind, kind), (start, words, odd, budgets, kinds) => {
        sameOnBoth(start, start + 8 * words + (odd ? 4 : 0), budgets, (memory) => kinds.forEach((each, index) => {
          const page = DATA_PAGE + index;
          if (each !== 'absent') memory.write(RAM_BASE + page * PAGE_BYTES, new Uint8Array(PAGE_BYTES).fill(0xa5));
          if (each === 'watched') memory.watch(page, true);
          if (each === 'readOnly') memory.protect(page, true);
        }));
      }), { numRuns: 100 });
  });

  it('runs into its own instructions', () => {
    sameOnBoth(RAM_BASE, RAM_BASE + 4096, [1, 2, 3, 500], () => {});
  });

  it('is no such loop any more when its end is changed', () => {
    const rig = new Rig(`${CLEAR}\n patch: lw t0, 0(s0)\n la t1, loop\n sw t0, 8(t1)\n li a0, ${DATA + 64}\n j loop`);
    rig.setX(10, BigInt(DATA + 64));
    rig.setX(11, BigInt(DATA + 128));
    rig.hart.run(3 * 8 + 1);
    expect(rig.x(12)).toBe(1n);
    // In place of the branch: addi a3, a3, 1.
    rig.memory.write(DATA, assemble('addi a3, a3, 1').bytes);
    rig.pc = RAM_BASE + 20;
    rig.hart.run(100);
    expect([rig.x(10), rig.x(12), rig.x(13)]).toEqual([BigInt(DATA + 72), 2n, 1n]);
  });
});

describe('special pages', () => {
  it('log stores, and stop the hart when the log is full', () => {
    const rig = new Rig('loop: sd a0, 0(s0)\n addi a0, a0, 1\n sh a0, 5(s0)\n j loop');
    rig.hart.run(40);
    rig.memory.watch(DATA_PAGE, true);
    expect(rig.hart.run(8)).toBe('budget');
    expect(rig.state.getUint32(HART.storeLogCount, true)).toBe(4);
    const entry = STORE_LOG.offset + STORE_LOG.entryBytes;
    expect(rig.word(entry + STORE_LOG.address)).toBe(BigInt(DATA + 5));
    expect(rig.word(entry + STORE_LOG.value)).toBe(11n);
    expect(rig.word(entry + STORE_LOG.size)).toBe(2n);
    expect(rig.word(entry + STORE_LOG.pc)).toBe(BigInt(RAM_BASE + 8));
    expect(rig.hart.run(10_000_000)).toBe('storeLog');
    expect(rig.state.getUint32(HART.storeLogCount, true)).toBe(STORE_LOG.entries);
    expect(rig.hart.run(1)).toBe('storeLog');
    rig.state.setUint32(HART.storeLogCount, 0, true);
    rig.memory.watch(DATA_PAGE, false);
    expect(rig.hart.run(1000)).toBe('budget');
    expect(rig.state.getUint32(HART.storeLogCount, true)).toBe(0);
  });

  it('refuse stores when they are read only', () => {
    const rig = new Rig('loop: sd a0, 0(s0)\n j loop');
    rig.hart.run(10);
    rig.memory.protect(DATA_PAGE, true);
    rig.hart.run(1);
    expect(rig.word(HART.mcause)).toBe(7n);
    expect(rig.word(HART.mtval)).toBe(BigInt(DATA));
  });
});

describe('devices', () => {
  it('get each access once, and can make the hart return', () => {
    const seen: string[] = [];
    let stop = false;
    const bus: Bus = {
      load: (address, bytes) => {
        seen.push(`load ${address.toString(16)} ${bytes}`);
        return 0x1_8000n;
      },
      store: (address, bytes, value) => {
        seen.push(`store ${address.toString(16)} ${bytes} ${value.toString(16)}`);
        stop = true;
        return true;
      },
      stopRequested: () => {
        const now = stop;
        stop = false;
        return now;
      },
    };
    const rig = new Rig('li t0, 0x10000000\n lh a0, 6(t0)\n li a1, -2\n sw a1, 8(t0)\n nop', { bus });
    expect(rig.hart.run(100)).toBe('device');
    expect(seen).toEqual(['load 10000006 2', 'store 10000008 4 fffffffe']);
    expect(rig.x(10)).toBe(0xffff_ffff_ffff_8000n);
    expect(rig.pc).toBe(RAM_BASE + 16);
  });

  it('that are not there are access faults', () => {
    const rig = new Rig('li t0, 0x10000000\n ld a0, 0(t0)');
    rig.hart.run(2);
    expect([rig.word(HART.mcause), rig.word(HART.mtval)]).toEqual([5n, 0x1000_0000n]);
  });
});

describe('breakpoints', () => {
  it('stop before their instruction, and let the next run begin with it', () => {
    const rig = new Rig('loop: addi a0, a0, 1\n addi a1, a1, 1\n j loop');
    rig.hart.run(100);
    rig.hart.setBreakpoints([0n, BigInt(RAM_BASE + 4)]);
    rig.state.setUint32(HART.stopOn, STOP_ON.breakpoints, true);
    const before = rig.x(11);
    for (let i = 0n; i < 3n; i++) {
      expect(rig.hart.run(1000)).toBe('breakpoint');
      expect(rig.pc).toBe(RAM_BASE + 4);
      expect(rig.x(11)).toBe(before + i);
      expect(rig.state.getUint32(HART.stopCause, true)).toBe(1);
    }
    rig.hart.setBreakpoints([]);
    expect(rig.hart.run(1000)).toBe('budget');
  });

  it('stop again after the host moved on', () => {
    const rig = new Rig('loop: addi a0, a0, 1\n addi a1, a1, 1\n j loop');
    rig.hart.setBreakpoints([BigInt(RAM_BASE + 4)]);
    rig.state.setUint32(HART.stopOn, STOP_ON.breakpoints, true);
    expect(rig.hart.run(1000)).toBe('breakpoint');
    rig.pc = RAM_BASE;
    expect(rig.hart.run(1000)).toBe('breakpoint');
    expect([rig.x(10), rig.x(11)]).toEqual([2n, 0n]);
  });

  it('stop before the fault of a fetch', () => {
    const rig = new Rig('jr a0');
    rig.setX(10, 0x1000n);
    rig.hart.setBreakpoints([0x1000n]);
    rig.state.setUint32(HART.stopOn, STOP_ON.breakpoints, true);
    expect(rig.hart.run(100)).toBe('breakpoint');
    expect([rig.pc, rig.word(HART.mcause)]).toEqual([0x1000, 0n]);
    rig.hart.run(1);
    expect([rig.pc, rig.word(HART.mcause), rig.word(HART.mtval)]).toEqual([RAM_BASE + 0x800, 1n, 0x1000n]);
  });

  it('are limited', () => {
    expect(() => new Rig('').hart.setBreakpoints(Array.from({ length: BREAKPOINTS + 1 }, (_, index) => BigInt(index)))).toThrow(/there can be 64 breakpoints, not 65/);
  });
});

it('translates as the running mode would', () => {
  const rig = new Rig('nop');
  expect(rig.hart.translate(BigInt(DATA + 3), 'load')).toBe(DATA + 3);
  rig.state.setUint32(HART.privilege, 0, true);
  // Without protection regions only M mode has any rights.
  expect(rig.hart.translate(BigInt(DATA + 3), 'load')).toBeUndefined();
});

it('keeps its tables inside its part of the memory', () => {
  expect(CORE_MAP.end).toBeLessThanOrEqual(CORE.offset + CORE.bytes);
  expect(CORE_MAP.zeroFrame % PAGE_BYTES).toBe(0);
});
