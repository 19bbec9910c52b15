// SPDX-License-Identifier: BSD-2-Clause
/** Views over the tables of the store, with names for numbers. What they are called stays when the tables change. */
import { CAP_TYPE, CAP_TYPE_NAMES } from '../../schema/abi/cap-types.ts';
import { OUTCOMES } from '../../schema/trace/trap-record.ts';

type ColumnType = 'INTEGER' | 'REAL' | 'TEXT';

export interface StoredColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly about: string;
  /** Over the tables of the view. */
  readonly sql: string;
}

export interface StoredView {
  readonly name: string;
  readonly about: string;
  readonly from: string;
  readonly columns: readonly StoredColumn[];
}

function column(name: string, type: ColumnType, about: string, sql: string): StoredColumn {
  return { name, type, about, sql };
}

const moment = (name: string, about: string, sql: string): StoredColumn => column(name, 'TEXT', `${about}, ISO 8601, UTC`, `strftime('%Y-%m-%dT%H:%M:%fZ', ${sql} / 1000.0, 'unixepoch')`);
const choose = (sql: string, names: Iterable<readonly [number, string]>): string => `CASE ${sql} ${[...names].map(([value, name]) => `WHEN ${value} THEN '${name}'`).join(' ')} ELSE ${sql} END`;

const RUN = column('run', 'TEXT', 'run id', 'n.name');
const THREAD_NAME = column('thread_name', 'TEXT', 'its name; NULL when none is known', `(SELECT nullif(name, '') FROM main.subject s WHERE s.run = t.run AND s.id = t.thread)`);

export const STORED_VIEWS: readonly StoredView[] = [
  {
    name: 'runs', about: 'one row a run', from: 'main.run t JOIN run_name n ON n.key = t.id',
    columns: [
      RUN,
      ...([
        ['program', 'what ran'], ['kernel', 'model or image'], ['kernel_version', 'what the producer says of it'], ['configuration', 'e.g. riscv64-mcs'],
        ['release', 'release of seL4; empty when not known'], ['build', 'SHA-256 of the kernel file; empty for the model'], ['machine', 'what the kernel runs on; empty for the model'],
        ['git_commit', 'commit of the program; empty when there is none'], ['defects', 'defects of the model that are on, a JSON array'],
        ['end', 'completed, failed, stalled, interrupted, crashed or unknown; NULL before the end'], ['end_detail', 'what the producer says of the end'],
      ] as const).map(([name, about]) => column(name, 'TEXT', about, `t."${name}"`)),
      column('state', 'TEXT', 'running, ended, interrupted or importing', "CASE t.importing WHEN 1 THEN 'importing' ELSE t.state END"),
      column('tags', 'TEXT', 'a JSON array', '(SELECT json_group_array(tag) FROM (SELECT tag FROM main.run_tag tags WHERE tags.run = t.id ORDER BY tag))'),
      ...([
        ['seed', 'seed of the run'], ['records', 'records; sequence numbers are 1 to this'], ['replies', 'records with a reply of the kernel'], ['time', 'virtual time of the last exit, ns'],
        ['errors', 'anomalies of severity error'], ['warnings', 'of severity warning'], ['infos', 'of severity info'],
      ] as const).map(([name, about]) => column(name, 'INTEGER', about, `t."${name}"`)),
      moment('started_at', 'first seen by the service', 't.started_at'), moment('changed_at', 'last changed', 't.changed_at'),
    ],
  },
  {
    name: 'methods', about: 'one row a method (system call, cause) and outcome of a run: the quick way to count', from: 'main.method_count t JOIN run_name n ON n.key = t.run',
    columns: [
      RUN, column('activity', 'TEXT', 'method; without one the system call; without one the cause', 't.method'),
      column('outcome', 'TEXT', OUTCOMES.join(', '), choose('t.outcome', OUTCOMES.entries())),
      column('records', 'INTEGER', 'how many', 't.records'),
      column('time', 'INTEGER', 'virtual time from entry to exit, all together, ns; NULL when not known', 't.time'),
      column('mean', 'REAL', 'mean of that time, ns', 't.time * 1.0 / t.records'),
      column('longest', 'INTEGER', 'longest of it, ns', 't.longest'),
    ],
  },
  {
    name: 'threads', about: 'one row a thread of a run', from: `main.subject t JOIN run_name n ON n.key = t.run AND t.type = ${CAP_TYPE.Thread}`,
    columns: [RUN, column('thread', 'INTEGER', 'id', 't.id'), column('name', 'TEXT', 'best name known; may be empty', 't.name')],
  },
  {
    name: 'objects', about: 'one row a kernel object (or thread) with a name', from: 'main.subject t JOIN run_name n ON n.key = t.run',
    columns: [
      RUN, column('object', 'INTEGER', 'id', 't.id'), column('type', 'TEXT', 'capability type', choose('t.type', CAP_TYPE_NAMES)), column('name', 'TEXT', 'best name known; may be empty', 't.name'),
    ],
  },
  {
    name: 'anomalies', about: 'one row an anomaly that is kept', from: 'main.anomaly t JOIN run_name n ON n.key = t.run',
    columns: [
      column('id', 'INTEGER', 'grows with every one that is stored', 't.id'), RUN, column('seq', 'INTEGER', 'record', 't.seq'), column('time', 'INTEGER', 'virtual time, ns', 't.time'),
      column('rule', 'TEXT', 'rule id', 't.rule'), column('severity', 'TEXT', 'error, warning or info', 't.severity'),
      column('thread', 'INTEGER', 'thread concerned', 't.thread'), THREAD_NAME,
      column('method', 'TEXT', 'method or system call', 't.method'), column('detail', 'TEXT', 'what was seen and what was expected', 't.detail'),
      column('fingerprint', 'TEXT', 'the same for the same rule, method and situation', 't.fingerprint'), moment('found_at', 'when it was stored', 't.found_at'),
    ],
  },
  {
    name: 'anomaly_groups', about: 'one row a fingerprint in a run', from: 'main.anomaly_group t JOIN run_name n ON n.key = t.run',
    columns: [
      RUN, ...(['fingerprint', 'rule', 'severity', 'method'] as const).map((name) => column(name, 'TEXT', `as in anomalies`, `t.${name}`)),
      column('found', 'INTEGER', 'how many', 't.found'), column('kept', 'INTEGER', 'of these, how many are rows of anomalies', 't.kept'),
      column('first_seq', 'INTEGER', 'first record', 't.first_seq'), column('last_seq', 'INTEGER', 'last record', 't.last_seq'),
    ],
  },
  {
    name: 'findings', about: 'one row a fingerprint over all runs, with what people decided about it', from: 'main.finding t',
    columns: [
      ...(['fingerprint', 'rule', 'severity', 'method'] as const).map((name) => column(name, 'TEXT', `as in anomalies`, `t.${name}`)),
      column('state', 'TEXT', 'open, acknowledged, expected, fixed or regressed', 't.state'), column('reason', 'TEXT', 'why, as somebody wrote', 't.reason'),
      moment('changed_at', 'when the state changed', 't.changed_at'), moment('first_at', 'when it was found first', 't.first_at'), moment('last_at', 'when it was found last', 't.last_at'),
    ],
  },
];

/** Statement that makes a view for a connection. */
export function createView({ name, from, columns }: StoredView): string {
  return `CREATE TEMP VIEW ${name} AS SELECT ${columns.map(({ sql, name: as }) => `${sql} AS "${as}"`).join(', ')} FROM ${from}`;
}
