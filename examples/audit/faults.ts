// SPDX-License-Identifier: BSD-2-Clause
/**
 * Faults: each kind of fault, told to a handler that waits or comes later, × each way to end it. The thread that faults
 * has made a system call before, and if it goes on it calls like any other.
 */
import { CapRights, Message, type Endpoint, type Notification, type ReceivedMessage, type Reply, type RootTask, type TCB, type Thread } from 'sel4scope';
import { FAULT_LABELS, MSG_MAX_LENGTH, type FaultName, type Scheduling } from 'sel4scope/schema';
import { DEPTH, NO_SLOT } from './objects.ts';
import { THREAD_PRIORITY, answer, expect, replyObject, rest, signalOf, type Scenarios } from './scenario.ts';

/** Badge of the faulter's messages, and the label of the one that it sends when it goes on: that of no fault. */
const BADGE = 5n;
const WENT_ON = 77;
const REGISTERS = 32;
/** Bytes of an instruction that traps. */
const INSTRUCTION = 4n;

/** What becomes of the thread: the same fault once more, it goes on, or nothing. */
type Sequel = 'again' | 'goes on' | 'stops';

/** What a fault is about, as the thread and its handler know it. */
interface Scene {
  readonly task: RootTask;
  /** Receives the faults, and its badged copy, where they and later messages go. */
  readonly handler: Endpoint;
  readonly badged: Endpoint;
  readonly reply: Reply | undefined;
  /** A slot without a capability. */
  readonly empty: number;
  /** No reply object. */
  readonly notification: Notification;
  readonly tcb: TCB;
}

interface Kind {
  readonly fault: FaultName;
  readonly raise: (self: Thread, scene: Scene) => Promise<unknown>;
  /** What an answer without words brings about. */
  readonly restarted: Sequel;
  /** Words of an answer with which the thread goes on; none for a fault whose answer sets no registers. */
  readonly forward?: (fault: ReceivedMessage, tcb: TCB) => Promise<readonly bigint[]>;
  /** What the handler does for the same system call to succeed. */
  readonly mend?: (scene: Scene) => Promise<void>;
  readonly only?: Scheduling;
}

const KINDS: Readonly<Record<string, Kind>> = {
  'cap-fault-of-call': { fault: 'CapFault', restarted: 'again', raise: (self) => self.syscalls.call(NO_SLOT, Message.of(1, 2)) },
  'cap-fault-of-send': { fault: 'CapFault', restarted: 'again', raise: (self) => self.syscalls.send(NO_SLOT) },
  'cap-fault-of-receive': {
    fault: 'CapFault', restarted: 'again', raise: (self, { empty }) => self.syscalls.wait(empty),
    mend: async ({ task, empty, notification }) => {
      await task.cnode.mint(empty, DEPTH, task.cnode, notification.cptr, DEPTH, CapRights.all, 1);
      await task.syscalls.signal(empty);
    },
  },
  'cap-fault-of-receive-without-slot': { fault: 'CapFault', restarted: 'again', raise: (self) => self.syscalls.wait(NO_SLOT) },
  'cap-fault-of-reply-object': {
    only: 'mcs', fault: 'CapFault', restarted: 'again', raise: (self, { handler, notification }) => self.syscalls.recv(handler, notification),
  },
  'unknown-system-call': { fault: 'UnknownSyscall', restarted: 'again', raise: unknownSyscall, forward: nextInstruction },
  'user-exception': { fault: 'UserException', restarted: 'again', raise: (self) => self.illegalInstruction(), forward: nextInstruction },
  timeout: { only: 'mcs', fault: 'Timeout', restarted: 'goes on', raise: (self) => self.compute(SPENT_NS), forward: allRegisters },
};

/** A budget, and what takes longer, but not longer than two. */
const BUDGET_US = 100;
const SPENT_NS = 150_000;

/** A system call that no configuration here has. */
async function unknownSyscall({ runtime }: Thread): Promise<void> {
  runtime.beginLanes(0, 0, 0, 0);
  const blocked = runtime.trap('VMEnter');
  if (blocked !== undefined) await blocked;
  runtime.returned();
}

async function nextInstruction(fault: ReceivedMessage): Promise<readonly bigint[]> {
  return [fault.get(0) + INSTRUCTION, ...fault.words().slice(1)];
}

/** All registers as they are: the message of a Timeout does not have them. */
async function allRegisters(_fault: ReceivedMessage, tcb: TCB): Promise<readonly bigint[]> {
  return Object.values(await tcb.readRegisters(false, 0, REGISTERS));
}

interface Ending {
  /** What becomes of the thread then; `undefined` for a kind that cannot end so. */
  readonly sequel: (kind: Kind) => Sequel | undefined;
  readonly end: (scene: Scene, kind: Kind, fault: ReceivedMessage) => Promise<void>;
  /** The handler receives the fault without a reply object. */
  readonly withoutReply?: boolean;
  readonly only?: Scheduling;
}

const restarted = (kind: Kind): Sequel => kind.restarted;
const ifSettable = (sequel: Sequel) => ({ forward }: Kind): Sequel | undefined => (forward === undefined ? undefined : sequel);
/** Whoever set no registers cannot refuse to let the thread go on either. */
const refused = (kind: Kind): Sequel => (kind.forward === undefined ? kind.restarted : 'stops');

async function wordsForward({ tcb }: Scene, { forward }: Kind, fault: ReceivedMessage): Promise<readonly bigint[]> {
  return forward!(fault, tcb);
}

/** Classic: moves the right to answer to a slot. */
async function save({ task, empty }: Scene): Promise<void> {
  await (task.cnode as unknown as { saveCaller: (index: number, depth: number) => Promise<void> }).saveCaller(empty, DEPTH);
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  restarted: { sequel: restarted, end: ({ task, reply }) => answer(task, reply) },
  mended: {
    sequel: ({ mend }) => (mend === undefined ? undefined : 'goes on'),
    end: async (scene, { mend }) => {
      await mend!(scene);
      await answer(scene.task, scene.reply);
    },
  },
  moved: {
    sequel: ifSettable('goes on'),
    end: async (scene, kind, fault) => answer(scene.task, scene.reply, new Message(0, await wordsForward(scene, kind, fault))),
  },
  'moved-by-the-longest-message': {
    sequel: ifSettable('goes on'),
    end: async (scene, kind, fault) => {
      const words = await wordsForward(scene, kind, fault);
      await answer(scene.task, scene.reply, new Message(0, [...words, ...new Array<bigint>(MSG_MAX_LENGTH - words.length).fill(9n)]));
    },
  },
  refused: { sequel: refused, end: ({ task, reply }) => answer(task, reply, new Message(1)) },
  'refused-with-registers': {
    sequel: ifSettable('stops'),
    end: async (scene, kind, fault) => answer(scene.task, scene.reply, new Message(1, await wordsForward(scene, kind, fault))),
  },
  saved: {
    only: 'classic', sequel: restarted,
    end: async (scene) => {
      await save(scene);
      await scene.task.syscalls.send(scene.empty);
    },
  },
  'not-answered-any-more': {
    sequel: () => 'stops',
    end: async (scene) => {
      const { task, reply, empty } = scene;
      if (reply === undefined) await save(scene);
      await task.cnode.delete(reply?.cptr ?? empty, DEPTH);
    },
  },
  'received-without-reply-object': { only: 'mcs', withoutReply: true, sequel: () => 'stops', end: async () => {} },
  resumed: { sequel: restarted, end: ({ tcb }) => tcb.resume() },
  'registers-written': {
    sequel: () => 'goes on',
    end: async ({ tcb }, { fault }) => {
      const { pc = 0n } = await tcb.readRegisters(false, 0, 1);
      await tcb.writeRegisters(true, 0, 1, { pc: fault === 'Timeout' ? pc : pc + INSTRUCTION });
    },
  },
  'suspended-and-answered': {
    sequel: () => 'stops',
    end: async ({ task, tcb, reply }) => {
      await tcb.suspend();
      await answer(task, reply);
    },
  },
  'suspended-and-resumed': {
    sequel: restarted,
    end: async ({ tcb }) => {
      await tcb.suspend();
      await tcb.resume();
    },
  },
  'deleted-and-answered': {
    sequel: () => 'stops',
    end: async ({ task, tcb, reply }) => {
      await task.delete(tcb);
      await answer(task, reply);
    },
  },
};

/** A thread faults, its handler ends that in one way, and what becomes of the thread is as it must be. */
async function fault(task: RootTask, kind: Kind, ending: Ending, isQueued: boolean, sequel: Sequel): Promise<void> {
  const label = FAULT_LABELS[task.runtime.scheduling][kind.fault]!;
  const scene = await prepare(task, kind);
  if (isQueued) await rest(task);
  const { handler, reply } = scene;
  const first = await (ending.withoutReply === true ? task.syscalls.wait(handler) : handler.recv(reply));
  expect(first.label === label && first.badge === BADGE, 'a fault');
  await ending.end(scene, kind, first);
  if (sequel === 'stops') {
    await rest(task);
    const nothing = await task.syscalls.nbWait(handler);
    expect(nothing.badge === 0n, 'a thread that stays stopped');
    return;
  }
  const next = await handler.recv(reply);
  expect(next.badge === BADGE && next.label === (sequel === 'again' ? label : WENT_ON), sequel === 'again' ? 'a fault that comes again' : 'a thread that goes on');
  if (sequel === 'again' && kind.forward === undefined) expect(next.get(1) === first.get(1), 'the second of two equal faults');
}

async function prepare(task: RootTask, kind: Kind): Promise<Scene> {
  const handler = await task.untyped.create('Endpoint', { name: 'fault handler' });
  const badged = await task.mint(handler, BADGE);
  const reply = await replyObject(task);
  const { notification, signal } = await signalOf(task, 'some notification');
  const holder: { scene?: Scene } = {};
  const { tcb } = await task.startThread({
    name: 'faulter', priority: THREAD_PRIORITY, faultEndpoint: badged,
    ...(kind.fault === 'Timeout' ? { budgetUs: BUDGET_US, periodUs: 100 * BUDGET_US, timeoutEndpoint: badged } : {}),
    run: async (self) => {
      await self.use(signal).signal();
      await kind.raise(self, holder.scene!);
      await self.use(badged).call(new Message(WENT_ON, [1, 2]));
    },
  });
  return (holder.scene = { task, handler, badged, reply, empty: task.slots.allocate(), notification, tcb });
}

/** Every kind × every ending that it can have × both orders in which fault and handler come. */
function allFaults(): Scenarios {
  const scenarios: Record<string, Scenarios[string]> = {};
  for (const [kindName, kind] of Object.entries(KINDS)) {
    for (const [endingName, ending] of Object.entries(ENDINGS)) {
      const sequel = ending.sequel(kind);
      if (sequel === undefined || (kind.only === 'mcs' && ending.only === 'classic')) continue;
      const only = kind.only ?? ending.only;
      for (const [arrival, isQueued] of [['', false], ['queued-', true]] as const) {
        scenarios[`${kindName}-${arrival}${endingName}`] = { run: (task) => fault(task, kind, ending, isQueued, sequel), ...(only === undefined ? {} : { only }) };
      }
    }
  }
  return scenarios;
}

export const FAULTS: Scenarios = allFaults();
