// SPDX-License-Identifier: BSD-2-Clause
/** User programs that do one thing over and over. */
import { CapRights, Message, type RootTask } from 'sel4scope';
import { ERROR, OBJECT_TYPES, packMessageInfo } from 'sel4scope/schema';

/** Does one kind of operation `count` times; what it needs is set up before `started` is called. */
export type Workload = (task: RootTask, count: number, started: () => void) => Promise<void>;

/** Depth at which a capability pointer of the root task is a slot number. */
const DEPTH = 64;
/** A depth that no CNode lookup has: the kernel answers RangeError. */
const IMPOSSIBLE_DEPTH = 70;

async function getAddress(task: RootTask, count: number, started: () => void): Promise<void> {
  const frame = await task.untyped.create('RISCV_4K_Page');
  started();
  for (let i = 0; i < count; i++) await frame.getAddress();
}

async function signal(task: RootTask, count: number, started: () => void): Promise<void> {
  const notification = await task.untyped.create('Notification');
  started();
  for (let i = 0; i < count; i++) await notification.signal();
}

async function copyAndDelete(task: RootTask, count: number, started: () => void): Promise<void> {
  const { cptr } = await task.untyped.create('Endpoint');
  const slot = task.slots.allocate();
  started();
  for (let i = 0; i < count; i += 2) {
    await task.cnode.copy(slot, DEPTH, task.cnode, cptr, DEPTH, CapRights.all);
    await task.cnode.delete(slot, DEPTH);
  }
}

async function retypeAndDelete(task: RootTask, count: number, started: () => void): Promise<void> {
  // The watermark goes back only when nothing is left of the region, so every object is deleted before the next.
  const untyped = await task.untyped.create('Untyped', { sizeBits: 12 });
  const slot = task.slots.allocate();
  started();
  for (let i = 0; i < count; i += 2) {
    await untyped.retype(OBJECT_TYPES.mcs.Endpoint!, 0, task.cnode, 0, 0, slot, 1);
    await task.cnode.delete(slot, DEPTH);
  }
}

/** YieldTo that is answered at once: the target has a lower priority. */
async function yieldTo(task: RootTask, count: number, started: () => void): Promise<void> {
  const { schedContext } = await task.startThread({ name: 'lower', run: () => {}, priority: 10 });
  started();
  for (let i = 0; i < count; i++) await schedContext.yieldTo();
}

/** The kernel's answer to a null capability, which it makes without looking further; nobody makes an error of it. */
async function nullError({ runtime, replies }: RootTask, count: number, started: () => void): Promise<void> {
  // The check would say that nobody takes the payload.
  replies.policy = 'off';
  const { label } = runtime.interfaces.byId.get('TCBSuspend')!;
  const tag = packMessageInfo({ label, length: 0, extraCaps: 0, capsUnwrapped: 0 });
  started();
  for (let i = 0; i < count; i++) {
    runtime.beginLanes(0, 0, tag.lo, tag.hi);
    const blocked = runtime.call();
    if (blocked !== undefined) await blocked;
    if (runtime.finishCall(label) !== ERROR.InvalidCapability) throw new Error('the kernel accepted a null capability');
  }
}

async function errorReply(task: RootTask, count: number, started: () => void): Promise<void> {
  const slot = task.slots.allocate();
  started();
  for (let i = 0; i < count; i++) await task.cnode.tryDelete(slot, IMPOSSIBLE_DEPTH);
}

async function callAndReply(task: RootTask, count: number, started: () => void): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint');
  const reply = await task.untyped.create('Reply');
  await task.startThread({
    name: 'server',
    run: async (self) => {
      const [service, answer] = [self.use(endpoint), self.use(reply)];
      let request = await service.recv(answer);
      for (;;) request = await service.replyRecv(request, answer);
    },
  });
  const message = Message.of(1, 2);
  started();
  // Two system calls a round trip.
  for (let i = 0; i < count; i += 2) await endpoint.call(message);
}

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  'Page_GetAddress': getAddress,
  'Signal': signal,
  'CNode_Copy + CNode_Delete': copyAndDelete,
  'Untyped_Retype + CNode_Delete': retypeAndDelete,
  'SchedContext_YieldTo': yieldTo,
  'null error (TCB_Suspend)': nullError,
  'refused CNode_Delete': errorReply,
  'Call + ReplyRecv': callAndReply,
};
