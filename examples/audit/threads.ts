// SPDX-License-Identifier: BSD-2-Clause
/** Threads: registers, configuration, running and stopping. */
import { CapRights, type CapabilityRef, type TCB } from 'sel4scope';
import type { Auditor } from './auditor.ts';
import { bareThread, configuredContext, deviceFrame, idleThread, retypedUntyped, smallCNode } from './objects.ts';
import type { Arguments } from './request.ts';
import { accepted, refused, stops, type Built, type Variant, type Variants } from './variant.ts';

/** Registers of `seL4_UserContext` on riscv64. */
const ALL_REGISTERS = 32;

async function onThread(a: Auditor, args: Arguments = {}): Promise<Built> {
  return { cap: await bareThread(a), args };
}

async function authorised(a: Auditor, args: Arguments): Promise<Built> {
  return onThread(a, { authority: a.task.tcb, ...args });
}

async function configure(a: Auditor, args: Arguments = {}): Promise<Built> {
  const frame = await a.create('RISCV_4K_Page');
  const buffer = await a.task.map(frame);
  return onThread(a, { cspace_root: a.task.cnode, vspace_root: a.task.vspace, buffer, bufferFrame: frame, ...args });
}

async function setSpace(a: Auditor, args: Arguments = {}): Promise<Built> {
  return onThread(a, { cspace_root: a.task.cnode, vspace_root: a.task.vspace, ...args });
}

async function setSchedParams(a: Auditor, args: Arguments = {}): Promise<Built> {
  return authorised(a, { mcp: 10, priority: 10, ...args });
}

/** What Configure and SetSpace say of address and capability spaces. */
function spaceErrors(build: (a: Auditor, args: Arguments) => Promise<Built>): Readonly<Record<string, Variant>> {
  return {
    'cspace-is-tcb': refused('IllegalOperation', async (a) => build(a, { cspace_root: await bareThread(a) })),
    'vspace-is-cnode': refused('IllegalOperation', (a) => build(a, { vspace_root: a.task.cnode })),
    'guard-does-not-fit': refused('IllegalOperation', (a) => build(a, { cspace_root_data: 63 })),
    'old-cspace-is-last-capability': refused('IllegalOperation', async (a) => ({ ...await build(a, {}), cap: await threadInLastSpace(a) })),
    'cspace-is-retyped': refused('RevokeFirst', async (a) => build(a, { cspace_root: await retypedUntyped(a) })),
  };
}

/** A thread with the last capability to its capability space: to replace it would take long, so the kernel does not. */
async function threadInLastSpace(a: Auditor): Promise<TCB> {
  const space = await smallCNode(a);
  const tcb = await bareThread(a);
  await tcb.setSpace(0, space, 0, a.task.vspace, 0);
  await a.task.delete(space);
  return tcb;
}

/** What setting a priority says of authority and range; `word` is its argument. */
function priorityErrors(word: string): Readonly<Record<string, Variant>> {
  return {
    'authority-is-cnode': refused('InvalidCapability', (a) => authorised(a, { authority: a.task.cnode, [word]: 1 })),
    'above-authority': refused('RangeError', async (a) => authorised(a, { authority: await bareThread(a), [word]: 1 })),
    'above-255': refused('RangeError', (a) => authorised(a, { [word]: 256 })),
  };
}

/** A fault handler that lacks the right to grant. */
async function weakHandler(a: Auditor): Promise<CapabilityRef> {
  return a.task.mint(await a.create('Endpoint'), 1, CapRights.readWrite);
}

export const THREADS: Variants = {
  TCBReadRegisters: {
    all: accepted((a) => onThread(a, { count: ALL_REGISTERS })),
    'as-many-as-registers': accepted((a) => onThread(a, { suspend_source: true, count: 3 })),
    one: accepted((a) => onThread(a, { count: 1 })),
    none: refused('RangeError', (a) => onThread(a, { count: 0 })),
    'too-many': refused('RangeError', (a) => onThread(a, { count: ALL_REGISTERS + 1 })),
    own: refused('IllegalOperation', async (a) => ({ cap: a.caller.tcb, args: { count: 1 } })),
  },
  TCBWriteRegisters: {
    ok: accepted((a) => onThread(a, { count: ALL_REGISTERS })),
    none: accepted((a) => onThread(a, { count: 0 })),
    own: refused('IllegalOperation', async (a) => ({ cap: a.caller.tcb, args: { count: 1 } })),
  },
  TCBCopyRegisters: {
    ok: accepted(async (a) => onThread(a, { source: await bareThread(a), transfer_frame: true, transfer_integer: true })),
    'own-integer-registers': accepted(async (a) => onThread(a, { source: a.caller.tcb, transfer_integer: true })),
    'source-is-cnode': refused('InvalidCapability', (a) => onThread(a, { source: a.task.cnode })),
  },
  TCBConfigure: {
    ok: accepted((a) => configure(a)),
    'no-buffer': accepted((a) => configure(a, { buffer: 0, bufferFrame: 0 })),
    unaligned: refused('AlignmentError', (a) => configure(a, { buffer: 0x1000_0008 })),
    'device-buffer': refused('IllegalOperation', async (a) => configure(a, { bufferFrame: await deviceFrame(a) })),
    ...spaceErrors(configure),
  },
  TCBSetPriority: {
    ok: accepted((a) => authorised(a, { priority: 50 })),
    'lower-own': accepted(async (a) => ({ cap: a.caller.tcb, args: { authority: a.task.tcb, priority: 10 } })),
    ...priorityErrors('priority'),
  },
  TCBSetMCPriority: {
    ok: accepted((a) => authorised(a, { mcp: 100 })),
    ...priorityErrors('mcp'),
  },
  TCBSetSchedParams: {
    ok: accepted((a) => setSchedParams(a)),
    'all-set': accepted(async (a) => setSchedParams(a, { sched_context: await configuredContext(a), fault_ep: await a.create('Endpoint') }), { only: 'mcs' }),
    'authority-is-cnode': refused('InvalidCapability', (a) => setSchedParams(a, { authority: a.task.cnode })),
    'above-authority': refused('RangeError', async (a) => setSchedParams(a, { authority: await bareThread(a) })),
    'priority-above-authority': refused('RangeError', (a) => setSchedParams(a, { priority: 256 })),
    'context-is-cnode': refused('InvalidCapability', (a) => setSchedParams(a, { sched_context: a.task.cnode }), { only: 'mcs' }),
    'handler-is-cnode': refused('InvalidCapability', (a) => setSchedParams(a, { fault_ep: a.task.cnode }), { only: 'mcs' }),
    'context-bound-already': refused('IllegalOperation', async (a) => setSchedParams(a, { sched_context: (await idleThread(a)).schedContext }), { only: 'mcs' }),
    'own-without-context': refused('IllegalOperation', async (a) => ({ ...await setSchedParams(a), cap: a.caller.tcb }), { only: 'mcs' }),
  },
  TCBSetTimeoutEndpoint: {
    ok: accepted(async (a) => onThread(a, { timeout_fault_ep: await a.create('Endpoint') })),
    none: accepted((a) => onThread(a)),
    'handler-is-cnode': refused('InvalidCapability', (a) => onThread(a, { timeout_fault_ep: a.task.cnode })),
    'handler-without-grant': refused('InvalidCapability', async (a) => onThread(a, { timeout_fault_ep: await weakHandler(a) })),
  },
  TCBSetIPCBuffer: {
    ok: accepted(async (a) => {
      const frame = await a.create('RISCV_4K_Page');
      return onThread(a, { buffer: (await a.task.map(frame)) + 1024, bufferFrame: frame });
    }),
    own: accepted(async (a) => {
      const frame = await a.create('RISCV_4K_Page');
      return { cap: a.caller.tcb, args: { buffer: await a.task.map(frame), bufferFrame: frame } };
    }),
    unaligned: refused('AlignmentError', async (a) => onThread(a, { buffer: 0x1000_0008, bufferFrame: await a.create('RISCV_4K_Page') })),
    'device-frame': refused('IllegalOperation', async (a) => onThread(a, { buffer: 0x1000_0000, bufferFrame: await deviceFrame(a) })),
    'frame-is-cnode': refused('IllegalOperation', (a) => onThread(a, { buffer: 0x1000_0000, bufferFrame: a.task.cnode })),
    'frame-is-retyped': refused('RevokeFirst', async (a) => onThread(a, { buffer: 0x1000_0000, bufferFrame: await retypedUntyped(a) })),
  },
  TCBSetSpace: {
    ok: accepted((a) => setSpace(a)),
    'fault-handler': accepted(async (a) => setSpace(a, { fault_ep: (await a.create('Endpoint')).cptr })),
    'handler-is-cnode': refused('InvalidCapability', (a) => setSpace(a, { fault_ep: a.task.cnode }), { only: 'mcs' }),
    'handler-without-grant': refused('InvalidCapability', async (a) => setSpace(a, { fault_ep: await weakHandler(a) }), { only: 'mcs' }),
    ...spaceErrors(setSpace),
  },
  TCBSuspend: {
    stopped: accepted((a) => onThread(a)),
    ready: accepted(async (a) => ({ cap: (await a.start({ name: 'ready', priority: 10, run: () => {} })).tcb })),
    receiving: accepted(async (a) => {
      const endpoint = await a.create('Endpoint');
      return { cap: (await a.start({ name: 'receiver', priority: 200, run: async (self) => { await self.syscalls.wait(endpoint); } })).tcb };
    }, { caller: { priority: 100 } }),
    calling: accepted(async (a) => {
      const endpoint = await a.create('Endpoint');
      return { cap: (await a.start({ name: 'client', priority: 200, run: async (self) => { await self.use(endpoint).call(); } })).tcb };
    }, { caller: { priority: 100 } }),
    own: stops(async (a) => ({ cap: a.caller.tcb }), { syscalls: ['Call', 'Send', 'NBSend'] }),
  },
  TCBResume: {
    stopped: accepted(async (a) => ({ cap: (await idleThread(a)).tcb })),
    bare: accepted((a) => onThread(a)),
    'running-already': accepted(async (a) => ({ cap: a.caller.tcb })),
    waiting: accepted(async (a) => {
      const notification = await a.create('Notification');
      return { cap: (await a.start({ name: 'waiter', priority: 200, run: async (self) => { await self.use(notification).wait(); } })).tcb };
    }, { caller: { priority: 100 } }),
  },
  TCBBindNotification: {
    ok: accepted(async (a) => onThread(a, { notification: await a.create('Notification') })),
    'is-cnode': refused('IllegalOperation', (a) => onThread(a, { notification: a.task.cnode })),
    'bound-already': refused('IllegalOperation', async (a) => {
      const tcb = await bareThread(a);
      await tcb.bindNotification(await a.create('Notification'));
      return { cap: tcb, args: { notification: await a.create('Notification') } };
    }),
    'threads-wait': refused('IllegalOperation', async (a) => {
      const notification = await a.create('Notification');
      await a.start({ name: 'waiter', priority: 200, run: async (self) => { await self.use(notification).wait(); } });
      return onThread(a, { notification });
    }, { caller: { priority: 100 } }),
  },
  TCBUnbindNotification: {
    ok: accepted(async (a) => {
      const tcb = await bareThread(a);
      await tcb.bindNotification(await a.create('Notification'));
      return { cap: tcb };
    }),
    'not-bound': refused('IllegalOperation', (a) => onThread(a)),
  },
  TCBSetTLSBase: {
    ok: accepted((a) => onThread(a, { tls_base: 0x4000 })),
    own: accepted(async (a) => ({ cap: a.caller.tcb, args: { tls_base: 0x4000 } })),
  },
  TCBSetFlags: {
    ok: accepted((a) => onThread(a, { set: 1 })),
    clear: accepted((a) => onThread(a, { clear: 1 })),
  },
};
