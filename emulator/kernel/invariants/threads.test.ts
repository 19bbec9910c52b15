// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INIT_CAP, STATE, type Scheduling } from '../../../schema/abi/index.ts';
import { NULL_CPTR, World, setReceiveSlot, type Placed, type TestThread } from '../testing-threads.ts';
import type { Reply, SchedContext, Tcb } from '../objects.ts';
import { checkThreads } from './threads.ts';

const CNODE = INIT_CAP.threadCNode;

/** A step of a random run: what the running thread does, with choices among the objects of the scene. */
interface Step {
  readonly action: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

type Action = (scene: Scene, step: Step) => void;

function pick<T>(from: readonly T[], choice: number): T {
  return from[choice % from.length]!;
}

/** Some threads with and without time, endpoints, notifications, reply objects; everybody may do anything to anybody. */
class Scene {
  readonly world: World;
  readonly threads: readonly TestThread[];
  readonly tcbs: readonly number[];
  readonly endpoints: readonly number[];
  readonly notifications: readonly number[];
  readonly replies: readonly Placed<Reply>[];
  readonly contexts: readonly Placed<SchedContext>[];

  constructor(scheduling: Scheduling) {
    const world = (this.world = new World(scheduling));
    const handler = world.endpoint('handler');
    const endpoint = world.endpoint('endpoint');
    this.endpoints = [
      endpoint.cptr, handler.cptr, world.mint(endpoint, { badge: { lo: 5, hi: 0 } }).cptr,
      world.mint(endpoint, { canGrant: false, canGrantReply: false }).cptr,
    ];
    const notification = world.notification();
    this.notifications = [notification.cptr, world.notification('second').cptr, world.mint(notification, { badge: { lo: 2, hi: 0 } }).cptr];
    this.replies = world.kernel.mcs ? [world.reply('r1'), world.reply('r2'), world.reply('r3')] : [];
    this.threads = [
      world.thread('a', { priority: 10, mcp: 20, faultHandler: handler, timeoutHandler: handler, time: { budget: 50, period: 200, extraRefills: 3 } }),
      world.thread('b', { priority: 10, mcp: 20, faultHandler: handler, time: { budget: 100, period: 100 } }),
      world.thread('c', { priority: 11, mcp: 20, time: { budget: 40, period: 100, sporadic: true } }),
      world.thread('d', { priority: 12, mcp: 20, time: null }),
      world.thread('e', { priority: 10, mcp: 20, buffer: 'none' }),
    ];
    this.contexts = this.threads.flatMap((thread) => (thread.context === null ? [] : [thread.context]));
    this.tcbs = [INIT_CAP.threadTCB, ...this.threads.map((thread) => thread.cptr)];
    for (const thread of this.threads) {
      if (thread.object.slots.ipcBuffer.cap.object !== null) setReceiveSlot(thread.object, world.emptySlot().cptr);
    }
    world.resume(...this.threads);
    world.succeed(INIT_CAP.threadTCB, 'TCBSetPriority', [10], [INIT_CAP.threadTCB]);
  }

  /** Whether anything can still happen. */
  run(actions: readonly Action[], steps: readonly Step[]): void {
    for (const step of steps) {
      if (this.world.current === this.world.kernel.idleThread) {
        if (!this.world.host.idle()) return;
      } else {
        pick(actions, step.action)(this, step);
      }
    }
  }

  reply(choice: number): number {
    return pick(this.replies, choice).cptr;
  }

  /** Calls or sends, by the choice. */
  invoke(choice: number, cptr: number, method: string, words: readonly number[] = [], caps: readonly number[] = []): void {
    this.world.invoke(choice % 4 === 0 ? 'Send' : 'Call', cptr, method, words, caps);
  }
}

const MESSAGE = { words: [1, 2, 3] };

const COMMON: readonly Action[] = [
  ({ world, endpoints }, { a }) => { world.trap('Call', { cptr: pick(endpoints, a), ...MESSAGE }); },
  ({ world, endpoints }, { a }) => { world.trap('Send', { cptr: pick(endpoints, a), ...MESSAGE }); },
  ({ world, endpoints }, { a }) => { world.trap('NBSend', { cptr: pick(endpoints, a), ...MESSAGE }); },
  (scene, { a, b, c }) => { scene.invoke(1, pick(scene.endpoints, a), 'TCBSuspend', [], [pick(scene.endpoints, b), pick(scene.notifications, c)]); },
  ({ world, notifications }, { a, b }) => { world.trap(b % 2 === 0 ? 'Send' : 'Call', { cptr: pick(notifications, a) }); },
  ({ world }) => { world.trap('Yield'); },
  ({ world }, { a, b }) => { world.host.compute((a * 256 + b) * 10); },
  ({ world }, { a }) => { world.host.exception({ cause: a % 16, valueLo: a, valueHi: 0 }); },
  (scene, { a, b }) => { scene.invoke(b, pick(scene.tcbs, a), 'TCBResume'); },
  (scene, { a, b }) => { scene.invoke(b, pick(scene.tcbs, a), 'TCBSuspend'); },
  (scene, { a, b, c }) => { scene.invoke(b, pick(scene.tcbs, a), 'TCBSetPriority', [c % 21], [pick(scene.tcbs, b)]); },
  (scene, { a, b }) => { scene.invoke(b, pick(scene.tcbs, a), 'TCBReadRegisters', [b % 2, 1 + (b % 32)]); },
  (scene, { a, b, c }) => { scene.invoke(b, pick(scene.tcbs, a), 'TCBCopyRegisters', [c % 4], [pick(scene.tcbs, b)]); },
  (scene, { a, b }) => { scene.invoke(1, pick(scene.tcbs, a), 'TCBBindNotification', [], [pick(scene.notifications, b)]); },
  (scene, { a }) => { scene.invoke(a, pick(scene.tcbs, a), 'TCBUnbindNotification'); },
  (scene, { a }) => { scene.invoke(1, CNODE, 'CNodeCancelBadgedSends', [pick(scene.endpoints, a), 64]); },
];

const MCS: readonly Action[] = [
  ...COMMON,
  (s, { a, b }) => { s.world.trap('Recv', { cptr: pick(s.endpoints, a), reply: s.reply(b) }); },
  (s, { a, b }) => { s.world.trap('NBRecv', { cptr: pick(s.endpoints, a), reply: s.reply(b) }); },
  (s, { a, b }) => { s.world.trap('ReplyRecv', { cptr: pick(s.endpoints, a), reply: s.reply(b), ...MESSAGE, label: b % 2 }); },
  (s, { a, b, c }) => { s.world.trap('NBSendRecv', { cptr: pick(s.endpoints, a), reply: s.reply(b), destination: pick(s.endpoints, c) }); },
  (s, { a, b }) => { s.world.trap('NBSendWait', { cptr: pick(s.notifications, a), reply: pick([...s.endpoints, ...s.notifications], b) }); },
  (s, { a }) => { s.world.trap('Wait', { cptr: pick([...s.endpoints, ...s.notifications], a) }); },
  (s, { a, b }) => { s.world.trap('Send', { cptr: s.reply(a), ...MESSAGE, label: b % 2 }); },
  (s, { a, b, c }) => {
    const time = [10 + c, (10 + c) * (1 + (a % 3)), a % 5, 1, b % 2];
    s.invoke(1, s.world.schedControl, 'SchedControlConfigureFlags', time, [pick(s.contexts, b).cptr]);
  },
  (s, { a, b, c }) => { s.invoke(1, pick(s.contexts, a).cptr, 'SchedContextBind', [], [c % 4 === 0 ? pick(s.notifications, b) : pick(s.tcbs, b)]); },
  (s, { a, b }) => { s.invoke(b, pick(s.contexts, a).cptr, 'SchedContextUnbind'); },
  (s, { a, b, c }) => { s.invoke(1, pick(s.contexts, a).cptr, 'SchedContextUnbindObject', [], [c % 4 === 0 ? pick(s.notifications, b) : pick(s.tcbs, b)]); },
  (s, { a, b }) => { s.invoke(b, pick(s.contexts, a).cptr, 'SchedContextConsumed'); },
  (s, { a, b }) => { s.invoke(b, pick(s.contexts, a).cptr, 'SchedContextYieldTo'); },
  (s, { a, b, c }) => {
    const context = c % 2 === 0 ? NULL_CPTR : pick(s.contexts, c).cptr;
    s.invoke(1, pick(s.tcbs, a), 'TCBSetSchedParams', [20, b % 21], [INIT_CAP.threadTCB, context, pick([NULL_CPTR, s.endpoints[1]!], b)]);
  },
];

const CLASSIC: readonly Action[] = [
  ...COMMON,
  (s, { a }) => { s.world.trap('Recv', { cptr: pick([...s.endpoints, ...s.notifications], a) }); },
  (s, { a }) => { s.world.trap('NBRecv', { cptr: pick(s.endpoints, a) }); },
  (s, { a, b }) => { s.world.trap('ReplyRecv', { cptr: pick(s.endpoints, a), ...MESSAGE, label: b % 2 }); },
  (s, { b }) => { s.world.trap('Reply', { ...MESSAGE, label: b % 2 }); },
];

/** Steps that take objects away; they come late in a run, or it would be over soon. */
const DESTRUCTION: readonly Action[] = [
  (s, { a }) => { s.invoke(1, CNODE, 'CNodeDelete', [pick(s.endpoints, a), 64]); },
  (s, { a }) => { s.invoke(1, CNODE, 'CNodeDelete', [pick(s.notifications, a), 64]); },
  (s, { a }) => { s.invoke(1, CNODE, 'CNodeDelete', [pick(s.threads, a).cptr, 64]); },
];
const MCS_DESTRUCTION: readonly Action[] = [
  ...DESTRUCTION,
  (s, { a }) => { s.invoke(1, CNODE, 'CNodeDelete', [s.reply(a), 64]); },
  (s, { a }) => { s.invoke(1, CNODE, 'CNodeDelete', [pick(s.contexts, a).cptr, 64]); },
];

const byte = fc.integer({ min: 0, max: 255 });
const step: fc.Arbitrary<Step> = fc.record({ action: byte, a: byte, b: byte, c: byte });

const CONFIGURATIONS: readonly [Scheduling, readonly Action[], readonly Action[]][] = [
  ['mcs', MCS, [...MCS, ...MCS_DESTRUCTION]],
  ['classic', CLASSIC, [...CLASSIC, ...DESTRUCTION]],
];

describe.each(CONFIGURATIONS)('whatever threads do on %s', (scheduling, actions, lateActions) => {
  it('the invariants hold, and every write belongs to a delivery', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 30 }), (early, late) => {
      const scene = new Scene(scheduling);
      scene.world.clear();
      scene.run(actions, early);
      scene.run(lateActions, late);
      expect(scene.world.events.filter((event) => event.includes('unannounced'))).toEqual([]);
    }), { numRuns: 150 });
  });

  it('two runs show the same', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const events = [1, 2].map(() => {
        const scene = new Scene(scheduling);
        scene.run(lateActions, steps);
        return scene.world.events;
      });
      expect(events[0]).toEqual(events[1]);
    }), { numRuns: 15 });
  });
});

describe('the invariants', () => {
  const broken: readonly [string, RegExp, (world: World, thread: Tcb) => void][] = [
    ['a queued thread that cannot run', /in a ready queue but not schedulable/, (_, thread) => { thread.state = STATE.Inactive; }],
    ['a schedulable thread outside the queues', /in no queue/, (world, thread) => {
      world.kernel.readyQueues[0]![100]!.length = 0;
      world.kernel.readyPriorities[0]!.fill(0);
      thread.inReadyQueue = false;
    }],
    ['a context that another thread has', /has a context that has another thread/, (_, thread) => { thread.schedContext!.thread = null; }],
    ['refills that do not sum up', /refills of/, (_, thread) => { thread.schedContext!.refills[0]!.amount += 1; }],
    ['a one-sided YieldTo', /does not know it/, (_, thread) => { thread.yieldTo = thread.schedContext; }],
    ['a stale fault', /fault that nobody will answer/, (_, thread) => {
      const zero = { lo: 0, hi: 0 };
      thread.fault = { label: 1, address: zero, number: zero, code: zero, flag: false, lookupFailure: null };
    }],
    ['an open decision', /left open/, (world) => { world.kernel.rescheduleNeeded = true; }],
  ];
  it.each(broken)('notice %s', (_, problem, breakIt) => {
    const world = new World('mcs');
    const thread = world.thread('thread', { priority: 100 });
    world.resume(thread);
    expect(checkThreads(world.kernel)).toEqual([]);
    breakIt(world, thread.object);
    expect(checkThreads(world.kernel).join('\n')).toMatch(problem);
  });
});
