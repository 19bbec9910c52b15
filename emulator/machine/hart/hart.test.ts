// SPDX-License-Identifier: BSD-2-Clause
/** What the port `Hart` promises to the board, on every hart that there is. */
import { describe, expect, it } from 'vitest';
import { createHart, HART_NAMES, type HartName } from '../boot/harts.ts';
import { assemble } from '../isa/assemble.ts';
import { HART, RAM_BASE, STOP_ON, STORE_LOG } from '../memory/layout.ts';
import { SparseMemory } from '../memory/sparse-memory.ts';
import type { Bus, Hart } from './hart.ts';
import { PRIVILEGE } from './state.ts';

const NO_DEVICES: Bus = { load: () => undefined, store: () => false, stopRequested: () => false };
const DATA = RAM_BASE + 0x1000;
const HANDLER = RAM_BASE + 0x2000;

interface Setup {
  readonly hart: Hart;
  readonly memory: SparseMemory;
  readonly state: DataView;
  readonly x: (register: number) => bigint;
  readonly word: (offset: number) => bigint;
}

/** A hart at the start of a program, with traps going to S mode: a handler there returns to the instruction behind. */
function start(name: HartName, source: string, privilege: number = PRIVILEGE.machine, bus: Bus = NO_DEVICES): Setup {
  const memory = new SparseMemory({ ramBytes: 2 ** 20, frameBytes: 2 ** 20 });
  const hart = createHart(name, memory, bus);
  memory.write(RAM_BASE, assemble(`${source}\nend: j end`, BigInt(RAM_BASE)).bytes);
  memory.write(HANDLER, assemble('csrr t0, sepc\naddi t0, t0, 4\ncsrw sepc, t0\nsret', BigInt(HANDLER)).bytes);
  const state = new DataView(memory.memory.buffer);
  const set = (offset: number, value: bigint): void => state.setBigUint64(offset, value, true);
  set(HART.pc, BigInt(RAM_BASE));
  set(HART.nsPerInstruction, 10n);
  set(HART.nsPerTick, 100n);
  set(HART.medeleg, 0xb1ffn);
  set(HART.mideleg, 0x222n);
  set(HART.stvec, BigInt(HANDLER));
  set(HART.mtvec, BigInt(HANDLER));
  set(HART.mcounteren, 7n);
  set(HART.scounteren, 7n);
  set(HART.pmpaddr, (1n << 54n) - 1n);
  set(HART.pmpcfg0, 0x1fn);
  state.setUint32(HART.privilege, privilege, true);
  hart.flush();
  return { hart, memory, state, x: (register) => state.getBigUint64(8 * register, true), word: (offset) => state.getBigUint64(offset, true) };
}

const pcOf = ({ word }: Setup): number => Number(word(HART.pc)) - RAM_BASE;
const stopOn = ({ state }: Setup, bits: number): void => state.setUint32(HART.stopOn, bits, true);
const A0 = 10;

describe.each(HART_NAMES)('the %s hart', (name) => {
  it('runs as many instructions as asked for and counts them', () => {
    const setup = start(name, 'loop: addi a0, a0, 1\nj loop');
    expect(setup.hart.run(5)).toBe('budget');
    expect([setup.x(A0), setup.word(HART.instret), pcOf(setup)]).toEqual([3n, 5n, 4]);
  });

  it('counts instructions that trap in the budget, not as retired', () => {
    const setup = start(name, 'ecall\necall', PRIVILEGE.user);
    expect(setup.hart.run(5)).toBe('budget');
    expect([setup.word(HART.instret), pcOf(setup)]).toEqual([4n, 4]);
  });

  it('waits, and goes on when an enabled interrupt is pending', () => {
    const setup = start(name, 'li a0, 0x80\ncsrw mie, a0\nwfi\nli a0, 1');
    expect(setup.hart.run(100)).toBe('waiting');
    expect(setup.hart.run(100)).toBe('waiting');
    expect(setup.word(HART.instret)).toBe(3n);
    setup.state.setBigUint64(HART.mip, 1n << 7n, true);
    expect(setup.hart.run(1)).toBe('budget');
    expect(setup.x(A0)).toBe(1n);
  });

  it('takes an interrupt that the board raised at the start of a run', () => {
    const setup = start(name, 'nop\nnop\nnop', PRIVILEGE.supervisor);
    setup.hart.run(1);
    setup.state.setBigUint64(HART.mie, 1n << 7n, true);
    setup.state.setBigUint64(HART.mip, 1n << 7n, true);
    setup.hart.run(1);
    expect([setup.word(HART.mcause), setup.word(HART.mepc)]).toEqual([(1n << 63n) | 7n, BigInt(RAM_BASE) + 4n]);
    expect(setup.state.getUint32(HART.privilege, true)).toBe(PRIVILEGE.machine);
  });

  it('leaves calls of S mode to the host when asked', () => {
    const setup = start(name, 'li a7, 1\necall\nli a0, 2', PRIVILEGE.supervisor);
    stopOn(setup, STOP_ON.supervisorCall);
    expect(setup.hart.run(100)).toBe('supervisorCall');
    expect([pcOf(setup), setup.word(HART.instret), setup.word(HART.scause)]).toEqual([4, 1n, 0n]);
    setup.state.setBigUint64(HART.pc, BigInt(RAM_BASE + 8), true);
    expect(setup.hart.run(1)).toBe('budget');
    expect(setup.x(A0)).toBe(2n);
  });

  it('shows traps of U mode and returns to it', () => {
    const setup = start(name, 'nop\necall\nli a0, 9', PRIVILEGE.user);
    stopOn(setup, STOP_ON.userTrap | STOP_ON.userReturn);
    expect(setup.hart.run(100)).toBe('userTrap');
    expect([setup.word(HART.pc), setup.word(HART.sepc), setup.state.getUint32(HART.stopCause, true)]).toEqual([BigInt(HANDLER), BigInt(RAM_BASE + 4), 8]);
    expect(setup.hart.run(100)).toBe('userReturn');
    expect([pcOf(setup), setup.state.getUint32(HART.privilege, true)]).toEqual([8, PRIVILEGE.user]);
  });

  it('shows interrupts of U mode with bit 31 in the cause', () => {
    const setup = start(name, 'nop', PRIVILEGE.user);
    stopOn(setup, STOP_ON.userTrap);
    setup.state.setBigUint64(HART.mie, 1n << 5n, true);
    setup.state.setBigUint64(HART.mip, 1n << 5n, true);
    expect(setup.hart.run(10)).toBe('userTrap');
    expect([setup.state.getUint32(HART.stopCause, true), setup.word(HART.instret)]).toEqual([0x8000_0005, 0n]);
  });

  it('shows a mode that traps into itself, by exceptions and by interrupts', () => {
    const setup = start(name, 'lw a0, 8(zero)', PRIVILEGE.supervisor);
    stopOn(setup, STOP_ON.ownTrap);
    expect(setup.hart.run(100)).toBe('ownTrap');
    expect([setup.state.getUint32(HART.stopCause, true), setup.word(HART.stopValue)]).toEqual([5, 8n]);
    const interrupted = start(name, 'csrsi sstatus, 2\nnop', PRIVILEGE.supervisor);
    stopOn(interrupted, STOP_ON.ownTrap);
    interrupted.state.setBigUint64(HART.mie, 2n, true);
    interrupted.state.setBigUint64(HART.mip, 2n, true);
    expect(interrupted.hart.run(2)).toBe('ownTrap');
    expect(interrupted.state.getUint32(HART.stopCause, true)).toBe(0x8000_0001);
    expect(interrupted.word(HART.scause)).toBe((1n << 63n) | 1n);
  });

  it('stops before breakpoints, and goes on from there', () => {
    const setup = start(name, 'loop: addi a0, a0, 1\nj loop');
    setup.hart.setBreakpoints([BigInt(RAM_BASE + 0x40), BigInt(RAM_BASE + 4)]);
    expect(setup.hart.run(3)).toBe('budget');
    stopOn(setup, STOP_ON.breakpoints);
    expect(setup.hart.run(100)).toBe('breakpoint');
    expect([pcOf(setup), setup.x(A0), setup.state.getUint32(HART.stopCause, true)]).toEqual([4, 2n, 1]);
    expect(setup.hart.run(100)).toBe('breakpoint');
    expect(setup.x(A0)).toBe(3n);
    setup.hart.setBreakpoints([]);
    expect(setup.hart.run(2)).toBe('budget');
  });

  it('logs stores into watched pages, with their place', () => {
    const setup = start(name, `li a1, ${DATA}\nli a0, -2\nsh a0, 6(a1)\nli a2, ${DATA + 4091}\nsd a0, 0(a2)\nsb a0, -1(a1)`);
    setup.memory.watch(1, true);
    setup.hart.run(100);
    // One entry for the store that leaves the page.
    expect(setup.state.getUint32(HART.storeLogCount, true)).toBe(2);
    const entry = (index: number): bigint[] => [STORE_LOG.address, STORE_LOG.value, STORE_LOG.size]
      .map((field) => setup.word(STORE_LOG.offset + STORE_LOG.entryBytes * index + field));
    expect(entry(0)).toEqual([BigInt(DATA + 6), 0xfffen, 2n]);
    expect(entry(1)).toEqual([BigInt(DATA + 4091), 0xffff_ffff_ffff_fffen, 8n]);
    expect(setup.word(STORE_LOG.offset + STORE_LOG.pc)).toBe(BigInt(RAM_BASE + 16));
  });

  it('logs of a page what touches watched words, but for some code and for a word whose latest value is kept', () => {
    const source = `li a1, ${DATA}
      li a0, 1
      sd a0, 8(a1)
      sd a0, 16(a1)
      sw a0, 12(a1)
      sd a0, 4(a1)
      sb a0, 32(a1)
      sd a0, 36(a1)
      li a0, 2
      sb a0, 32(a1)
      from: sd a0, 8(a1)
      sd a0, 32(a1)
      to: nop`;
    const setup = start(name, source);
    for (const word of [8, 32]) setup.memory.watchWord(DATA + word, true);
    setup.state.setBigUint64(HART.latestAddress, BigInt(DATA + 32), true);
    const { symbols } = assemble(source, BigInt(RAM_BASE));
    setup.state.setBigUint64(HART.unloggedFrom, symbols.get('from')!, true);
    setup.state.setBigUint64(HART.unloggedTo, symbols.get('to')!, true);
    setup.hart.run(100);
    const logged = Array.from({ length: setup.state.getUint32(HART.storeLogCount, true) }, (_, i) => setup.word(STORE_LOG.offset + STORE_LOG.entryBytes * i) - BigInt(DATA));
    expect(logged).toEqual([8n, 12n, 4n, 36n]);
    expect([setup.state.getUint32(HART.latestStored, true), setup.word(HART.latestValue)]).toEqual([1, 2n]);
  });

  it('stops when the log is full, before anything is lost', () => {
    const setup = start(name, `li a1, ${DATA}\nloop: sd a0, 0(a1)\naddi a0, a0, 1\nj loop`);
    setup.memory.watch(1, true);
    expect(setup.hart.run(1_000_000)).toBe('storeLog');
    expect([setup.state.getUint32(HART.storeLogCount, true), setup.x(A0)]).toEqual([STORE_LOG.entries, BigInt(STORE_LOG.entries - 1)]);
    expect(setup.hart.run(10)).toBe('storeLog');
    setup.state.setUint32(HART.storeLogCount, 0, true);
    expect(setup.hart.run(3)).toBe('budget');
  });

  it('refuses stores into read-only pages', () => {
    const setup = start(name, `li a1, ${DATA}\nsd a1, 16(a1)`, PRIVILEGE.user);
    setup.memory.protect(1, true);
    setup.hart.run(100);
    expect([setup.word(HART.scause), setup.word(HART.stval), setup.memory.readWord(DATA + 16)]).toEqual([7n, BigInt(DATA + 16), 0n]);
  });

  it('asks the bus beside RAM, and returns when it wants', () => {
    const seen: string[] = [];
    let stops = false;
    const bus: Bus = {
      load: (address, bytes) => { seen.push(`load ${bytes} ${address.toString(16)}`); return address === 0x1000_0000 ? 0x1ffn : undefined; },
      store: (address, bytes, value) => { seen.push(`store ${bytes} ${address.toString(16)} ${value.toString(16)}`); stops = true; return true; },
      stopRequested: () => stops,
    };
    const setup = start(name, 'li a1, 0x10000000\nlb a0, 0(a1)\nsw a0, 4(a1)\nlh a0, 2(a1)', PRIVILEGE.machine, bus);
    expect(setup.hart.run(100)).toBe('device');
    expect([setup.x(A0), pcOf(setup)]).toEqual([0xffff_ffff_ffff_ffffn, 12]);
    stops = false;
    setup.hart.run(1);
    expect(seen).toEqual(['load 1 10000000', 'store 4 10000004 ffffffff', 'load 2 10000002']);
    expect([setup.word(HART.mcause), setup.word(HART.mtval)]).toEqual([5n, 0x1000_0002n]);
  });

  it('takes an exception that the host raises', () => {
    const setup = start(name, 'nop', PRIVILEGE.user);
    setup.hart.raise(2, 0x77n);
    expect([setup.word(HART.scause), setup.word(HART.stval), setup.word(HART.sepc), setup.word(HART.pc)])
      .toEqual([2n, 0x77n, BigInt(RAM_BASE), BigInt(HANDLER)]);
  });

  it('translates for the host', () => {
    const setup = start(name, 'nop', PRIVILEGE.supervisor);
    expect(setup.hart.translate(0x1234n, 'load')).toBe(0x1234);
    setup.memory.writeWord(DATA + 8 * 0x1ff, (BigInt(RAM_BASE) >> 2n) | 0x4bn);
    setup.state.setBigUint64(HART.satp, (8n << 60n) | BigInt(DATA >>> 12), true);
    setup.hart.flush();
    const top = 0xffff_ffff_c000_0000n;
    expect(setup.hart.translate(top + 0x2345n, 'execute')).toBe(RAM_BASE + 0x2345);
    expect(setup.hart.translate(top, 'store')).toBeUndefined();
    expect(setup.hart.translate(0n, 'load')).toBeUndefined();
    expect(setup.word(HART.scause)).toBe(0n);
  });

  it.each([
    ['none of them', 0n, []], ['A', 0x40n, ['A']], ['U, A and D', 0xd0n, ['U', 'A', 'D']],
  ])('faults where a pointer to a page table has reserved flags, and ignores %s', (_what, ignored, fine) => {
    const setup = start(name, 'nop', PRIVILEGE.supervisor);
    const table = DATA + 0x2000;
    const flags = Object.entries({ U: 0x10n, A: 0x40n, D: 0x80n });
    flags.forEach(([, flag], i) => setup.memory.writeWord(DATA + 8 * i, (BigInt(table) >> 2n) | 1n | flag));
    setup.memory.writeWord(table, (BigInt(RAM_BASE) >> 2n) | 0x43n);
    setup.state.setBigUint64(HART.satp, (8n << 60n) | BigInt(DATA >>> 12), true);
    setup.state.setBigUint64(HART.pointerFlags, ignored, true);
    setup.hart.flush();
    const translated = flags.filter((_, i) => setup.hart.translate(BigInt(i) << 30n, 'load') === RAM_BASE).map(([flag]) => flag);
    expect(translated).toEqual(fine);
  });

  it('sees instructions that the host wrote', () => {
    const setup = start(name, 'loop: addi a0, a0, 1\nj loop');
    setup.hart.run(2);
    setup.memory.write(RAM_BASE, assemble('addi a0, a0, 16').bytes);
    setup.hart.written(0);
    setup.hart.run(1);
    expect(setup.x(A0)).toBe(17n);
  });
});
