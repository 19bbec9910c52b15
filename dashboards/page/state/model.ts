// SPDX-License-Identifier: BSD-2-Clause
/** All that the page knows. Replaced, never changed in place; rows are in the source, which says by `revision` that it changed. */
import type { Access, AnomalyRow, Finding, FindingDetail, HangReport, JobSummary, MethodHistory, RecheckJob, RecordDetail, RuleDetail, RunComparison, RunDetail, RunSummary, ServiceStatus, ThreadStates, ThreadStory } from '../../../schema/api/index.ts';
import type { Lanes } from './lanes.ts';
import type { Connection } from './live.ts';
import { START_PICTURE, type Picture } from './picture.ts';
import type { RowSource } from './row-source.ts';
import { START_SQL, type SqlState } from './sql-console.ts';
import type { Timeline } from './timeline.ts';
import { LATEST_RUN, START_VIEW, type View } from './url.ts';
import type { Kept } from './watched.ts';

/** What a person asked for that arrives later. */
export interface Loaded<T> {
  readonly value: T | null;
  /** Why it could not be had; empty while it is under way. */
  readonly problem: string;
}

/** What came while the view was paused, and what the feed left out. */
export interface Feed {
  /** Records of the run when it was paused; null while following. */
  readonly pausedAt: number | null;
  /** Records that the feed skipped since the run was opened, and since the pause. */
  readonly skipped: number;
  readonly skippedInPause: number;
  /** Records/s of the last seconds, newest last. */
  readonly rates: readonly number[];
}

export interface Occurrences {
  readonly run: string;
  readonly fingerprint: string;
  readonly rows: readonly AnomalyRow[];
  /** More may be there than was read. */
  readonly more: boolean;
  readonly problem: string;
}

/** Findings that match the filter, as far as they were read. */
export interface FindingList {
  readonly rows: readonly Finding[];
  /** Where the next page begins; null when there is none. */
  readonly next: string | null;
  readonly problem: string;
}

/** The open finding, and what all releases say about its rule and method. */
export interface OpenFinding extends Loaded<FindingDetail> {
  readonly fingerprint: string;
  readonly history: MethodHistory | null;
}

/** The story of a thread, and the same as a picture. */
export interface StoryInPicture {
  readonly story: ThreadStory;
  readonly timeline: Timeline;
}

/** Who the page is to the service. */
export interface Caller {
  /** The service asks for a token and the page has none that it takes: nothing else can be shown. */
  readonly unknown: boolean;
  /** Name of the token; empty without one. */
  readonly name: string;
  /** What the page may do; null until the service said so. */
  readonly access: readonly Access[] | null;
  /** Why the token that was tried is none; empty when none was. */
  readonly problem: string;
}

export interface State {
  readonly caller: Caller;
  readonly view: View;
  readonly connection: Connection;
  readonly status: ServiceStatus | null;
  /** Newest first; null until they were read. */
  readonly runs: readonly RunSummary[] | null;
  /** The run in view; null while there is none. */
  readonly run: RunSummary | null;
  readonly threads: ReadonlyMap<number, string>;
  /** Rollups of the run in view. */
  readonly rollup: RunDetail | null;
  readonly rules: ReadonlyMap<string, RuleDetail>;
  readonly source: RowSource | null;
  readonly revision: number;
  readonly feed: Feed;
  /** Row under the keyboard, by sequence number. */
  readonly cursor: number | null;
  /** Bring this record into sight; a new object for each wish. */
  readonly reveal: { readonly seq: number } | null;
  readonly record: (Loaded<RecordDetail> & { readonly seq: number }) | null;
  readonly occurrences: Occurrences | null;
  /** Null while they were not read. */
  readonly findings: FindingList | null;
  readonly finding: OpenFinding | null;
  /** All threads of the run; null while nobody looks. So are the next three. */
  readonly threadStates: Kept<ThreadStates> | null;
  readonly story: Kept<StoryInPicture> | null;
  /** All threads in the last records up to the one that the view shows. */
  readonly lanes: Kept<Lanes> | null;
  /** Of those, how many. */
  readonly laneRecords: number;
  readonly picture: Picture;
  /** Which threads are listed: a part of their name or of their state. */
  readonly threadSearch: string;
  /** Threads that can never run again; null while it was not asked. */
  readonly hang: Kept<HangReport> | null;
  /** Null while the view shows none. */
  readonly comparison: Kept<RunComparison> | null;
  readonly sql: SqlState;
  /** Jobs that the feed has told of, the last news first. */
  readonly jobs: readonly JobSummary[];
  /** The last recheck that ended, with what it came to. */
  readonly recheck: RecheckJob | null;
  /** For the person, until dismissed. */
  readonly notices: readonly string[];
  readonly overlay: 'help' | 'runs' | null;
}

export const QUIET_FEED: Feed = { pausedAt: null, skipped: 0, skippedInPause: 0, rates: [] };

export const START_CALLER: Caller = { unknown: false, name: '', access: null, problem: '' };

export const START_STATE: State = {
  caller: START_CALLER,
  view: START_VIEW,
  connection: { phase: 'connecting' },
  status: null,
  runs: null,
  run: null,
  threads: new Map(),
  rollup: null,
  rules: new Map(),
  source: null,
  revision: 0,
  feed: QUIET_FEED,
  cursor: null,
  reveal: null,
  record: null,
  occurrences: null,
  findings: null,
  finding: null,
  threadStates: null,
  story: null,
  lanes: null,
  laneRecords: 500,
  picture: START_PICTURE,
  threadSearch: '',
  hang: null,
  comparison: null,
  sql: START_SQL,
  jobs: [],
  recheck: null,
  notices: [],
  overlay: null,
};

/** Whether the page shows what changes something: tags, decisions. */
export function mayAdminister({ caller }: State): boolean {
  return caller.access?.includes('admin') ?? false;
}

/** Whether the run in view is the one that the view asks for; until the feed has brought it, it is not. */
export function isSettled({ view, run }: State): boolean {
  return run !== null && (view.run === LATEST_RUN || view.run === run.run);
}
