// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { CAP_TYPE, INIT_CAP } from '../../../schema/abi/index.ts';
import type { FrameCap, PageTableCap } from '../capability.ts';
import { replaceCapability } from '../cspace/derivation.ts';
import type { CNode, PageTable } from '../objects.ts';
import { World } from '../testing-threads.ts';
import { INVARIANTS, InvariantError, checkInvariants, stopOnViolation, type InvariantName } from './index.ts';

function cnodeOf({ kernel }: World): CNode {
  return kernel.current.slots.cspace.cap.object as CNode;
}

function vspaceOf({ kernel }: World): PageTableCap {
  return kernel.current.slots.vspace.cap as PageTableCap;
}

/** Ways to break one invariant each, of a system with a ready thread. */
const BREAKS: Partial<Record<InvariantName, (world: World) => void>> = {
  'derivation-links': (world) => { cnodeOf(world).slot(0xff).revocable = true; },
  'capability-count': (world) => { world.root.capCount++; },
  'untyped-memory': (world) => {
    for (let i = 0; i < 0x400; i++) {
      const { cap } = cnodeOf(world).slot(i);
      if (cap.type === CAP_TYPE.Untyped) return replaceCapability(cnodeOf(world).slot(i), { ...cap, freeIndex: 1 });
    }
  },
  'asid-pool': ({ kernel }) => { kernel.asidPools.get(0)!.base = 512; },
  'page-mapping': (world) => {
    const slot = cnodeOf(world).slot(INIT_CAP.bootInfoFrame);
    replaceCapability(slot, { ...(slot.cap as FrameCap), mapping: null });
  },
  'table-mapping': (world) => {
    const empty = world.create<PageTable>('RISCV_PageTable', 'nobody mapped it').object;
    vspaceOf(world).object.entries.set(9, { table: empty });
  },
  'irq-line': ({ kernel }) => { kernel.board.interrupts.enable(5); },
  'decision-made': ({ kernel }) => { kernel.rescheduleNeeded = true; },
  'ready-queue': ({ kernel }) => { kernel.readyQueues[0]![100]!.reverse().push(...kernel.readyQueues[0]![100]!); },
  'refills': ({ root }) => { root.schedContext!.refills[0]!.amount++; },
  'yield-links': ({ root }) => { root.schedContext!.yieldFrom = root; },
};

function system(): World {
  const world = new World('mcs', { checked: false });
  const thread = world.thread('thread', { priority: 100 });
  world.resume(thread);
  return world;
}

describe('the invariants', () => {
  it('hold in a sound system', () => {
    expect(checkInvariants(system().kernel)).toEqual([]);
  });

  it.each(Object.entries(BREAKS))('say %s when that one is broken, and no other', (name, spoil) => {
    const world = system();
    spoil(world);
    expect([...new Set(checkInvariants(world.kernel).map((violation) => violation.name))]).toEqual([name]);
  });

  it('each say what must hold', () => {
    for (const text of Object.values(INVARIANTS)) expect(text).toMatch(/^[a-z].*[^.]$/);
  });
});

describe('stopOnViolation', () => {
  it('lets a sound kernel go on, and stops a broken one with the name, the object and the trap', () => {
    const { kernel, root } = system();
    const stop = stopOnViolation();
    expect(() => stop(kernel)).not.toThrow();
    root.capCount++;
    let error: unknown;
    try {
      stop(kernel);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InvariantError);
    expect(error).toMatchObject({
      invariant: 'capability-count', trap: 2, detail: 'root counts 2 capabilities, there are 1',
      message: 'invariant capability-count broken in trap 2: root counts 2 capabilities, there are 1',
    });
  });
});
