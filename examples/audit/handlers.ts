// SPDX-License-Identifier: BSD-2-Clause
/**
 * Handlers of faults: without a buffer, without time, without the right to be asked, or none; faulters whose capability
 * space does not lead anywhere; and faults of the address space.
 */
import { CapRights, Message, type CNode, type Endpoint, type IpcBufferOption, type ReceivedMessage, type RootTask, type Thread } from 'sel4scope';
import { FAULT_LABELS, FAULT_WORDS, LOOKUP, MESSAGE_REGISTERS, type FaultName } from 'sel4scope/schema';
import { DEPTH } from './objects.ts';
import { THREAD_PRIORITY, destroy, expect, replyObject, rest, type Scenario, type Scenarios } from './scenario.ts';

const HANDLER_PRIORITY = 210;
/** Where no thread has its text. */
const NOWHERE = 0x7777_0000n;
/** Word of a CapFault message that says why. */
const LOOKUP_FAILURE = 3;

function labelOf(task: RootTask, fault: FaultName): number {
  return FAULT_LABELS[task.runtime.scheduling][fault]!;
}

/** A handler thread with some kind of buffer is told of a long fault message, and answers it. */
async function handlerWith(task: RootTask, ipcBuffer: IpcBufferOption, isPassive: boolean): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'faults' });
  const reply = await replyObject(task);
  const got: ReceivedMessage[] = [];
  const handler = await task.startThread({
    name: 'handler', priority: HANDLER_PRIORITY, ipcBuffer,
    run: async (self) => {
      got.push(await self.use(endpoint).recv(reply && self.use(reply)));
      // Without time of its own, the handler must answer and wait in one system call.
      for (;;) got.push(await self.use(endpoint).replyRecv(Message.of(got.at(-1)!.get(0) + 4n), reply && self.use(reply)));
    },
  });
  await rest(task);
  if (isPassive) await handler.schedContext.unbind();
  let goneOn = false;
  await task.startThread({ name: 'faulter', priority: THREAD_PRIORITY, faultEndpoint: endpoint, run: async (self) => {
    await unknownSyscall(self);
    await self.illegalInstruction();
    goneOn = true;
  } });
  await rest(task);
  const longest = ipcBuffer === 'readWrite' ? FAULT_WORDS.UnknownSyscall.length : MESSAGE_REGISTERS;
  expect(goneOn && got.length === 2 && got[0]!.length === longest && got[1]!.length === FAULT_WORDS.UserException.length, 'two faults that were handled');
}

async function unknownSyscall({ runtime }: Thread): Promise<void> {
  runtime.beginLanes(0, 0, 0, 0);
  const blocked = runtime.trap('VMEnter');
  if (blocked !== undefined) await blocked;
  runtime.returned();
}

/** A thread whose handler cannot be told, or not be answered, stops; the handler hears of it or not. */
async function uselessHandler(task: RootTask, handlerOf: (endpoint: Endpoint) => Promise<Endpoint | 0>): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'faults' });
  let goneOn = false;
  const { tcb } = await task.startThread({ name: 'faulter', priority: THREAD_PRIORITY, start: false, run: async (self) => { await self.illegalInstruction(); goneOn = true; } });
  const handler = await handlerOf(endpoint);
  await tcb.trySetSpace(handler === 0 ? 0 : handler.cptr, task.cnode, 0, task.vspace, 0);
  await tcb.resume();
  await rest(task);
  const nothing = await task.syscalls.nbWait(endpoint);
  expect(!goneOn && nothing.label === 0, 'a thread without a handler');
}

/** A fetch from an address without text, answered: the thread does it again. */
async function fetchFault(task: RootTask, isRefused: boolean): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'faults' });
  const reply = await replyObject(task);
  const { tcb } = await task.startThread({ name: 'faulter', priority: THREAD_PRIORITY, faultEndpoint: endpoint, run: () => {}, start: false });
  await tcb.writeRegisters(true, 0, 1, { pc: NOWHERE });
  const first = await endpoint.recv(reply);
  expect(first.label === labelOf(task, 'VMFault') && first.get(0) === NOWHERE && first.get(1) === NOWHERE && first.get(2) === 1n, 'a VM fault');
  const second = await endpoint.replyRecv(new Message(isRefused ? 1 : 0, [1, 2, 3, 4]), reply);
  expect(second.words().every((word, i) => word === first.get(i)), 'the second of two equal faults');
}

/** A thread with a small capability space of its own, in which a lookup fails for this reason. */
async function lookupFault(task: RootTask, reason: keyof typeof LOOKUP, cptr: bigint, change: (space: CNode) => Promise<void>): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'faults' });
  const space = await task.untyped.create('CapTable', { sizeBits: SPACE_BITS, name: 'small space' });
  const place = async (slot: number, cap: { readonly cptr: bigint }): Promise<void> => (
    space.copy(slot, SPACE_BITS, task.cnode, cap.cptr, DEPTH, CapRights.all));
  const handler = await task.mint(endpoint, 1);
  await place(HANDLER_SLOT, handler);
  await place(NODE_SLOT, task.cnode);
  const reply = await replyObject(task);
  const isMcs = task.runtime.scheduling === 'mcs';
  const { tcb } = await task.startThread({
    name: 'faulter', priority: THREAD_PRIORITY, start: false, suspendAtEnd: false,
    run: async (self) => {
      await self.syscalls.nbSend(inSpace(HANDLER_SLOT));
      await self.syscalls.send(cptr);
    },
  });
  await tcb.setSpace(isMcs ? handler.cptr : inSpace(HANDLER_SLOT), space, 0, task.vspace, 0);
  await change(space);
  await tcb.resume();
  await rest(task);
  const fault = await task.syscalls.nbRecv(endpoint, reply);
  // Classic kernels find the handler in the same space.
  if (reason === 'InvalidRoot' && !isMcs) return expect(fault.label === 0, 'a fault that nobody hears of');
  expect(fault.label === labelOf(task, 'CapFault') && fault.get(LOOKUP_FAILURE) === BigInt(LOOKUP[reason]), `a fault with ${reason}`);
}

const SPACE_BITS = 4;
const HANDLER_SLOT = 1;
const NODE_SLOT = 2;

/** Capability pointer of a slot of the small space. */
function inSpace(slot: number): bigint {
  return BigInt(slot) << BigInt(64 - SPACE_BITS);
}

const all = (run: (task: RootTask) => Promise<void>): Scenario => ({ run });
const mcs = (run: (task: RootTask) => Promise<void>): Scenario => ({ only: 'mcs', run });

export const HANDLERS: Scenarios = {
  'with-buffer': all((task) => handlerWith(task, 'readWrite', false)),
  'with-read-only-buffer': all((task) => handlerWith(task, 'readOnly', false)),
  'without-buffer': all((task) => handlerWith(task, 'none', false)),
  passive: mcs((task) => handlerWith(task, 'readWrite', true)),
  none: all((task) => uselessHandler(task, async () => 0)),
  'without-grant': all((task) => uselessHandler(task, (endpoint) => task.mint(endpoint, 1, CapRights.readWrite))),
  'read-only': all((task) => uselessHandler(task, (endpoint) => task.mint(endpoint, 1, CapRights.read))),
  destroyed: all((task) => uselessHandler(task, async () => {
    const endpoint = await task.untyped.create('Endpoint');
    await destroy(task, endpoint);
    return endpoint;
  })),
  'fetch-fault-answered': all((task) => fetchFault(task, false)),
  'fetch-fault-refused': all((task) => fetchFault(task, true)),
  'invalid-root': all((task) => lookupFault(task, 'InvalidRoot', inSpace(HANDLER_SLOT), (space) => task.revoke(space))),
  'depth-mismatch': all((task) => lookupFault(task, 'DepthMismatch', inSpace(NODE_SLOT), async () => {})),
  'guard-mismatch': all((task) => lookupFault(task, 'GuardMismatch', inSpace(NODE_SLOT) | 1n, async (space) => {
    await space.delete(NODE_SLOT, SPACE_BITS);
    await space.mint(NODE_SLOT, SPACE_BITS, task.cnode, task.cnode.cptr, DEPTH, CapRights.all, (0x3n << 6n) | 2n);
  })),
};
