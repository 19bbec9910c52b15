// SPDX-License-Identifier: BSD-2-Clause
/** Reads findings: the anomalies of one fingerprint over all runs, where they were seen and where not. */
import type { Database } from 'better-sqlite3';
import {
  MOST_OCCURRENCES, type Affected, type Finding, type FindingChange, type FindingDetail, type FindingOccurrence, type FindingPage,
  type FindingQuery, type FindingState, type Sighting, type Spared,
} from '../../schema/api/index.ts';
import { compareReleases } from '../../schema/abi/releases.ts';
import { RULES } from '../../schema/rules/catalogue.ts';
import { RequestError } from '../errors.ts';

const DEFAULT_LIMIT = 100;

interface StoredFinding {
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: Finding['severity'];
  readonly method: string;
  readonly state: FindingState;
  readonly reason: string;
  readonly fixedIn: string;
  readonly changedAt: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

const SELECT = `SELECT fingerprint, rule, severity, method, state, reason, fixed_in AS fixedIn, changed_at AS changedAt, first_at AS firstAt, last_at AS lastAt FROM finding`;

const CONDITIONS = {
  rule: 'rule = :rule',
  method: 'method = :method',
  severity: 'severity = :severity',
  state: 'state IN (SELECT value FROM json_each(:state))',
  after: 'fingerprint > :after',
} as const satisfies Partial<Record<keyof FindingQuery, string>>;

/** Conditions on one run in which the finding was seen; all of them hold of the same run. */
const RUN_CONDITIONS = {
  release: 'run.release = :release',
  configuration: 'run.configuration = :configuration',
  kernel: 'run.kernel = :kernel',
  tag: 'EXISTS (SELECT 1 FROM run_tag WHERE run_tag.run = run.id AND run_tag.tag = :tag)',
  run: 'run.id = :run',
} as const satisfies Partial<Record<keyof FindingQuery, string>>;

/** A page of findings. `run` is the number of the run that `query.run` names. */
export function readFindings(db: Database, run: number | undefined, query: FindingQuery): FindingPage {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const conditions = given(CONDITIONS, query);
  const runConditions = given(RUN_CONDITIONS, query);
  if (runConditions.length > 0) {
    conditions.push(`EXISTS (SELECT 1 FROM anomaly_group JOIN run ON run.id = anomaly_group.run WHERE anomaly_group.fingerprint = finding.fingerprint AND ${runConditions.join(' AND ')})`);
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const { rule, method, severity, after, release, configuration, kernel, tag } = query;
  const state = query.state === undefined ? undefined : JSON.stringify(query.state.split(','));
  const parameters = Object.entries({ rule, method, severity, after, release, configuration, kernel, tag, state, run }).filter(([, value]) => value !== undefined);
  // One more than asked tells whether a next page exists.
  const rows = db.prepare(`${SELECT} ${where} ORDER BY fingerprint LIMIT :limit + 1`).all({ ...Object.fromEntries(parameters), limit }) as StoredFinding[];
  const reader = new FindingReader(db);
  const findings = rows.slice(0, limit).map((row) => reader.finding(row));
  return { findings, next: rows.length > limit ? findings.at(-1)!.fingerprint : null };
}

/** One finding in full. Throws a RequestError for one that there is not. */
export function readFinding(db: Database, fingerprint: string): FindingDetail {
  const row = db.prepare(`${SELECT} WHERE fingerprint = ?`).get(fingerprint) as StoredFinding | undefined;
  if (row === undefined) throw new RequestError('unknown-finding', `there is no finding ${fingerprint}`, 'GET /api/findings lists them');
  const changes = db.prepare('SELECT state, reason, fixed_in AS fixedIn, at FROM finding_change WHERE fingerprint = ? ORDER BY id DESC')
    .all(fingerprint) as (Omit<FindingChange, 'at'> & { at: number })[];
  const occurrences = occurrencesOf(db, fingerprint);
  const shown = occurrences.find(({ recordsKept }) => recordsKept);
  return {
    finding: new FindingReader(db).finding(row),
    changes: changes.map((change) => ({ ...change, at: iso(change.at) })),
    occurrences,
    example: shown === undefined ? null : { run: shown.run, seq: shown.firstSeq, href: `/api/runs/${shown.run}/records/${shown.firstSeq}` },
  };
}

function given(conditions: Readonly<Record<string, string>>, query: FindingQuery): string[] {
  return Object.entries(conditions).filter(([name]) => query[name as keyof FindingQuery] !== undefined).map(([, condition]) => condition);
}

function occurrencesOf(db: Database, fingerprint: string): FindingOccurrence[] {
  const rows = db.prepare(`SELECT run.name AS run, run.program, run.kernel, run.kernel_version AS kernelVersion, run.configuration, run.release,
      run.started_at AS startedAt, found AS count, first_seq AS firstSeq, last_seq AS lastSeq, run.records_dropped_at AS droppedAt
    FROM anomaly_group JOIN run ON run.id = anomaly_group.run WHERE fingerprint = ? ORDER BY run.id DESC LIMIT ?`)
    .all(fingerprint, MOST_OCCURRENCES) as (Omit<FindingOccurrence, 'startedAt' | 'recordsKept'> & { startedAt: number; droppedAt: number })[];
  return rows.map(({ droppedAt, startedAt, ...row }) => ({ ...row, startedAt: iso(startedAt), recordsKept: droppedAt === 0 }));
}

/** Runs that are alike in these respects. */
interface RunKind {
  readonly kernel: string;
  readonly version: string;
  readonly release: string;
  readonly configuration: string;
  readonly runs: number;
  readonly count: number;
}

/** Puts findings together; remembers per method which runs invoked it. */
class FindingReader {
  private readonly db: Database;
  private readonly invoked = new Map<string, readonly Spared[]>();

  constructor(db: Database) {
    this.db = db;
  }

  finding(row: StoredFinding): Finding {
    const { fingerprint, rule, severity, method, state, reason, fixedIn } = row;
    const kinds = this.db.prepare(`SELECT run.kernel, run.kernel_version AS version, run.release, run.configuration, count(*) AS runs, sum(found) AS count
      FROM anomaly_group JOIN run ON run.id = anomaly_group.run WHERE fingerprint = ? GROUP BY 1, 2, 3, 4`).all(fingerprint) as RunKind[];
    return {
      fingerprint, rule, title: RULES.get(rule)?.title ?? '', severity, method, situation: situationOf(row), state, reason, fixedIn,
      changedAt: iso(row.changedAt),
      first: this.sighting(fingerprint, row.firstAt, 'first_seq', 'first_at, run'),
      last: this.sighting(fingerprint, row.lastAt, 'last_seq', 'last_at DESC, run DESC'),
      count: kinds.reduce((sum, { count }) => sum + count, 0),
      runs: kinds.reduce((sum, { runs }) => sum + runs, 0),
      kernels: affected(kinds, ({ kernel, version }) => `${kernel} ${version}`.trim()),
      releases: affected(kinds, ({ release }) => release),
      configurations: affected(kinds, ({ configuration }) => configuration),
      notIn: this.spared(method).filter(({ release, configuration }) => !kinds.some((kind) => kind.release === release && kind.configuration === configuration)),
    };
  }

  private sighting(fingerprint: string, at: number, seq: 'first_seq' | 'last_seq', order: string): Sighting {
    const found = this.db.prepare(`SELECT run.name AS run, ${seq} AS seq FROM anomaly_group JOIN run ON run.id = anomaly_group.run
      WHERE fingerprint = ? ORDER BY ${order} LIMIT 1`).get(fingerprint) as { run: string; seq: number } | undefined;
    return { at: iso(at), run: found?.run ?? null, seq: found?.seq ?? null };
  }

  /** Runs of known releases that invoked the method, whatever they showed. */
  private spared(method: string): readonly Spared[] {
    let known = this.invoked.get(method);
    if (known === undefined) {
      known = (this.db.prepare(`SELECT run.release, run.configuration, count(DISTINCT run.id) AS runs, sum(method_count.records) AS records
        FROM method_count JOIN run ON run.id = method_count.run WHERE method_count.method = ? AND run.release <> '' GROUP BY 1, 2`).all(method) as Spared[])
        .sort((a, b) => compareReleases(a.release, b.release) || (a.configuration < b.configuration ? -1 : 1));
      this.invoked.set(method, known);
    }
    return known;
  }
}

function affected(kinds: readonly RunKind[], nameOf: (kind: RunKind) => string): Affected[] {
  const byName = new Map<string, Affected>();
  for (const kind of kinds) {
    const name = nameOf(kind);
    const { runs, count } = byName.get(name) ?? { runs: 0, count: 0 };
    byName.set(name, { name, runs: runs + kind.runs, count: count + kind.count });
  }
  return [...byName.values()].sort((a, b) => b.runs - a.runs || compareReleases(a.name, b.name));
}

/** A fingerprint is rule, method, entry, outcome and buffer, with slashes between them. */
function situationOf({ fingerprint, rule, method }: StoredFinding): Finding['situation'] {
  const [entry = '', outcome = '', buffer = ''] = fingerprint.slice(rule.length + method.length + 2).split('/');
  return { entry, outcome, buffer };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
