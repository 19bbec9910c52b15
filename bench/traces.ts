// SPDX-License-Identifier: BSD-2-Clause
/** Encoded traces of programs on the model, for measurements of the service. */
import { CapRights, Message, type RootTask } from 'sel4scope';
import { OBJECT_TYPES } from 'sel4scope/schema';
import type { DefectName } from '../emulator/kernel/defects.ts';
import { ModelKernel } from '../emulator/kernel/model.ts';
import { BatchingSink, type OutgoingBatch } from '../emulator/probe/batching-sink.ts';
import { Probe } from '../emulator/probe/probe.ts';
import { UserThreads } from '../emulator/user/threads.ts';
import { RootTask as RootTaskClass } from '../stubs/index.ts';

/** Depth at which a capability pointer of the root task is a slot number, and one that no CNode lookup has. */
const DEPTH = 64;
const IMPOSSIBLE_DEPTH = 70;

/** What a program does, step after step; each step is a few records. */
interface Steps {
  /** Most frequent kinds of invocations, all answered as they should be. */
  invoke(): Promise<void>;
  /** Makes an object and destroys it. */
  create(): Promise<void>;
  /** A round trip to a server, and a signal. */
  message(): Promise<void>;
  /** A request that the kernel refuses. */
  fail(): Promise<void>;
  /** One record: Page_GetAddress by Call, which the defect of that name spoils. */
  getAddress(): Promise<void>;
}

interface TraceKind {
  readonly defects: readonly DefectName[];
  /** One turn of the program's loop; `turn` counts from 0. */
  readonly turn: (steps: Steps, turn: number) => Promise<void>;
}

export const TRACES = {
  /** Invocations of kernel objects, IPC, and now and then a new object and an error. */
  'mixed': {
    defects: [],
    turn: async (steps, turn) => {
      await steps.invoke();
      await steps.message();
      if (turn % 4 === 0) await steps.create();
      if (turn % 8 === 0) await steps.fail();
    },
  },
  'invocations': {
    defects: [],
    turn: async (steps, turn) => {
      await steps.invoke();
      if (turn % 4 === 0) await steps.create();
    },
  },
  'IPC': { defects: [], turn: (steps) => steps.message() },
  /** `mixed`, with a spoilt reply on one record in a hundred. */
  'anomalies 1 %': {
    defects: ['page-get-address'],
    turn: async (steps, turn) => {
      await steps.message();
      await steps.message();
      if (turn % 10 === 0) await steps.getAddress();
    },
  },
  /** One spoilt reply to five records of IPC. */
  'anomalies 16 %': {
    defects: ['page-get-address'],
    turn: async (steps) => {
      await steps.message();
      await steps.getAddress();
    },
  },
} satisfies Readonly<Record<string, TraceKind>>;
export type TraceName = keyof typeof TRACES;

/** The batches of a run of `count` records (a few more, to the end of a turn), as a producer sends them. */
export async function encodedTrace(name: TraceName, count: number): Promise<OutgoingBatch[]> {
  const { defects, turn }: TraceKind = TRACES[name];
  const batches: OutgoingBatch[] = [];
  const sink = new BatchingSink((batch) => batches.push(batch));
  const host = new ModelKernel({ configuration: 'riscv64-mcs', defects });
  new Probe(host, sink);
  const threads = new UserThreads(host);
  await threads.run('root', async (context, bootInfo) => {
    const task = new RootTaskClass(context, bootInfo, { replies: { policy: 'off' } });
    const steps = await prepare(task);
    for (let i = 0; recordsOf(batches) < count; i++) await turn(steps, i);
  });
  sink.end();
  return batches;
}

export function recordsOf(batches: readonly OutgoingBatch[]): number {
  const last = batches.at(-1);
  return last === undefined ? 0 : last.firstSeq + last.count - 1;
}

async function prepare(task: RootTask): Promise<Steps> {
  const frame = await task.untyped.create('RISCV_4K_Page');
  const notification = await task.untyped.create('Notification');
  const endpoint = await task.untyped.create('Endpoint');
  const reply = await task.untyped.create('Reply');
  const untyped = await task.untyped.create('Untyped', { sizeBits: 12 });
  const slot = task.slots.allocate();
  await task.startThread({
    name: 'server',
    run: async (self) => {
      const [service, answer] = [self.use(endpoint), self.use(reply)];
      let request = await service.recv(answer);
      for (;;) request = await service.replyRecv(request, answer);
    },
  });
  const messages = [Message.of(1), Message.of(1, 2), Message.of(1, 2, 3, 0x8000_0000n, 5, 6)];
  let sent = 0;
  return {
    invoke: async () => {
      await frame.getAddress();
      await task.cnode.copy(slot, DEPTH, task.cnode, endpoint.cptr, DEPTH, CapRights.all);
      await task.cnode.delete(slot, DEPTH);
      await task.schedContext.consumed();
    },
    create: async () => {
      await untyped.retype(OBJECT_TYPES.mcs.Endpoint!, 0, task.cnode, 0, 0, slot, 1);
      await task.cnode.delete(slot, DEPTH);
    },
    message: async () => {
      await notification.signal();
      await endpoint.call(messages[sent++ % messages.length]!);
      await notification.signal();
      await task.yield();
    },
    fail: async () => { await task.cnode.tryDelete(slot, IMPOSSIBLE_DEPTH); },
    getAddress: async () => { await frame.getAddress(); },
  };
}
