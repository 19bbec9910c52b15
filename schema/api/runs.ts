// SPDX-License-Identifier: BSD-2-Clause
import { Type, type Static } from 'typebox';
import { MOST_TAGS, TAG_PATTERN } from '../trace/names.ts';
import { Moment, Natural, OutcomeName, RUN_ID_PATTERN, RunId, SeveritySchema, VirtualTime } from './common.ts';
import { FindingState } from './findings.ts';
import { PageLimit } from './records.ts';

/**
 * `running`: its producer is connected; `ended`: the producer said so; `interrupted`: it left without saying so, and may come
 * back; `importing`: an import copies it, and takes it away again if it fails.
 */
export const RUN_STATES = ['running', 'ended', 'interrupted', 'importing'] as const;
export const RunState = Type.Enum(RUN_STATES, { description: 'whether its producer is there' });
export type RunStateName = Static<typeof RunState>;

/** How a run came to its end, as its producer says. */
export const RunEndName = Type.Enum(['completed', 'failed', 'stalled', 'interrupted', 'crashed', 'unknown'] as const);
export type RunEndName = Static<typeof RunEndName>;

const KernelKind = Type.Enum(['model', 'image'] as const, { description: 'the embedded model, or a real kernel' });
export const Tag = Type.String({ pattern: TAG_PATTERN, description: '1 to 64 letters, digits and .:/_-' });

export const AnomalyCounts = Type.Object({ error: Natural, warning: Natural, info: Natural });
export type AnomalyCounts = Static<typeof AnomalyCounts>;

/** A run as a line of the list. */
export const RunSummary = Type.Object({
  run: Type.String({ description: 'run id' }),
  program: Type.String(),
  kernel: KernelKind,
  kernelVersion: Type.String(),
  configuration: Type.String({ description: 'e.g. riscv64-mcs' }),
  seed: Natural,
  defects: Type.Array(Type.String()),
  release: Type.String({ description: 'release of seL4 that the kernel is or shows; empty when not known' }),
  build: Type.String({ description: 'SHA-256 of the kernel file; empty for the model' }),
  machine: Type.String({ description: 'what the kernel runs on; empty for the model' }),
  commit: Type.String({ description: 'git commit of the program; empty when there is none' }),
  tags: Type.Array(Type.String()),
  state: RunState,
  /** Null until the run has ended. */
  end: Type.Union([RunEndName, Type.Null()]),
  /** What the producer says about the end; may be empty. */
  endDetail: Type.String(),
  /** First seen by the service, and last changed. */
  startedAt: Moment,
  changedAt: Moment,
  /** Records stored; sequence numbers are 1..records without gaps. */
  records: Natural,
  /** Virtual time of the last stored record's exit. */
  time: VirtualTime,
  anomalies: AnomalyCounts,
  /** When retention took the records away, or null while they are there. Counts and anomalies stay as long as the run. */
  recordsDroppedAt: Type.Union([Moment, Type.Null()]),
}, { $id: 'RunSummary' });
export type RunSummary = Static<typeof RunSummary>;

/** How often a method (or, without one, a system call or cause) ended with each outcome. */
export const MethodCount = Type.Object({
  /** Method id; the system call's name where the trap has no method; the cause where it is no system call. */
  method: Type.String(),
  outcome: OutcomeName,
  records: Natural,
  /** Virtual ns from kernel entry to exit, of all of them and of the longest; null in runs of a service that did not count it. */
  time: Type.Union([Natural, Type.Null()]),
  longest: Type.Union([Natural, Type.Null()]),
});
export type MethodCount = Static<typeof MethodCount>;

/** Anomalies of one run with the same rule, method and situation. */
export const AnomalyGroup = Type.Object({
  fingerprint: Type.String(),
  rule: Type.String(),
  severity: SeveritySchema,
  method: Type.String(),
  /** How many were found, and how many of them are kept as rows: a flood is counted, not stored. */
  count: Natural,
  kept: Natural,
  firstSeq: Natural,
  lastSeq: Natural,
  /** Of the finding to which they belong, over all runs, and why. */
  state: FindingState,
  reason: Type.String(),
});
export type AnomalyGroup = Static<typeof AnomalyGroup>;

/** `GET /api/runs/:run`: a run with its rollups. */
export const RunDetail = Type.Object({
  summary: RunSummary,
  /** Kernel replies delivered: outcomes `replied` and `error`. */
  replies: Natural,
  /** Most frequent first. */
  methods: Type.Array(MethodCount),
  /** Most severe, then most frequent first. */
  anomalies: Type.Array(AnomalyGroup),
}, { $id: 'RunDetail' });
export type RunDetail = Static<typeof RunDetail>;

/** Query of `GET /api/runs`. */
export const RunQuery = Type.Object({
  tag: Type.Optional(Tag),
  program: Type.Optional(Type.String({ minLength: 1, maxLength: 4096, description: 'name of the program' })),
  release: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'release of seL4, e.g. 13.0.0' })),
  kernel: Type.Optional(KernelKind),
  configuration: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'e.g. riscv64-mcs' })),
  state: Type.Optional(RunState),
  after: Type.Optional(Type.String({ pattern: RUN_ID_PATTERN, description: '`next` of the page before' })),
  limit: PageLimit,
}, { additionalProperties: false });
export type RunQuery = Static<typeof RunQuery>;

/** `GET /api/runs`, those that started last first. */
export const RunList = Type.Object({
  runs: Type.Array(RunSummary),
  /** `after` of the next page, or null when this is the last. */
  next: Type.Union([Type.String(), Type.Null()]),
}, { $id: 'RunList' });
export type RunList = Static<typeof RunList>;

/** A thread of a run with its name. */
export const ThreadRow = Type.Object({
  id: Natural,
  /** Empty when none is known. */
  name: Type.String(),
});
export type ThreadRow = Static<typeof ThreadRow>;

/** `GET /api/runs/:run/threads`, in the order of their ids. */
export const ThreadList = Type.Object({ threads: Type.Array(ThreadRow) }, { $id: 'ThreadList' });
export type ThreadList = Static<typeof ThreadList>;

export const RunParams = Type.Object({ run: RunId }, { additionalProperties: false });
export type RunParams = Static<typeof RunParams>;

/** Body of `PATCH /api/runs/:run/tags`. */
export const TagChange = Type.Object({
  add: Type.Optional(Type.Array(Tag, { maxItems: MOST_TAGS })),
  remove: Type.Optional(Type.Array(Tag, { maxItems: MOST_TAGS })),
}, { additionalProperties: false });
export type TagChange = Static<typeof TagChange>;
