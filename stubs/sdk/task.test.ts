// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as classicStubs from '../generated/riscv64-classic.ts';
import * as mcsStubs from '../generated/riscv64-mcs.ts';
import { CapRights, DeleteFirstError, FailedLookupError, Message, ReplyAnomalyError } from '../runtime/index.ts';
import { FakeContext } from '../testing/fake-context.ts';
import { FakeSystem, type FakeHandler } from '../testing/fake-system.ts';
import { ClassicRootTask, Endpoint, Notification, OutOfMemoryError, Reply, RootTask, SlotAllocator, type Program, type Thread } from './index.ts';

function mcsTask(handler?: FakeHandler, ...rest: ConstructorParameters<typeof FakeSystem> extends [unknown, unknown?, ...infer R] ? R : never) {
  const system = new FakeSystem('mcs', handler, ...rest);
  return { system, task: new RootTask(system.context, system.bootInfo) };
}

describe('capabilities of the initial slots', () => {
  it('are typed, on MCS', () => {
    const { task } = mcsTask();
    const caps = [
      task.tcb, task.cnode, task.vspace, task.irqControl, task.asidControl, task.asidPool, task.bootInfoFrame, task.rootIpcBuffer,
      task.domainSet, task.schedContext, task.schedControl(),
    ];
    expect(caps.map(String)).toEqual([
      'TCB(0x1)', 'CNode(0x2)', 'RISCVPageTable(0x3)', 'IRQControl(0x4)', 'RISCVASIDControl(0x5)', 'RISCVASIDPool(0x6)', 'RISCVPage(0x9)',
      'RISCVPage(0xa)', 'DomainSet(0xb)', 'SchedContext(0xe)', 'SchedControl(0x28)',
    ]);
    expect(task.initialUntypeds.map(({ cptr }) => cptr)).toEqual([50n, 51n, 52n]);
    expect(() => task.schedControl(1)).toThrow('there is no core 1: the system has 1');
    expectTypeOf(task.tcb).toEqualTypeOf<mcsStubs.TCB>();
  });

  it('are typed, on classic', () => {
    const system = new FakeSystem('classic');
    const task = new ClassicRootTask(system.context, system.bootInfo);
    expectTypeOf(task.tcb).toEqualTypeOf<classicStubs.TCB>();
    expect(task.tcb).toBeInstanceOf(classicStubs.TCB);
  });
});

describe('creating objects', () => {
  it('gives typed capabilities in new slots, from the smallest untyped that fits', async () => {
    const { system, task } = mcsTask();
    const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
    expectTypeOf(endpoint).toEqualTypeOf<Endpoint>();
    const created = [
      endpoint, await task.untyped.create('Notification'), await task.untyped.create('Reply'), await task.untyped.create('TCB'),
      await task.untyped.create('CapTable', { sizeBits: 4 }), await task.untyped.create('SchedContext'),
      await task.untyped.create('RISCV_4K_Page'), await task.untyped.create('Untyped', { sizeBits: 14 }),
    ];
    expect(created.map((cap) => cap.constructor)).toEqual([
      Endpoint, Notification, Reply, mcsStubs.TCB, mcsStubs.CNode, mcsStubs.SchedContext, mcsStubs.RISCVPage, mcsStubs.Untyped,
    ]);
    expect(created.map(({ cptr }) => cptr)).toEqual([100n, 101n, 102n, 103n, 104n, 105n, 106n, 107n]);
    expect(system.of('UntypedRetype').map(({ cptr, args }) => [cptr, args['type'], args['size_bits'], args['node_offset']])).toEqual([
      [52n, 2n, 0n, 100n], [52n, 3n, 0n, 101n], [52n, 6n, 0n, 102n], [52n, 1n, 0n, 103n], [52n, 4n, 4n, 104n], [52n, 5n, 7n, 105n],
      [50n, 8n, 0n, 106n], [50n, 0n, 14n, 107n],
    ]);
    expect(system.of('UntypedRetype')[0]!.args).toMatchObject({ root: 2n, node_index: 0n, node_depth: 0n, num_objects: 1n });
    expect(system.context.hints).toEqual(new Map([[100n, 'service']]));
  });

  it('never uses device memory, and says when memory is short', async () => {
    const { task } = mcsTask(undefined, [{ slot: 51, paddr: 0n, sizeBits: 30, isDevice: true }, { slot: 52, paddr: 0n, sizeBits: 13, isDevice: false }]);
    await task.untyped.create('RISCV_4K_Page');
    await task.untyped.create('RISCV_4K_Page');
    await expect(task.untyped.create('RISCV_4K_Page')).rejects.toThrow(
      new OutOfMemoryError('no untyped memory has 4096 aligned bytes for a RISCV_4K_Page: 1 regions, at most 0 bytes free in one'));
    expect(task.slots.available).toBe(18);
  });

  it('believes the kernel when an untyped has less left than thought', async () => {
    const { system, task } = mcsTask(({ id, cptr }) => (id === 'UntypedRetype' && cptr === 52n ? { label: 10, words: [0n] } : undefined));
    await task.untyped.create('TCB');
    await task.untyped.create('TCB');
    expect(system.of('UntypedRetype').map(({ cptr }) => cptr)).toEqual([52n, 50n, 50n]);
  });

  it('gives the slot back when the kernel refuses', async () => {
    const { task } = mcsTask(() => ({ label: 8 }));
    const before = task.slots.available;
    await expect(task.untyped.create('TCB')).rejects.toBeInstanceOf(DeleteFirstError);
    expect(task.slots.available).toBe(before);
  });

  it('needs a size for objects of variable size', async () => {
    const { task } = mcsTask();
    await expect(task.untyped.create('CapTable')).rejects.toThrow('a CapTable needs sizeBits');
    await expect(task.untyped.create('Untyped')).rejects.toThrow('a Untyped needs sizeBits');
  });

  it('offers only what the configuration has', () => {
    const system = new FakeSystem('classic');
    const task = new ClassicRootTask(system.context, system.bootInfo);
    // @ts-expect-error classic kernels have no reply objects
    void task.untyped.create('Reply').catch(() => {});
  });
});

describe('capabilities', () => {
  it('are copied, minted, deleted and revoked in the root CNode', async () => {
    const { system, task } = mcsTask();
    const endpoint = new Endpoint(task.runtime, 60);
    const badged = await task.mint(endpoint, 7, CapRights.of({ write: true, grantReply: true }));
    expectTypeOf(badged).toEqualTypeOf<Endpoint>();
    const copy = await task.copy(badged);
    await task.revoke(endpoint);
    await task.delete(badged);
    expect(await task.copy(copy)).toMatchObject({ cptrLo: 100 });
    expect(system.invocations.slice(0, 4)).toMatchObject([
      { id: 'CNodeMint', cptr: 2n, args: { dest_index: 100n, dest_depth: 64n, src_root: 2n, src_index: 60n, src_depth: 64n, rights: 9n, badge: 7n } },
      { id: 'CNodeCopy', cptr: 2n, args: { dest_index: 101n, src_index: 100n, rights: 15n } },
      { id: 'CNodeRevoke', cptr: 2n, args: { index: 60n, depth: 64n } },
      { id: 'CNodeDelete', cptr: 2n, args: { index: 100n, depth: 64n } },
    ]);
  });

  it('come to an end', () => {
    const slots = new SlotAllocator({ start: 4, end: 6 });
    expect([slots.allocate(), slots.allocate()]).toEqual([4, 5]);
    expect(() => slots.allocate()).toThrow('no 1 consecutive empty slots left (0 in all)');
    slots.free(4);
    expect(slots.allocate()).toBe(4);
  });
});

describe('mapping a frame', () => {
  const missing = (bitsLeft: bigint) => ({ label: 6, words: [0n, 2n, bitsLeft] });

  it('creates the page tables that are missing', async () => {
    const replies = [missing(30n), missing(21n), undefined];
    const { system, task } = mcsTask(({ id }) => (id === 'RISCVPageMap' ? replies.shift() : undefined));
    const address = await task.map(new mcsStubs.RISCVPage(task.runtime, 60));
    expect(address).toBe(0x1000_0000);
    expect(system.ids).toEqual([
      'RISCVPageMap', 'UntypedRetype', 'RISCVPageTableMap', 'RISCVPageMap', 'UntypedRetype', 'RISCVPageTableMap', 'RISCVPageMap',
    ]);
    expect(system.of('RISCVPageTableMap')[0]).toMatchObject({ cptr: 100n, args: { vspace: 3n, vaddr: 0x1000_0000n } });
    expect(await task.map(new mcsStubs.RISCVPage(task.runtime, 61))).toBe(0x1000_1000);
  });

  it('gives up when a new table brings it no closer', async () => {
    const { task } = mcsTask(({ id }) => (id === 'RISCVPageMap' ? missing(21n) : undefined));
    await expect(task.map(new mcsStubs.RISCVPage(task.runtime, 60))).rejects.toBeInstanceOf(FailedLookupError);
  });
});

describe('starting a thread', () => {
  it('on MCS: TCB, IPC buffer, scheduling context, registers, and off', async () => {
    const { system, task } = mcsTask();
    const faults = new Endpoint(task.runtime, 61);
    const started = await task.startThread({
      name: 'worker', run: async () => {}, priority: 120, budgetUs: 1000, periodUs: 5000n, extraRefills: 3, schedContextBadge: 5,
      faultEndpoint: faults, timeoutEndpoint: new Endpoint(task.runtime, 62),
    });
    expect(system.ids).toEqual([
      'UntypedRetype', 'UntypedRetype', 'RISCVPageMap', 'UntypedRetype', 'SchedControlConfigureFlags', 'TCBConfigure', 'TCBSetSchedParams',
      'TCBSetTimeoutEndpoint', 'TCBWriteRegisters', 'TCBResume',
    ]);
    expect(system.of('SchedControlConfigureFlags')[0]).toMatchObject({
      cptr: 40n, args: { budget: 1000n, period: 5000n, extra_refills: 3n, badge: 5n, flags: 0n, schedcontext: 102n },
    });
    expect(system.of('UntypedRetype')[2]!.args['size_bits']).toBe(8n);
    expect(system.of('TCBConfigure')[0]).toMatchObject({
      cptr: 100n, args: { cspace_root: 2n, cspace_root_data: 0n, vspace_root: 3n, vspace_root_data: 0n, buffer: 0x1000_0000n, bufferFrame: 101n },
    });
    expect(system.of('TCBSetSchedParams')[0]!.args).toEqual({ mcp: 120n, priority: 120n, authority: 1n, sched_context: 102n, fault_ep: 61n });
    expect(system.of('TCBWriteRegisters')[0]!.args).toEqual({ resume_target: 0n, arch_flags: 0n, count: 1n });
    expect(started).toMatchObject({ name: 'worker', tcb: { cptr: 100n }, schedContext: { cptr: 102n }, ipcBuffer: { address: 0x1000_0000 } });
    expect([...system.context.hints.values()]).toEqual(['worker', 'worker IPC buffer', 'worker scheduling context']);
  });

  it('on classic: no scheduling context', async () => {
    const system = new FakeSystem('classic');
    const task = new ClassicRootTask(system.context, system.bootInfo);
    await task.startThread({ name: 'worker', run: () => {}, priority: 9, maxControlledPriority: 20, faultEndpoint: new Endpoint(task.runtime, 61) });
    expect(system.ids).toEqual(['UntypedRetype', 'UntypedRetype', 'RISCVPageMap', 'TCBConfigure', 'TCBSetSchedParams', 'TCBWriteRegisters', 'TCBResume']);
    expect(system.of('TCBConfigure')[0]!.args['fault_ep']).toBe(61n);
    expect(system.of('TCBSetSchedParams')[0]!.args).toEqual({ mcp: 20n, priority: 9n, authority: 1n });
  });

  it('without a buffer, or with one that the kernel may only read', async () => {
    const { system, task } = mcsTask();
    expect((await task.startThread({ name: 'a', run: () => {}, ipcBuffer: 'none', start: false })).ipcBuffer).toEqual({ address: 0, frame: undefined });
    expect(system.of('TCBConfigure')[0]!.args).toMatchObject({ buffer: 0n, bufferFrame: 0n });
    expect(system.ids).not.toContain('TCBResume');
    const { ipcBuffer } = await task.startThread({ name: 'b', run: () => {}, ipcBuffer: 'readOnly' });
    const [copy] = system.of('CNodeCopy');
    expect(copy!.args['rights']).toBe(BigInt(CapRights.read.word));
    expect(ipcBuffer.frame!.cptr).toBe(copy!.args['dest_index']);
    expect(system.of('TCBConfigure')[1]!.args['bufferFrame']).toBe(copy!.args['dest_index']);
  });

  it('runs the function with the thread itself, and suspends it at the end', async () => {
    const { system, task } = mcsTask();
    const endpoint = new Endpoint(task.runtime, 61);
    let self: Thread | undefined;
    await task.startThread({
      name: 'worker',
      run: async (thread) => {
        self = thread;
        await thread.use(endpoint).send(Message.of(1));
        await thread.compute(500);
      },
    });
    const own = new FakeContext({ kernel: () => ({}) });
    await system.context.entries[0]!(own);
    expect(self).toMatchObject({ name: 'worker', tcb: { cptr: 100n }, schedContext: { cptr: 102n } });
    expect(own.traps.map(({ syscall, cptr, tag }) => [syscall, cptr, tag.label])).toEqual([['Send', 61n, 0], ['Call', 100n, 12]]);
    expect(self!.now()).toBe(500);
    expect(self!.resources).toBe(task.resources);
  });

  it('leaves the end to the program if asked to', async () => {
    const { system, task } = mcsTask();
    await task.startThread({ name: 'worker', run: () => {}, suspendAtEnd: false });
    const own = new FakeContext();
    await system.context.entries[0]!(own);
    expect(own.traps).toEqual([]);
  });

  it('names the thread in the kernel too, if asked to', async () => {
    const system = new FakeSystem('mcs');
    const task = new RootTask(system.context, system.bootInfo, { debugNames: true });
    await task.startThread({ name: 'worker', run: () => {} });
    expect(system.ids).toContain('DebugNameThread');
  });

  it('refuses a priority that does not exist', async () => {
    const { system, task } = mcsTask();
    await expect(task.startThread({ name: 'worker', run: () => {}, priority: 256 })).rejects.toThrow('thread worker: priority 256 is not in 0..255');
    expect(system.ids).toEqual([]);
  });
});

describe('typed IPC', () => {
  it('of endpoints on MCS', async () => {
    const { system, task } = mcsTask(() => ({ badge: 3n, words: [8n] }));
    const endpoint = new Endpoint(task.runtime, 60);
    const reply = new Reply(task.runtime, 61);
    expect((await endpoint.call(Message.of(1))).get(0)).toBe(8n);
    await endpoint.send();
    await endpoint.nbSend();
    expect((await endpoint.recv(reply)).badge).toBe(3n);
    await endpoint.recv();
    await endpoint.nbRecv(reply);
    await endpoint.nbRecv();
    await endpoint.replyRecv(Message.of(2), reply);
    await reply.send(Message.of(3));
    expect(system.context.traps.map(({ syscall, cptr }) => [syscall, cptr])).toEqual([
      ['Call', 60n], ['Send', 60n], ['NBSend', 60n], ['Recv', 60n], ['Wait', 60n], ['NBRecv', 60n], ['NBWait', 60n], ['ReplyRecv', 60n], ['Send', 61n],
    ]);
  });

  it('of endpoints on classic', async () => {
    const context = new FakeContext({ scheduling: 'classic' });
    const endpoint = new Endpoint(new ClassicRootTask(context, new FakeSystem('classic').bootInfo).runtime, 60);
    await endpoint.recv();
    await endpoint.nbRecv();
    await endpoint.replyRecv(Message.of(1));
    expect(context.traps.map(({ syscall }) => syscall)).toEqual(['Recv', 'NBRecv', 'ReplyRecv']);
  });

  it('of notifications', async () => {
    const { system, task } = mcsTask(() => ({ badge: 5n }));
    const notification = new Notification(task.runtime, 60);
    await notification.signal();
    expect([await notification.wait(), await notification.poll()]).toEqual([5n, 5n]);
    expect(system.ids).toEqual(['Send', 'Wait', 'NBWait']);
  });
});

it('the reply policy is an option of the task', async () => {
  const system = new FakeSystem('mcs', () => ({ badge: 1n }));
  const strict = new RootTask(system.context, system.bootInfo);
  await expect(strict.tcb.resume()).rejects.toBeInstanceOf(ReplyAnomalyError);
  const lax = new RootTask(system.context, system.bootInfo, { replies: { policy: 'off' } });
  await lax.tcb.resume();
  expect(() => new RootTask(system.context, system.bootInfo, { firstAddress: 100 })).toThrow('the first free address must be a multiple of 4096, not 100');
});

it('a program is a function of a root task', async () => {
  const { task, system } = mcsTask();
  const program: Program = async (root) => { await root.yield(); };
  await program(task);
  expect(system.ids).toEqual(['Yield']);
});
