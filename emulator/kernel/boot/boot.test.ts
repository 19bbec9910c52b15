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
import { blocksOf, deviceBlocks, ramBlocks } from './memory-map.ts';

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
    expect(ram).toBeGreaterThan(500 * 2 ** 20);
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
  it('cover a region without gap or overlap, aligned', () => {
    for (const blocks of [deviceBlocks(), ramBlocks(0x8046_5000), blocksOf({ start: 0x30, end: 0x1070 })]) {
      blocks.forEach(({ paddr, sizeBits }, i) => {
        expect(paddr % 2 ** sizeBits).toBe(0);
        if (i > 0) expect(paddr).toBeGreaterThanOrEqual(blocks[i - 1]!.paddr + 2 ** blocks[i - 1]!.sizeBits);
      });
    }
    const size = (blocks: { sizeBits: number }[]) => blocks.reduce((sum, b) => sum + 2 ** b.sizeBits, 0);
    expect(size(ramBlocks(0x8046_5000))).toBe(0xa000_0000 - 0x8046_5000);
    expect(size(blocksOf({ start: 0x30, end: 0x1070 }))).toBe(0x1040);
  });
});
