// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BUFFER_RW, CAP_TYPE, CAP_TYPE_NAMES, INIT_CAP, SLOT, STATE, readWord, toBigInt, type Scheduling } from '../../../schema/abi/index.ts';
import type { CNodeCap, FrameCap, PageTableCap } from '../capability.ts';
import { lookupCapability } from '../cspace/lookup.ts';
import { checkCSpace } from '../invariants/cspace.ts';
import { bufferKind, bufferLanes } from '../registers.ts';
import { Slot } from '../slot.ts';
import { bareKernel } from '../testing.ts';
import { entryAt, walk } from '../vspace/paging.ts';
import { BOOT_INFO_ADDRESS, ROOT_IPC_BUFFER_ADDRESS, bootRootTask } from './boot.ts';
import { blocksOf, deviceBlocks, placeRootObjects, ramBlocks } from './memory-map.ts';

function boot(scheduling: Scheduling, rootCNodeBits?: number) {
  const kernel = bareKernel(scheduling);
  const { thread, bootInfo } = bootRootTask(kernel, { name: 'root', ...(rootCNodeBits === undefined ? {} : { rootCNodeBits }) });
  const cap = (cptr: number) => {
    const slot = lookupCapability(kernel, thread, cptr, 0);
    if (!(slot instanceof Slot)) throw new Error(`no slot ${cptr}`);
    return slot.cap;
  };
  return { kernel, thread, bootInfo, cap };
}

describe.each(['mcs', 'classic'] as const)('the root task of a %s kernel', (scheduling) => {
  it('finds its capabilities where they belong', () => {
    const { cap } = boot(scheduling);
    const names = Object.entries(INIT_CAP).map(([name, cptr]) => `${name} ${CAP_TYPE_NAMES.get(cap(cptr).type)}`);
    expect(names).toEqual([
      'null Null', 'threadTCB Thread', 'threadCNode CNode', 'threadVSpace PageTable', 'irqControl IRQControl',
      'asidControl ASIDControl', 'initThreadASIDPool ASIDPool', 'ioPortControl Null', 'ioSpace Null', 'bootInfoFrame Frame',
      'initThreadIPCBuffer Frame', 'domain Domain', 'smmuSIDControl Null', 'smmuCBControl Null',
      `initThreadSC ${scheduling === 'mcs' ? 'SchedContext' : 'Null'}`, 'smc Null',
    ]);
  });

  it('runs with the highest priority, an IPC buffer and the address of its boot information', () => {
    const { kernel, thread } = boot(scheduling);
    expect(kernel.current).toBe(thread);
    expect(thread).toMatchObject({ state: STATE.Running, priority: 255, mcp: 255, name: 'root' });
    expect(bufferKind(thread)).toBe(BUFFER_RW);
    expect(thread.registers[2 * SLOT.a0]).toBe(BOOT_INFO_ADDRESS.lo);
  });

  it('has its frames mapped', () => {
    const { cap, thread, bootInfo } = boot(scheduling);
    const root = (cap(INIT_CAP.threadVSpace) as PageTableCap).object;
    const frame = (address: typeof BOOT_INFO_ADDRESS) => {
      const entry = entryAt(walk(root, address));
      return entry !== undefined && 'frame' in entry ? entry.frame : undefined;
    };
    expect(frame(ROOT_IPC_BUFFER_ADDRESS)).toBe((cap(INIT_CAP.initThreadIPCBuffer) as FrameCap).object);
    expect(bufferLanes(thread)!.buffer).toBe(frame(ROOT_IPC_BUFFER_ADDRESS)!.page(0).buffer);
    for (let cptr = bootInfo.userImageFrames.start; cptr < bootInfo.userImageFrames.end; cptr++) {
      const image = cap(cptr) as FrameCap;
      expect(frame(image.mapping!.address)).toBe(image.object);
    }
  });

  it('keeps its invariants', () => {
    expect(checkCSpace(boot(scheduling).kernel)).toEqual([]);
  });

  it('describes untypeds as they are', () => {
    const { bootInfo, cap } = boot(scheduling);
    const { untyped, untypedList } = bootInfo;
    expect(untypedList.map((u) => u.slot)).toEqual(Array.from({ length: untyped.end - untyped.start }, (_, i) => untyped.start + i));
    for (const { slot, paddr, sizeBits, isDevice } of untypedList) {
      expect(cap(slot)).toMatchObject({ type: CAP_TYPE.Untyped, object: { paddr: Number(paddr), sizeBits, isDevice }, freeIndex: 2 ** sizeBits });
    }
    const ram = untypedList.filter((u) => !u.isDevice).reduce((sum, u) => sum + 2 ** u.sizeBits, 0);
    expect(ram).toBeGreaterThan(1000 * 2 ** 20);
    expect(cap(bootInfo.empty.start).type).toBe(CAP_TYPE.Null);
    expect(cap(bootInfo.empty.start - 1).type).not.toBe(CAP_TYPE.Null);
  });

  it('reads the same boot information in memory', () => {
    const { bootInfo, cap } = boot(scheduling);
    const page = (cap(INIT_CAP.bootInfoFrame) as FrameCap).object.page(0);
    const word = (i: number) => Number(toBigInt(readWord(page, i)));
    const list = scheduling === 'mcs' ? 23 : 21;
    expect([word(2), word(4), word(5), word(6), word(17)]).toEqual([
      1, ROOT_IPC_BUFFER_ADDRESS.lo, bootInfo.empty.start, bootInfo.empty.end, bootInfo.initThreadCNodeSizeBits,
    ]);
    expect([word(list - 2), word(list - 1)]).toEqual([bootInfo.untyped.start, bootInfo.untyped.end]);
    bootInfo.untypedList.forEach(({ paddr, sizeBits, isDevice }, i) => {
      expect(word(list + 2 * i)).toBe(Number(paddr));
      expect(word(list + 2 * i + 1)).toBe(sizeBits + (isDevice ? 256 : 0));
    });
  });
});

describe('the root CNode', () => {
  it.each([8, 13, 16])('has 2^%d slots and resolves all 64 bits', (bits) => {
    const { cap, bootInfo } = boot('mcs', bits);
    const cnode = cap(INIT_CAP.threadCNode) as CNodeCap;
    expect([cnode.object.radix, cnode.guardSize]).toEqual([bits, 64 - bits]);
    expect(bootInfo.initThreadCNodeSizeBits).toBe(bits);
    expect(bootInfo.empty.end).toBe(2 ** bits);
  });

  it.each([7, 21, 12.5])('cannot have 2^%d slots', (bits) => {
    expect(() => boot('mcs', bits)).toThrow(/2\^8 to 2\^20/);
  });
});

describe('blocks', () => {
  const objects = placeRootObjects('mcs', 13).region;
  const bytes = (blocks: readonly { sizeBits: number }[]) => blocks.reduce((sum, b) => sum + 2 ** b.sizeBits, 0);

  it('are aligned, and do not overlap', () => {
    for (const blocks of [deviceBlocks(), ramBlocks('mcs', 0x8041_0000, objects), blocksOf({ start: 0x30, end: 0x1070 })]) {
      blocks.forEach(({ paddr, sizeBits }, i) => {
        expect(paddr % 2 ** sizeBits).toBe(0);
        if (i > 0) expect(paddr).toBeGreaterThanOrEqual(blocks[i - 1]!.paddr + 2 ** blocks[i - 1]!.sizeBits);
      });
    }
  });

  it('cover a region without gaps', () => {
    expect(bytes(blocksOf({ start: 0x30, end: 0x1070 }))).toBe(0x1040);
    const kernel = 0x8022_8000 - 0x8020_3000;
    expect(bytes(ramBlocks('mcs', 0x8041_0000, objects))).toBe(0xc000_0000 - 0x8020_0000 - kernel - 0x1_0000 - (objects.end - objects.start));
  });
});

/** Word for word what kernels of commit 1326364b say in QEMU, started without a device tree. */
describe('the memory that a real kernel gives away', () => {
  const hex = (paddr: number, sizeBits: number) => `${paddr.toString(16)} ${sizeBits}`;
  const DEVICES = [
    '0 25', '2200000 21', '2400000 22', '2800000 23', '3000000 24', '4000000 26', '8000000 26', 'c600000 21', 'c800000 23', 'd000000 24',
    'e000000 25', '10000000 28', '20000000 29', '40000000 30', '80000000 21', 'c0000000 30', '100000000 32', '200000000 33', '400000000 34',
    '800000000 35', '1000000000 36', '2000000000 37', '4000000000 38',
  ];
  const ABOVE_IMAGE = [
    '80410000 16', '80420000 17', '80440000 18', '80480000 19', '80500000 20', '80600000 21', '80800000 23', '81000000 24', '82000000 25',
    '84000000 26', '88000000 27', '90000000 28', 'a0000000 28', 'b0000000 27', 'b8000000 26', 'bc000000 25', 'be000000 24', 'bf000000 23',
    'bf800000 22', 'bfc00000 21', 'bfe00000 20', 'bff00000 19',
  ];
  const AT_THE_END = ['bffc7000 12', 'bffc8000 15', 'bffd0000 16', 'bffe0000 17'];
  const RAM = {
    mcs: [
      '80200000 13', '80202000 12', '80228000 15', '80230000 16', '80240000 18', '80280000 19', '80300000 20', ...ABOVE_IMAGE,
      'bffc6880 7', 'bffc6900 8', 'bffc6a00 9', 'bffc6c00 10', ...AT_THE_END,
    ],
    classic: [
      '80200000 13', '80202000 12', '80221000 12', '80222000 13', '80224000 14', '80228000 15', '80230000 16', '80240000 18', '80280000 19',
      '80300000 20', ...ABOVE_IMAGE, 'bffc6800 11', ...AT_THE_END,
    ],
  };

  it.each(['mcs', 'classic'] as const)('is what the model gives away, on %s', (scheduling) => {
    const { bootInfo } = boot(scheduling);
    const given = (isDevice: boolean) => bootInfo.untypedList.filter((u) => u.isDevice === isDevice).map((u) => hex(Number(u.paddr), u.sizeBits));
    expect(given(true)).toEqual(DEVICES);
    expect(given(false)).toEqual(RAM[scheduling]);
    const first = scheduling === 'mcs' ? 19 : 18;
    expect(bootInfo.userImagePaging).toEqual({ start: 16, end: 18 });
    expect(bootInfo.userImageFrames).toEqual({ start: first, end: first + 16 });
    expect(bootInfo.untyped.start).toBe(first + 16);
  });

  it.each(['mcs', 'classic'] as const)('leaves the frames of the root task where they are, on %s', (scheduling) => {
    const { cap, bootInfo } = boot(scheduling);
    const paddr = (cptr: number) => (cap(cptr) as FrameCap).object.paddr.toString(16);
    expect([INIT_CAP.bootInfoFrame, INIT_CAP.initThreadIPCBuffer, bootInfo.userImageFrames.start, bootInfo.userImageFrames.end - 1].map(paddr))
      .toEqual(['bffc3000', 'bffc2000', '80400000', '8040f000']);
  });
});
