// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAP_TYPE, RIGHTS, fromBigInt, lanesToBigInt, type ObjectTypeName, type Scheduling } from '../../../schema/abi/index.ts';
import { VM_RIGHTS, type PageTableCap } from '../capability.ts';
import { deleteSlot } from '../cspace/delete.ts';
import { insertDerived, insertRoot } from '../cspace/derivation.ts';
import { deriveCapability } from '../cspace/derive.ts';
import { checkCSpace } from '../invariants/cspace.ts';
import { vspaceViolations } from '../invariants/vspace.ts';
import { allSlots } from '../invariants/cspace.ts';
import { Frame, Tcb, type PageTable } from '../objects.ts';
import type { Slot } from '../slot.ts';
import { bareCSpace, bareKernel, place as placeObject, request, run } from '../testing.ts';
import { decodeAsidPool, decodeAsidControl } from '../vspace/asid.ts';
import { decodeFrame } from '../vspace/frame.ts';
import { decodePageTable } from '../vspace/page-table.ts';
import { Hart } from './hart.ts';
import { ACCESS, addressSpaceOf, translate, type Access, type Place } from './translate.ts';

const CONFIGURATIONS: readonly Scheduling[] = ['mcs', 'classic'];

/** Slots of the fixture: two address spaces, tables, and frames with copies of their capabilities. */
const CONTROL = 0, MEMORY = 1, POOL = 2, ROOTS = [3, 4], TABLES = [10, 11, 12, 13, 14, 15];
const SMALL = [20, 21, 22], MEGA = [30, 31], GIGA = [40, 41], COPIES = [50, 51, 52, 53, 54];
const FRAMES = [...SMALL, ...MEGA, ...GIGA, ...COPIES];

/** Addresses that share tables, meet at the edges of pages of every size, and lie outside of what can be mapped. */
const PLACES = [0n, 0x1000n, 0x2000n, 0x20_0000n, 0x40_0000n, 0x4000_0000n, 0x4000_1000n, 0x4020_0000n, 0x8000_0000n, 0x3f_c000_0000n, 0x3f_ffff_e000n];
const OFFSETS = [0n, 1n, 0xfffn, 0x1000n, 0x1f_ffffn, 0x20_0000n, 0x3fff_ffffn, 0x80_0000_0000n, 0xffff_ff80_0000_0000n];

type Step =
  | { readonly kind: 'mapTable' | 'unmapTable'; readonly slot: number; readonly root: number; readonly address: bigint }
  | { readonly kind: 'map'; readonly slot: number; readonly root: number; readonly address: bigint; readonly rights: number; readonly attributes: number }
  | { readonly kind: 'unmap' | 'delete' | 'assign'; readonly slot: number }
  | { readonly kind: 'copy'; readonly slot: number; readonly to: number };

const root = fc.constantFrom(...ROOTS);
const address = fc.constantFrom(...PLACES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('mapTable' as const), slot: fc.constantFrom(...TABLES), root, address }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unmapTable' as const), slot: fc.constantFrom(...TABLES), root, address }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('map' as const), slot: fc.constantFrom(...FRAMES), root, address, rights: fc.nat(RIGHTS.all), attributes: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unmap' as const), slot: fc.constantFrom(...FRAMES) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), slot: fc.constantFrom(...FRAMES, ...TABLES, ...ROOTS, POOL) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('assign' as const), slot: fc.constantFrom(...ROOTS, ...TABLES) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('copy' as const), slot: fc.constantFrom(...FRAMES), to: fc.constantFrom(...COPIES) }) },
);

class Fixture {
  readonly kernel;
  private readonly cnode;
  private nextPaddr = 0x4000_0000;

  constructor(scheduling: Scheduling) {
    this.kernel = bareKernel(scheduling);
    const { cnode, root: cspace } = bareCSpace(this.kernel);
    this.cnode = cnode;
    insertRoot(this.slot(CONTROL), { type: CAP_TYPE.ASIDControl, object: null });
    this.put(MEMORY, 'Untyped', 12);
    run(this.kernel, decodeAsidControl, request(this.kernel, this.slot(CONTROL), 'RISCVASIDControlMakePool', [POOL, 64], [this.slot(MEMORY), cspace]));
    for (const slot of [...ROOTS, ...TABLES]) this.put(slot, 'RISCV_PageTable');
    for (const slot of SMALL) this.put(slot, 'RISCV_4K_Page');
    for (const slot of MEGA) this.put(slot, 'RISCV_Mega_Page');
    for (const slot of GIGA) this.put(slot, 'RISCV_Giga_Page');
    for (const slot of ROOTS) this.do({ kind: 'assign', slot });
  }

  slot(index: number): Slot {
    return this.cnode.slot(index);
  }

  private put(slot: number, type: ObjectTypeName, bits = 0): void {
    const cap = placeObject(this.kernel, this.slot(slot), type, bits, this.nextPaddr);
    this.nextPaddr += Math.max(2 ** cap.object!.sizeBits, 0x4000_0000);
  }

  /** Does a step; what the kernel refuses is no step. */
  do(action: Step): void {
    const { kernel } = this;
    const slot = this.slot(action.slot);
    switch (action.kind) {
      case 'assign':
        if (slot.cap.type !== CAP_TYPE.Null && this.slot(POOL).cap.type === CAP_TYPE.ASIDPool) run(kernel, decodeAsidPool, request(kernel, this.slot(POOL), 'RISCVASIDPoolAssign', [], [slot]));
        break;
      case 'mapTable':
        if (slot.cap.type === CAP_TYPE.PageTable) run(kernel, decodePageTable, request(kernel, slot, 'RISCVPageTableMap', [action.address, 0], [this.slot(action.root)]));
        break;
      case 'unmapTable':
        if (slot.cap.type === CAP_TYPE.PageTable) run(kernel, decodePageTable, request(kernel, slot, 'RISCVPageTableUnmap'));
        break;
      case 'map':
        if (slot.cap.type === CAP_TYPE.Frame) run(kernel, decodeFrame, request(kernel, slot, 'RISCVPageMap', [action.address, action.rights, action.attributes], [this.slot(action.root)]));
        break;
      case 'unmap':
        if (slot.cap.type === CAP_TYPE.Frame) run(kernel, decodeFrame, request(kernel, slot, 'RISCVPageUnmap'));
        break;
      case 'delete':
        deleteSlot(kernel, slot);
        break;
      case 'copy':
        this.copy(slot, this.slot(action.to));
        break;
    }
  }

  private copy(from: Slot, to: Slot): void {
    if (from.cap.type !== CAP_TYPE.Frame || to.cap.type !== CAP_TYPE.Null) return;
    const cap = deriveCapability(this.kernel, from, from.cap);
    if ('type' in cap) insertDerived(to, cap, from);
  }

  /** The address space of a thread that has a root as its VSpace. */
  space(of: number): PageTable | null {
    const thread = new Tcb(0, 0, 0);
    thread.slots.vspace.cap = this.slot(of).cap;
    return addressSpaceOf(this.kernel, thread);
  }
}

/** A page as the naive translation knows it: addresses from `start` up to but not including `end`. */
interface Page {
  readonly start: bigint;
  readonly end: bigint;
  readonly frame: Frame;
  readonly may: readonly [fetch: boolean, load: boolean, store: boolean];
}

/** Every page of a table and of those below it. */
function pagesOf(table: PageTable, start: bigint, size: bigint): Page[] {
  return [...table.entries].flatMap(([index, entry]) => {
    const at = start + BigInt(index) * size;
    if ('table' in entry) return pagesOf(entry.table, at, size / 512n);
    const readable = entry.rights === VM_RIGHTS.readOnly || entry.rights === VM_RIGHTS.readWrite;
    return [{ start: at, end: at + size, frame: entry.frame, may: [entry.executable, readable, entry.rights === VM_RIGHTS.readWrite] as const }];
  });
}

function naive(root: PageTable | null, va: bigint, access: Access): { frame: Frame; offset: number } | undefined {
  const page = root === null ? undefined : pagesOf(root, 0n, 1n << 30n).find(({ start, end }) => va >= start && va < end);
  return page?.may[access] === true ? { frame: page.frame, offset: Number(va - page.start) } : undefined;
}

describe.each(CONFIGURATIONS)('translation on %s', (scheduling) => {
  it('agrees with a search through all pages, after any mapping, unmapping, deleting and copying', () => {
    let translated = 0;
    fc.assert(fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (steps) => {
      const fixture = new Fixture(scheduling);
      for (const each of steps) fixture.do(each);
      expect(checkCSpace(fixture.kernel)).toEqual([]);
      expect(vspaceViolations(fixture.kernel, allSlots(fixture.kernel))).toEqual([]);
      for (const of of ROOTS) {
        const space = fixture.space(of);
        for (const base of PLACES) {
          for (const offset of OFFSETS) {
            const va = BigInt.asUintN(64, base + offset);
            for (const access of [ACCESS.fetch, ACCESS.load, ACCESS.store]) {
              const place: Place = { frame: new Frame(0, 0, 12, false), offset: -1 };
              const { lo, hi } = fromBigInt(va);
              const found = translate(space, lo, hi, access, place);
              expect(found ? place : undefined).toEqual(naive(space, va, access));
              if (found) translated++;
            }
          }
        }
      }
    }), { numRuns: 150, seed: 3 });
    expect(translated).toBeGreaterThan(1000);
  });
});

describe('memory of frames', () => {
  it('costs only the pages that are touched, whatever the size of the frame', () => {
    const fixture = new Fixture('mcs');
    const { kernel } = fixture;
    fixture.do({ kind: 'map', slot: GIGA[0]!, root: ROOTS[0]!, address: 0x4000_0000n, rights: RIGHTS.all, attributes: 0 });
    const thread = new Tcb(0, 0, 0);
    thread.slots.vspace.cap = fixture.slot(ROOTS[0]!).cap as PageTableCap;
    const hart = new Hart(kernel);
    for (const va of [0x4000_0000n, 0x7fff_fff8n, 0x5234_5678n]) {
      expect(hart.store(thread, fromBigInt(va), 8, 0x89ab_cdef, Number(va & 0xffffn))).toBe(true);
    }
    for (const va of [0x4000_0000n, 0x7fff_fff8n, 0x5234_5678n]) {
      expect(hart.load(thread, fromBigInt(va), 8)).toBe(true);
      expect(lanesToBigInt(hart.lo, hart.hi)).toBe(((va & 0xffffn) << 32n) | 0x89ab_cdefn);
    }
    const frame = fixture.slot(GIGA[0]!).cap.object as Frame;
    expect(frame.touchedPages).toBe(3);
    expect(hart.load(thread, fromBigInt(0x8000_0000n), 1)).toBe(false);
    expect([hart.cause, hart.value]).toEqual([13, fromBigInt(0x8000_0000n)]);
  });

  it('is like an array of bytes, whatever the size and alignment of accesses', () => {
    const size = fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const);
    const access = fc.record({ store: fc.boolean(), at: fc.integer({ min: 0, max: 0x2000 - 8 }), size, value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) });
    fc.assert(fc.property(fc.array(access, { maxLength: 60, size: 'max' }), (accesses) => {
      const fixture = new Fixture('mcs');
      const base = 0x4000_0000n;
      fixture.do({ kind: 'mapTable', slot: TABLES[0]!, root: ROOTS[0]!, address: base });
      fixture.do({ kind: 'mapTable', slot: TABLES[1]!, root: ROOTS[0]!, address: base });
      for (const i of [0, 1]) fixture.do({ kind: 'map', slot: SMALL[i]!, root: ROOTS[0]!, address: base + 0x1000n * BigInt(i), rights: RIGHTS.all, attributes: 1 });
      const thread = new Tcb(0, 0, 0);
      thread.slots.vspace.cap = fixture.slot(ROOTS[0]!).cap;
      const hart = new Hart(fixture.kernel);
      const bytes = new Uint8Array(0x2000);
      for (const { store, at, size: count, value } of accesses) {
        const va = fromBigInt(base + BigInt(at));
        const { lo, hi } = fromBigInt(value);
        if (store) {
          expect(hart.store(thread, va, count, lo, hi)).toBe(true);
          for (let i = 0; i < count; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
        } else {
          expect(hart.load(thread, va, count)).toBe(true);
          const expected = [...bytes.subarray(at, at + count)].reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
          expect(lanesToBigInt(hart.lo, hart.hi)).toBe(expected);
        }
      }
    }), { numRuns: 200, seed: 4 });
  });
});
