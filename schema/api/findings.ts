// SPDX-License-Identifier: BSD-2-Clause
/** Findings: all anomalies of one fingerprint over all runs, and what people decided about them. */
import { Type, type Static } from 'typebox';
import { RELEASE_PATTERN } from '../abi/releases.ts';
import { TAG_PATTERN } from '../trace/names.ts';
import { Moment, Natural, RunId, SeveritySchema } from './common.ts';

export const FINDING_STATES = ['open', 'acknowledged', 'expected', 'fixed', 'regressed'] as const;
/**
 * `open`: nobody has decided anything. `acknowledged`: known, and to be mended some day. `expected`: meant to be so.
 * `fixed`: mended. `regressed`: it was fixed and came back; only the service sets it.
 */
export const FindingState = Type.Enum(FINDING_STATES);
export type FindingState = Static<typeof FindingState>;

/** States that a person can give a finding, whatever its state is. */
export const DECISIONS = ['open', 'acknowledged', 'expected', 'fixed'] as const satisfies readonly FindingState[];

const Release = Type.String({ pattern: RELEASE_PATTERN, description: 'a release such as 13.0.0' });
const RuleId = Type.String({ pattern: '^[A-Z][0-9]{2}$', description: 'rule id, e.g. K05' });
const MethodName = Type.String({ minLength: 1, maxLength: 64, description: 'method id, e.g. SchedContextConsumed; or a system call name' });
const KernelKind = Type.Enum(['model', 'image'] as const, { description: 'the embedded model, or a real kernel' });

/** How a finding is named in a path, with `/` as `%2F`. */
export const Fingerprint = Type.String({ minLength: 1, maxLength: 200, description: 'names the rule, the method and the situation' });

/** When, and in which record, a finding was seen. `run` and `seq` are null when that run is not kept any more. */
export const Sighting = Type.Object({
  at: Moment,
  run: Type.Union([Type.String(), Type.Null()]),
  seq: Type.Union([Natural, Type.Null()]),
});
export type Sighting = Static<typeof Sighting>;

/** Runs that have something in common, and the anomalies of the finding in them. */
export const Affected = Type.Object({ name: Type.String(), runs: Natural, count: Natural });
export type Affected = Static<typeof Affected>;

/** Runs of a release that invoked the method and did not show the finding. */
export const Spared = Type.Object({
  release: Type.String(),
  configuration: Type.String(),
  runs: Natural,
  records: Type.Integer({ minimum: 0, description: 'records of the method in these runs' }),
});
export type Spared = Static<typeof Spared>;

/** The anomalies of one fingerprint over all runs. */
export const Finding = Type.Object({
  fingerprint: Type.String(),
  rule: Type.String(),
  /** Of the rule; empty for a rule that this version does not have. */
  title: Type.String(),
  severity: SeveritySchema,
  method: Type.String(),
  /** In which situation the rule was broken. */
  situation: Type.Object({
    entry: Type.String({ description: 'system call, or cause of the trap' }),
    outcome: Type.String(),
    buffer: Type.String({ description: 'IPC buffer of the invoker: rw, ro, none' }),
  }),
  state: FindingState,
  /** Why it has this state; empty for an open one that nobody has touched. */
  reason: Type.String(),
  /** Release in which it is fixed; empty when none was named or it is not fixed. */
  fixedIn: Type.String(),
  /** When it got this state. */
  changedAt: Moment,
  first: Sighting,
  last: Sighting,
  /** Anomalies, and runs with them. */
  count: Natural,
  runs: Natural,
  /** Affected, most runs first; an empty name is "not known". */
  kernels: Type.Array(Affected),
  releases: Type.Array(Affected),
  configurations: Type.Array(Affected),
  /** Releases that are known not to show it. */
  notIn: Type.Array(Spared),
}, { $id: 'Finding' });
export type Finding = Static<typeof Finding>;

/** Query of `GET /api/findings`. Of a finding that matches, all runs are counted, not only those that match. */
export const FindingQuery = Type.Object({
  rule: Type.Optional(RuleId),
  method: Type.Optional(MethodName),
  severity: Type.Optional(SeveritySchema),
  state: Type.Optional(Type.String({ pattern: `^(${FINDING_STATES.join('|')})(,(${FINDING_STATES.join('|')}))*$`, description: `one or more of ${FINDING_STATES.join(', ')}, with commas between them` })),
  release: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'found in a run of this release' })),
  configuration: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'found in a run of this configuration' })),
  kernel: Type.Optional(KernelKind),
  tag: Type.Optional(Type.String({ pattern: TAG_PATTERN, description: 'a tag of a run in which it was found' })),
  run: Type.Optional(RunId),
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: '`next` of the page before' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: 'most findings of the page, 100 unless given' })),
}, { additionalProperties: false });
export type FindingQuery = Static<typeof FindingQuery>;

/** A page of findings, in the order of their fingerprints: by rule, then method. */
export const FindingPage = Type.Object({
  findings: Type.Array(Finding),
  /** `after` of the next page, or null when this is the last. */
  next: Type.Union([Type.String(), Type.Null()]),
}, { $id: 'FindingPage' });
export type FindingPage = Static<typeof FindingPage>;

/** One step in the life of a finding. */
export const FindingChange = Type.Object({ state: FindingState, reason: Type.String(), fixedIn: Type.String(), at: Moment });
export type FindingChange = Static<typeof FindingChange>;

/** A run in which the finding was seen. */
export const FindingOccurrence = Type.Object({
  run: Type.String(),
  program: Type.String(),
  kernel: KernelKind,
  kernelVersion: Type.String(),
  configuration: Type.String(),
  release: Type.String(),
  startedAt: Moment,
  count: Natural,
  firstSeq: Natural,
  lastSeq: Natural,
  /** The records of the run are still there. */
  recordsKept: Type.Boolean(),
});
export type FindingOccurrence = Static<typeof FindingOccurrence>;

/** `GET /api/findings/:fingerprint`. */
export const FindingDetail = Type.Object({
  finding: Finding,
  /** What happened to it, newest first. */
  changes: Type.Array(FindingChange),
  /** The newest runs in which it was seen, at most {@link MOST_OCCURRENCES}; `finding.runs` counts all. */
  occurrences: Type.Array(FindingOccurrence),
  /** A record that shows it, where one is still there. */
  example: Type.Union([Type.Object({ run: Type.String(), seq: Natural, href: Type.String() }), Type.Null()]),
}, { $id: 'FindingDetail' });
export type FindingDetail = Static<typeof FindingDetail>;

export const MOST_OCCURRENCES = 200;

export const FindingParams = Type.Object({ fingerprint: Fingerprint }, { additionalProperties: false });
export type FindingParams = Static<typeof FindingParams>;

/** Body of `PATCH /api/findings/:fingerprint`. */
export const FindingDecision = Type.Object({
  state: Type.Enum(DECISIONS),
  reason: Type.Optional(Type.String({ maxLength: 2000, description: 'why; needed for acknowledged and expected' })),
  release: Type.Optional(Release),
}, { additionalProperties: false });
export type FindingDecision = Static<typeof FindingDecision>;
