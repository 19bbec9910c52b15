// SPDX-License-Identifier: BSD-2-Clause
/**
 * Wall time of queries at ten million records; `queries.js` prints the table. Asked of the reader itself and over HTTP: the
 * first time, again at the same place, and each time at another place of the run.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RecordQuery } from '../schema/api/index.ts';
import { openReader } from '../server/store/open.ts';
import { dataFile } from '../server/store/location.ts';
import { TraceReader } from '../server/query/trace-reader.ts';
import { storeRun } from './big-store.ts';
import type { ServiceAddresses } from './ingest-service.ts';
import { MeasuredProcess } from './processes.ts';

const RECORDS = Number(process.env['BENCH_STORE'] ?? 10_000_000);
const REPETITIONS = 40;
const RUN = 'long';
/** Of the runs beside it. */
const OTHER_RECORDS = 200_000;
const TEN_MS = 10_000_000;

/** A question at a place of the run, from 0 to 1: to the reader, and the path that asks it over HTTP. */
interface QueryCase {
  readonly ask: (reader: TraceReader, run: RunSize, place: number) => unknown;
  readonly paths: (run: RunSize, place: number) => readonly string[];
}

interface RunSize {
  readonly records: number;
  readonly time: number;
  /** The thread that does most. */
  readonly root: number;
}

function ofRecords(query: (run: RunSize, place: number) => RecordQuery): QueryCase {
  return {
    ask: (reader, run, place) => reader.records(RUN, query(run, place)),
    paths: (run, place) => [`/runs/${RUN}/records?${Object.entries(query(run, place)).map((pair) => pair.join('=')).join('&')}`],
  };
}

const seqAt = ({ records }: RunSize, place: number): number => 1 + Math.floor(place * (records - 2000));
const timeAt = ({ time }: RunSize, place: number): number => Math.floor(place * (time - TEN_MS));

const QUERIES: Readonly<Record<string, QueryCase>> = {
  '1000-record range': ofRecords((run, place) => ({ from: seqAt(run, place), limit: 1000 })),
  'thread in a window of 10 ms': ofRecords((run, place) => ({ thread: run.root, fromTime: timeAt(run, place), toTime: timeAt(run, place) + TEN_MS, limit: 1000 })),
  'method, first 100': ofRecords((run, place) => ({ method: 'RISCVPageGetAddress', from: seqAt(run, place), limit: 100 })),
  'method, first 1000': ofRecords((run, place) => ({ method: 'RISCVPageGetAddress', from: seqAt(run, place), limit: 1000 })),
  'rare method (one in a million)': ofRecords((run, place) => ({ method: 'TCBConfigure', from: seqAt(run, place), limit: 100 })),
  'records with anomalies, first 1000': ofRecords((run, place) => ({ anomalies: 'only', from: seqAt(run, place / 20), limit: 1000 })),
  'anomalies, first 1000': {
    ask: (reader, _, place) => reader.anomalies({ run: RUN, after: Math.floor(10_000 * place), limit: 1000 }),
    paths: (_, place) => [`/anomalies?run=${RUN}&after=${Math.floor(10_000 * place)}&limit=1000`],
  },
  'rollup': { ask: (reader) => reader.run(RUN), paths: () => [`/runs/${RUN}`] },
  'one record in full': {
    ask: (reader, run, place) => reader.recordInFull(RUN, seqAt(run, place)),
    paths: (run, place) => [`/runs/${RUN}/records/${seqAt(run, place)}`],
  },
  'story of a thread, the last 1000 states': {
    ask: (reader, run, place) => reader.threadStory(RUN, run.root, { to: seqAt(run, place), limit: 1000 }),
    paths: (run, place) => [`/runs/${RUN}/threads/${run.root}?to=${seqAt(run, place)}&limit=1000`],
  },
  'all threads after a record': {
    ask: (reader, run, place) => reader.threadStates(RUN, { at: seqAt(run, place) }),
    paths: (run, place) => [`/runs/${RUN}/thread-states?at=${seqAt(run, place)}`],
  },
  'hung threads after a record': {
    ask: (reader, run, place) => reader.hang(RUN, { at: seqAt(run, place) }),
    paths: (run, place) => [`/runs/${RUN}/hang?at=${seqAt(run, place)}`],
  },
  'hung threads at the end': { ask: (reader) => reader.hang(RUN, {}), paths: () => [`/runs/${RUN}/hang`] },
  'a page that opens': {
    ask: (reader, run) => [reader.runs({}), reader.run(RUN), reader.threads(RUN), reader.records(RUN, { from: run.records - 200, limit: 200 })],
    paths: (run) => ['/runs', `/runs/${RUN}`, `/runs/${RUN}/threads`, `/runs/${RUN}/records?from=${run.records - 200}&limit=200`],
  },
};

interface Times {
  readonly first: number;
  readonly same: readonly number[];
  readonly elsewhere: readonly number[];
}

/** Times a question, ms. */
async function timesOf(ask: (place: number) => unknown): Promise<Times> {
  const at = async (place: number): Promise<number> => {
    const begin = performance.now();
    await ask(place);
    return performance.now() - begin;
  };
  const first = await at(0.4);
  const same: number[] = [];
  for (let i = 0; i < REPETITIONS; i++) same.push(await at(0.4));
  const elsewhere: number[] = [];
  // Steps of the golden ratio: never the same place, and all parts of the run alike.
  for (let i = 1; i <= REPETITIONS; i++) elsewhere.push(await at((i * 0.618) % 1));
  return { first, same, elsewhere };
}

function percentile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))]!;
}

function printRow(name: string, how: string, { first, same, elsewhere }: Times): void {
  const cells = [first, percentile(same, 0.5), percentile(same, 0.95), percentile(elsewhere, 0.5), percentile(elsewhere, 0.95)];
  process.stdout.write(`| ${name} | ${how} | ${cells.map((ms) => ms.toFixed(1)).join(' | ')} |\n`);
}

async function fetched(url: string): Promise<void> {
  const response = await fetch(url);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}`);
}

export async function printQueries(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sel4scope-bench-'));
  let service: MeasuredProcess | undefined;
  try {
    await storeRun(directory, 'before', 'mixed', OTHER_RECORDS);
    const records = await storeRun(directory, RUN, 'anomalies 1 %', RECORDS);
    await storeRun(directory, 'after', 'anomalies 16 %', OTHER_RECORDS);
    const reader = new TraceReader(openReader(directory));
    const run: RunSize = { records, time: reader.run(RUN).summary.time, root: reader.threads(RUN).threads.find(({ name }) => name === 'root')!.id };
    process.stdout.write(`\nqueries, ms: a run of ${records} records in a store of ${(statSync(dataFile(directory)).size / 2 ** 20).toFixed(0)} MiB, ${REPETITIONS} repetitions\n\n`);
    process.stdout.write('| query | asked | first | same place: median | p95 | other places: median | p95 |\n|---|---|---|---|---|---|---|\n');
    for (const [name, { ask }] of Object.entries(QUERIES)) printRow(name, 'reader', await timesOf((place) => ask(reader, run, place)));
    reader.close();
    service = new MeasuredProcess('ingest-service.js', 'rules', directory);
    const { url } = await service.next<ServiceAddresses>();
    await fetched(`${url}/api/status`);
    for (const [name, { paths }] of Object.entries(QUERIES)) {
      printRow(name, 'HTTP', await timesOf((place) => Promise.all(paths(run, place).map((path) => fetched(`${url}/api${path}`)))));
    }
    service.go();
    await service.ended();
  } finally {
    service?.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await printQueries();
