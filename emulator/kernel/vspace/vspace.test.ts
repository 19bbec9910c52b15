// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { CAP_TYPE, RIGHTS, ROLE, STATE, fromNumber, toBigInt, type ObjectTypeName, type WordLike } from '../../../schema/abi/index.ts';
import { VM_RIGHTS, type AsidPoolCap, type FrameCap, type PageTableCap } from '../capability.ts';
import { deleteSlot } from '../cspace/delete.ts';
import { insertDerived, insertRoot } from '../cspace/derivation.ts';
import { deriveCapability } from '../cspace/derive.ts';
import type { DefectName } from '../defects.ts';
import { checkCSpace } from '../invariants/cspace.ts';
import { Frame, UntypedRegion } from '../objects.ts';
import { slotHi, slotLo } from '../registers.ts';
import type { Slot } from '../slot.ts';
import { bareCSpace, bareKernel, errorWords, place, request, run } from '../testing.ts';
import { decodeAsidControl, decodeAsidPool, findVSpace } from './asid.ts';
import { decodeFrame } from './frame.ts';
import { decodePageTable } from './page-table.ts';
import { entryAt, walk } from './paging.ts';

const DEPTH = 64;
/** Slots of the fixture. */
const CONTROL = 0, MEMORY = 1, POOL = 2, VSPACE = 3, TABLE = 4, LOWER = 5, FRAME = 6, SPARE = 20;
const ADDRESS = 0x4000_1000;

/** A CSpace with an ASID pool and a root page table that has an ASID. */
function setUp(defects: DefectName[] = []) {
  const kernel = bareKernel('mcs', defects);
  const { cnode, root } = bareCSpace(kernel);
  const slot = (i: number): Slot => cnode.slot(i);
  let next = 0x8000_0000;
  const put = (i: number, type: ObjectTypeName, bits = 0) => {
    const cap = place(kernel, slot(i), type, bits, next);
    next += 2 ** cap.object!.sizeBits;
    return cap;
  };
  const makePool = (memory: number, to: number, depth: WordLike = DEPTH) =>
    run(kernel, decodeAsidControl, request(kernel, slot(CONTROL), 'RISCVASIDControlMakePool', [to, depth], [slot(memory), root]));
  const assign = (pool: number, vspace: number) =>
    run(kernel, decodeAsidPool, request(kernel, slot(pool), 'RISCVASIDPoolAssign', [], [slot(vspace)]));
  const mapTable = (table: number, address: WordLike, vspace = VSPACE) =>
    run(kernel, decodePageTable, request(kernel, slot(table), 'RISCVPageTableMap', [address, 0], [slot(vspace)]));
  const unmapTable = (table: number) => run(kernel, decodePageTable, request(kernel, slot(table), 'RISCVPageTableUnmap'));
  const map = (frame: number, address: WordLike, rights: number = RIGHTS.all, attributes = 0, vspace = VSPACE) =>
    run(kernel, decodeFrame, request(kernel, slot(frame), 'RISCVPageMap', [address, rights, attributes], [slot(vspace)]));
  const unmap = (frame: number) => run(kernel, decodeFrame, request(kernel, slot(frame), 'RISCVPageUnmap'));
  const entry = (address: number, vspace = VSPACE) => entryAt(walk((slot(vspace).cap as PageTableCap).object, fromNumber(address)));
  const copy = (from: number, to: number) => {
    const cap = deriveCapability(kernel, slot(from), slot(from).cap);
    if (!('type' in cap)) throw new Error('not derivable');
    insertDerived(slot(to), cap, slot(from));
  };

  insertRoot(slot(CONTROL), { type: CAP_TYPE.ASIDControl, object: null });
  put(MEMORY, 'Untyped', 12);
  put(VSPACE, 'RISCV_PageTable');
  makePool(MEMORY, POOL);
  assign(POOL, VSPACE);
  return { kernel, root, slot, put, makePool, assign, mapTable, unmapTable, map, unmap, entry, copy };
}

/** With both lower tables for {@link ADDRESS}, and a frame. */
function setUpMapped(defects: DefectName[] = []) {
  const world = setUp(defects);
  world.put(TABLE, 'RISCV_PageTable');
  world.put(LOWER, 'RISCV_PageTable');
  world.put(FRAME, 'RISCV_4K_Page');
  world.mapTable(TABLE, ADDRESS);
  world.mapTable(LOWER, ADDRESS);
  return world;
}

describe('ASIDControl', () => {
  it('makes a pool out of an untyped, which is used up', () => {
    const { kernel, slot } = setUp();
    expect(slot(POOL).cap).toMatchObject({ type: CAP_TYPE.ASIDPool, object: { base: 0 } });
    expect(slot(MEMORY).cap).toMatchObject({ freeIndex: 4096 });
    expect(slot(POOL).parent).toBe(slot(MEMORY));
    expect(slot(POOL).revocable).toBe(false);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('checks message, pools, memory, its children, the destination, in this order', () => {
    const { kernel, root, slot, put, makePool } = setUp();
    const call = (words: WordLike[], extras: Slot[], method = 'RISCVASIDControlMakePool') =>
      errorWords(run(kernel, decodeAsidControl, request(kernel, slot(CONTROL), method, words, extras)));
    put(SPARE, 'Untyped', 13);
    put(SPARE + 1, 'Untyped', 12);
    expect(call([], [], 'RISCVASIDPoolAssign').error).toBe('IllegalOperation');
    expect(call([9], [slot(MEMORY), root]).error).toBe('TruncatedMessage');
    expect(call([9, DEPTH], [slot(MEMORY)]).error).toBe('TruncatedMessage');
    expect(errorWords(makePool(SPARE, 9, 65))).toEqual({ error: 'InvalidCapability', words: [1n] });
    expect(errorWords(makePool(MEMORY, 9, 65)).error).toBe('RevokeFirst');
    expect(errorWords(makePool(SPARE + 1, 9, 65))).toEqual({ error: 'RangeError', words: [1n, 64n] });
    expect(errorWords(makePool(SPARE + 1, POOL)).error).toBe('DeleteFirst');
    const device = kernel.register(new UntypedRegion(kernel.nextId(), 0x1000, 12, true));
    insertRoot(slot(SPARE + 2), { type: CAP_TYPE.Untyped, object: device, freeIndex: 0 });
    expect(errorWords(makePool(SPARE + 2, 9))).toEqual({ error: 'InvalidCapability', words: [1n] });
    for (let base = 512; base < 128 * 512; base += 512) kernel.asidPools.set(base, (slot(POOL).cap as AsidPoolCap).object);
    expect(errorWords(makePool(SPARE, 9)).error).toBe('DeleteFirst');
  });
});

describe('ASIDPool', () => {
  it('assigns identifiers in order, but never 0', () => {
    const { kernel, slot, put, assign } = setUp();
    expect(slot(VSPACE).cap).toMatchObject({ mapping: { asid: 1, address: { lo: 0, hi: 0 } } });
    put(SPARE, 'RISCV_PageTable');
    expect(assign(POOL, SPARE)).toBe('done');
    expect(findVSpace(kernel, 2)).toBe(slot(SPARE).cap.object);
  });

  it('refuses what is no unmapped page table, and a full or dead pool', () => {
    const { kernel, slot, put, assign } = setUp();
    const cap = slot(POOL).cap as AsidPoolCap;
    put(SPARE, 'RISCV_PageTable');
    put(SPARE + 1, 'RISCV_4K_Page');
    expect(errorWords(assign(POOL, VSPACE))).toEqual({ error: 'InvalidCapability', words: [1n] });
    expect(errorWords(assign(POOL, SPARE + 1))).toEqual({ error: 'InvalidCapability', words: [1n] });
    expect(errorWords(run(kernel, decodeAsidPool, request(kernel, slot(POOL), 'RISCVASIDPoolAssign'))).error).toBe('TruncatedMessage');
    for (let asid = 2; asid < 512; asid++) cap.object.vspaces.set(asid, findVSpace(kernel, 1)!);
    expect(errorWords(assign(POOL, SPARE)).error).toBe('DeleteFirst');
    kernel.asidPools.delete(0);
    expect(errorWords(assign(POOL, SPARE))).toEqual({ error: 'FailedLookup', words: [0n, 1n] });
  });

  it('takes the identifiers with it when its last capability goes', () => {
    const { kernel, slot, map, put } = setUp();
    deleteSlot(kernel, slot(POOL));
    expect(findVSpace(kernel, 1)).toBeNull();
    put(FRAME, 'RISCV_4K_Page');
    expect(errorWords(map(FRAME, ADDRESS))).toEqual({ error: 'FailedLookup', words: [0n, 1n] });
  });
});

describe('PageTable', () => {
  it('maps at the level that is missing, and says DeleteFirst when none is', () => {
    const { slot, mapTable, put, entry } = setUpMapped();
    expect(slot(TABLE).cap).toMatchObject({ mapping: { asid: 1, address: fromNumber(0x4000_0000) } });
    expect(slot(LOWER).cap).toMatchObject({ mapping: { asid: 1, address: fromNumber(0x4000_0000) } });
    expect(entry(ADDRESS)).toBeUndefined();
    put(SPARE, 'RISCV_PageTable');
    expect(errorWords(mapTable(SPARE, ADDRESS)).error).toBe('DeleteFirst');
    expect(mapTable(SPARE, 0x4040_0000)).toBe('done');
  });

  it('checks message, its own mapping, the root, the address, in this order', () => {
    const { kernel, slot, put, mapTable } = setUpMapped();
    const top = 0x3f_ffff_f000;
    put(SPARE, 'RISCV_PageTable');
    put(SPARE + 1, 'RISCV_PageTable');
    expect(errorWords(run(kernel, decodePageTable, request(kernel, slot(SPARE), 'RISCVPageMap'))).error).toBe('IllegalOperation');
    expect(errorWords(run(kernel, decodePageTable, request(kernel, slot(SPARE), 'RISCVPageTableMap', [0], [slot(VSPACE)]))).error).toBe('TruncatedMessage');
    expect(errorWords(mapTable(TABLE, top, SPARE))).toEqual({ error: 'InvalidCapability', words: [0n] });
    expect(errorWords(mapTable(SPARE, top, SPARE + 1))).toEqual({ error: 'InvalidCapability', words: [1n] });
    expect(errorWords(mapTable(SPARE, top, TABLE))).toEqual({ error: 'InvalidArgument', words: [0n] });
    expect(errorWords(mapTable(SPARE, top - 1, TABLE))).toEqual({ error: 'InvalidCapability', words: [1n] });
    expect(mapTable(SPARE, top - 1)).toBe('done');
  });

  it('is unmapped only by its last capability, and never as root', () => {
    const { kernel, slot, unmapTable, copy, entry, map } = setUpMapped();
    map(FRAME, ADDRESS);
    expect(errorWords(unmapTable(VSPACE)).error).toBe('RevokeFirst');
    copy(LOWER, SPARE);
    expect(errorWords(unmapTable(LOWER)).error).toBe('RevokeFirst');
    deleteSlot(kernel, slot(SPARE));
    expect(unmapTable(LOWER)).toBe('done');
    expect(slot(LOWER).cap).toMatchObject({ mapping: null, object: { entries: new Map() } });
    expect(entry(ADDRESS)).toBeUndefined();
    expect(unmapTable(LOWER)).toBe('done');
  });

  it('leaves its address space when it is deleted, a root gives its ASID back', () => {
    const { kernel, slot, put, map, assign } = setUpMapped();
    deleteSlot(kernel, slot(LOWER));
    expect(errorWords(map(FRAME, ADDRESS))).toEqual({ error: 'FailedLookup', words: [0n, 2n, 21n] });
    deleteSlot(kernel, slot(VSPACE));
    expect(findVSpace(kernel, 1)).toBeNull();
    put(SPARE, 'RISCV_PageTable');
    assign(POOL, SPARE);
    expect(findVSpace(kernel, 1)).toBe(slot(SPARE).cap.object);
  });
});

describe('Page_Map', () => {
  it('maps with the rights that capability and request have in common', () => {
    const { slot, map, entry } = setUpMapped();
    expect(map(FRAME, ADDRESS, RIGHTS.read, 1)).toBe('done');
    expect(entry(ADDRESS)).toEqual({ frame: slot(FRAME).cap.object, rights: VM_RIGHTS.readOnly, executable: false });
    expect(slot(FRAME).cap).toMatchObject({ rights: VM_RIGHTS.readWrite, mapping: { asid: 1, address: fromNumber(ADDRESS) } });
  });

  it('maps again at the same address with other rights, and nowhere else', () => {
    const { map, entry, put, copy, assign } = setUpMapped();
    map(FRAME, ADDRESS, RIGHTS.read);
    expect(map(FRAME, ADDRESS, RIGHTS.all)).toBe('done');
    expect(entry(ADDRESS)).toMatchObject({ rights: VM_RIGHTS.readWrite, executable: true });
    expect(errorWords(map(FRAME, ADDRESS + 0x1000))).toEqual({ error: 'InvalidArgument', words: [0n] });
    copy(FRAME, SPARE);
    expect(errorWords(map(SPARE, ADDRESS)).error).toBe('DeleteFirst');
    expect(map(SPARE, ADDRESS + 0x1000)).toBe('done');
    put(SPARE + 1, 'RISCV_Giga_Page');
    map(SPARE + 1, 0x8000_0000);
    put(SPARE + 2, 'RISCV_PageTable');
    assign(POOL, SPARE + 2);
    expect(errorWords(map(SPARE + 1, 0x8000_0000, RIGHTS.all, 0, SPARE + 2))).toEqual({ error: 'InvalidCapability', words: [1n] });
  });

  it('has nothing mapped without rights, though the capability says so', () => {
    const { slot, map, entry } = setUpMapped();
    expect(map(FRAME, ADDRESS, 0, 1)).toBe('done');
    expect(entry(ADDRESS)).toBeUndefined();
    expect(slot(FRAME).cap).toMatchObject({ mapping: { asid: 1 } });
    expect(map(FRAME, ADDRESS, 0, 0)).toBe('done');
    expect(entry(ADDRESS)).toMatchObject({ rights: VM_RIGHTS.kernelOnly, executable: true });
  });

  it('checks message, root, address range, alignment, tables, in this order', () => {
    const { kernel, slot, map, put } = setUpMapped();
    put(SPARE, 'RISCV_PageTable');
    put(SPARE + 1, 'RISCV_Mega_Page');
    const top = 0x3f_ffff_f000;
    expect(errorWords(run(kernel, decodeFrame, request(kernel, slot(FRAME), 'RISCVPageMap', [1, 2], [slot(VSPACE)]))).error).toBe('TruncatedMessage');
    expect(errorWords(run(kernel, decodeFrame, request(kernel, slot(FRAME), 'RISCVPageMap', [1, 2, 3]))).error).toBe('TruncatedMessage');
    expect(errorWords(map(FRAME, top + 1, 15, 0, SPARE))).toEqual({ error: 'InvalidCapability', words: [1n] });
    expect(errorWords(map(FRAME, top + 1, 15, 0, TABLE))).toEqual({ error: 'InvalidCapability', words: [1n] });
    expect(errorWords(map(FRAME, top))).toEqual({ error: 'InvalidArgument', words: [0n] });
    expect(errorWords(map(FRAME, 2n ** 64n - 4096n))).toEqual({ error: 'InvalidArgument', words: [0n] });
    expect(errorWords(map(FRAME, 2n ** 64n - 1n)).error).toBe('AlignmentError');
    expect(errorWords(map(FRAME, ADDRESS + 8)).error).toBe('AlignmentError');
    expect(errorWords(map(FRAME, 0x8000_0000))).toEqual({ error: 'FailedLookup', words: [0n, 2n, 30n] });
    expect(errorWords(map(FRAME, 0x4020_0000))).toEqual({ error: 'FailedLookup', words: [0n, 2n, 21n] });
    expect(errorWords(map(SPARE + 1, 0x4000_1000)).error).toBe('AlignmentError');
    expect(errorWords(map(SPARE + 1, 0x4000_0000))).toEqual({ error: 'FailedLookup', words: [0n, 2n, 12n] });
    expect(map(SPARE + 1, 0x4020_0000)).toBe('done');
    expect(errorWords(map(FRAME, 0x4020_0000))).toEqual({ error: 'FailedLookup', words: [0n, 2n, 21n] });
  });
});

describe('a mapping', () => {
  it('ends with Unmap and with the deletion of its capability, not of another', () => {
    const { kernel, slot, map, unmap, entry, copy } = setUpMapped();
    expect(unmap(FRAME)).toBe('done');
    map(FRAME, ADDRESS);
    copy(FRAME, SPARE);
    map(SPARE, ADDRESS + 0x1000);
    unmap(FRAME);
    expect(slot(FRAME).cap).toMatchObject({ mapping: null });
    expect([entry(ADDRESS), entry(ADDRESS + 0x1000)]).toEqual([undefined, expect.objectContaining({ executable: true })]);
    deleteSlot(kernel, slot(SPARE));
    expect(entry(ADDRESS + 0x1000)).toBeUndefined();
  });

  it('that another frame replaced meanwhile stays', () => {
    const { kernel, slot, put, map, mapTable, unmap, entry } = setUpMapped();
    map(FRAME, ADDRESS);
    deleteSlot(kernel, slot(LOWER));
    put(SPARE, 'RISCV_PageTable');
    put(SPARE + 1, 'RISCV_4K_Page');
    mapTable(SPARE, ADDRESS);
    map(SPARE + 1, ADDRESS);
    unmap(FRAME);
    expect(entry(ADDRESS)).toMatchObject({ frame: slot(SPARE + 1).cap.object });
  });
});

describe('Page_GetAddress', () => {
  function answer(isCall: boolean, defects: DefectName[] = []) {
    const { kernel, slot } = setUp(defects);
    const frame = new Frame(kernel.nextId(), 0x20_1234_5000, 12, false);
    insertRoot(slot(FRAME), { type: CAP_TYPE.Frame, object: kernel.register(frame), rights: VM_RIGHTS.readWrite, mapping: null } satisfies FrameCap);
    const { object: thread } = place(kernel, slot(SPARE), 'TCB') as { object: typeof kernel.idleThread };
    thread.registers.fill(0xee);
    thread.state = STATE.Restart;
    run(kernel, decodeFrame, request(kernel, slot(FRAME), 'RISCVPageGetAddress', [], [], { thread, isCall }));
    const word = (register: number) => toBigInt({ lo: slotLo(thread, register), hi: slotHi(thread, register) });
    return { state: thread.state, badge: word(ROLE.badge), tag: word(ROLE.tag), mr0: word(ROLE.mr0) };
  }
  const kept = 0xee_0000_00een;

  it('answers a Call with the physical address, and a Send with nothing', () => {
    expect(answer(true)).toEqual({ state: STATE.Running, badge: 0n, tag: 1n, mr0: 0x20_1234_5000n });
    expect(answer(false)).toEqual({ state: STATE.Running, badge: kept, tag: kept, mr0: kept });
  });

  it('with its defect writes for both and leaves the thread in Restart', () => {
    for (const isCall of [true, false]) {
      expect(answer(isCall, ['page-get-address'])).toEqual({ state: STATE.Restart, badge: kept, tag: 1n, mr0: 0x20_1234_5000n });
    }
  });
});
