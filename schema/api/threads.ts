// SPDX-License-Identifier: BSD-2-Clause
/** Threads of a run: the story of one, and which can never run again. */
import { Type, type Static } from 'typebox';
import { HexWord, Natural, OutcomeName, RunId, SubjectRef, ThreadStateSchema, VirtualTime } from './common.ts';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T): ReturnType<typeof Type.Union<[T, ReturnType<typeof Type.Null>]>> => Type.Union([schema, Type.Null()]);

export const ThreadParams = Type.Object({
  run: RunId,
  thread: Type.Integer({ minimum: 1, maximum: 0xffff_ffff, description: 'thread id' }),
}, { additionalProperties: false });
export type ThreadParams = Static<typeof ThreadParams>;

/** State segments of an answer, unless another number is asked for, and at most. */
export const DEFAULT_SEGMENTS = 200;
export const MOST_SEGMENTS = 5000;

/** Query of `GET /api/runs/:run/threads/:thread`. */
export const ThreadQuery = Type.Object({
  from: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'first record of the story, 1 unless given' })),
  to: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'last record of the story and of all that is known, the last of the run unless given' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_SEGMENTS, description: `most segments, the last ones; ${DEFAULT_SEGMENTS} unless given` })),
}, { additionalProperties: false });
export type ThreadQuery = Static<typeof ThreadQuery>;

/** What a thread waits for. */
export const ThreadWait = Type.Object({
  for: Type.Enum(['message', 'signal', 'receiver', 'reply', 'faultHandler', 'resume', 'processor'] as const),
  /** Endpoint, notification or the thread itself (`resume`); null when the trace does not say. */
  object: Nullable(SubjectRef),
  /** Who has its message or fault and so can answer it; null when nobody or not known. */
  server: Nullable(SubjectRef),
  /** Fault that waits for its handler; empty for none. */
  fault: Type.String(),
  /** System call in which it waits; empty for none. */
  syscall: Type.String(),
  /** Record in which that was made, and its capability pointer; 0 and null for none. */
  seq: Natural,
  cptr: Nullable(HexWord),
  /** One sentence. */
  text: Type.String(),
});
export type ThreadWait = Static<typeof ThreadWait>;

/** Somebody who could make a thread go on, because it was seen to use what the thread waits for. */
export const Waker = Type.Object({
  thread: SubjectRef,
  state: ThreadStateSchema,
  how: Type.Enum(['sends', 'signals', 'receives', 'answers', 'faults', 'resumes', 'interrupts'] as const),
  /** Last record in which it did. */
  seq: Natural,
});
export type Waker = Static<typeof Waker>;

/** A time in one state. */
export const StateSegment = Type.Object({
  state: ThreadStateSchema,
  /** Record that began it, and its time of entry; 0 for what was before the first record. */
  fromSeq: Natural,
  from: VirtualTime,
  /** Record that ended it; 0 when it lasts. */
  toSeq: Natural,
  to: VirtualTime,
  /** Who made the trap that began it, and what that was: method, system call or cause. */
  by: SubjectRef,
  what: Type.String(),
});
export type StateSegment = Static<typeof StateSegment>;

const SchedContextFields = {
  /** MCS: its scheduling context as invocations set it up; null for none or not known, see `schedContextKnown`. */
  schedContext: Nullable(Type.Object({ object: Nullable(SubjectRef), budgetUs: Nullable(Natural), periodUs: Nullable(Natural), seq: Natural })),
  schedContextKnown: Type.Boolean(),
};

/** `GET /api/runs/:run/threads/:thread`: the story of a thread. */
export const ThreadStory = Type.Object({
  run: Type.String(),
  thread: SubjectRef,
  /** Records that were looked at. */
  from: Natural,
  to: Natural,
  state: ThreadStateSchema,
  destroyed: Type.Boolean(),
  waits: Nullable(ThreadWait),
  couldWake: Type.Array(Waker),
  /** The last `limit` ones, in order; `earlier` were left out. */
  segments: Type.Array(StateSegment),
  earlier: Natural,
  /** Time in each state in the records that were looked at. */
  totals: Type.Array(Type.Object({ state: ThreadStateSchema, time: VirtualTime, times: Natural })),
  /** Time for which it was the running thread in user mode, ns. */
  ran: VirtualTime,
  /** Its own traps. */
  methods: Type.Array(Type.Object({ method: Type.String(), outcome: OutcomeName, records: Natural })),
  /** Its last faults. */
  faults: Type.Array(Type.Object({ seq: Natural, time: VirtualTime, fault: Type.String() })),
  ...SchedContextFields,
  /** Endpoint of its fault handler as invocations set it up; null for none or not known. */
  faultHandler: Nullable(Type.Object({ object: Nullable(SubjectRef), cptr: HexWord, seq: Natural })),
}, { $id: 'ThreadStory' });
export type ThreadStory = Static<typeof ThreadStory>;

/** Query of `GET /api/runs/:run/thread-states`. */
export const ThreadStatesQuery = Type.Object({
  at: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'record after which to look, the last of the run unless given' })),
}, { additionalProperties: false });
export type ThreadStatesQuery = Static<typeof ThreadStatesQuery>;

/** One thread as a record leaves it. */
export const ThreadNow = Type.Object({
  thread: SubjectRef,
  state: ThreadStateSchema,
  destroyed: Type.Boolean(),
  /** Record that brought it into its state, and its time of entry; 0 for what was before the first record. */
  sinceSeq: Natural,
  since: VirtualTime,
  /** It is the one that runs after that record. */
  isRunning: Type.Boolean(),
  waits: Nullable(ThreadWait),
  /** As of a story. */
  ...SchedContextFields,
  /** Its last own trap, and what that was: method, system call or cause; null for none. */
  lastTrap: Nullable(Type.Object({ seq: Natural, what: Type.String() })),
});
export type ThreadNow = Static<typeof ThreadNow>;

/** `GET /api/runs/:run/thread-states`. */
export const ThreadStates = Type.Object({
  run: Type.String(),
  /** Record after which this holds, and when that was. */
  at: Natural,
  time: VirtualTime,
  /** In the order of their ids. */
  threads: Type.Array(ThreadNow),
}, { $id: 'ThreadStates' });
export type ThreadStates = Static<typeof ThreadStates>;

/** Query of `GET /api/runs/:run/hang`. */
export const HangQuery = Type.Object({
  at: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'record after which to look, the last of the run unless given' })),
}, { additionalProperties: false });
export type HangQuery = Static<typeof HangQuery>;

export const HangReason = Type.Enum([
  'noSchedContext', 'noBudget', 'orphanCaller', 'nobodySends', 'nobodyReceives', 'nobodySignals', 'nobodyAnswers', 'unhandledFault', 'nobodyResumes', 'deadlock', 'waitsForHung', 'unknown',
] as const);
export type HangReason = Static<typeof HangReason>;

/** A thread that can never run again. */
export const HungThread = Type.Object({
  thread: SubjectRef,
  state: ThreadStateSchema,
  sinceSeq: Natural,
  since: VirtualTime,
  reason: HangReason,
  /** `certain`: the state of the kernel says so. `seen`: nobody was seen to do what would help; a capability that was never used would not be seen. */
  certainty: Type.Enum(['certain', 'seen'] as const),
  /** One sentence. */
  text: Type.String(),
  waits: Nullable(ThreadWait),
  /** Those who could help, were they not hung themselves. */
  waitsFor: Type.Array(Waker),
});
export type HungThread = Static<typeof HungThread>;

/** `GET /api/runs/:run/hang`. */
export const HangReport = Type.Object({
  run: Type.String(),
  /** Record after which this holds, and when that was. */
  at: Natural,
  time: VirtualTime,
  /** The kernel had nothing left to run, and no event was to come: whatever waits, waits for ever. */
  stalled: Type.Boolean(),
  /** Threads that can run, or be made to by one that can. */
  alive: Natural,
  /** The run ended because its program came to its end, and this is after its last record. */
  completed: Type.Boolean(),
  /** Threads that came to their end: their function returned, or they suspended themselves. */
  finished: Type.Array(SubjectRef),
  /** Threads that others stopped: TCB_Suspend, or a fault handler that did not let them go on. Nobody that lives was seen to be able to resume them. */
  stopped: Type.Array(SubjectRef),
  /** Threads that no record starts or runs: they were made and left alone or, where the trace does not begin at boot, rest since before it. */
  neverStarted: Type.Array(SubjectRef),
  /** Servers of a program that came to its end: they wait for a message or a signal, owe no answer, and nobody is left to send one. */
  idle: Type.Array(SubjectRef),
  /** Causes first, then those that wait for them. */
  hung: Type.Array(HungThread),
  /** Threads that wait for each other, each for the next and the last for the first. */
  cycles: Type.Array(Type.Array(SubjectRef)),
}, { $id: 'HangReport' });
export type HangReport = Static<typeof HangReport>;
