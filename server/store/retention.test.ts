// SPDX-License-Identifier: BSD-2-Clause
import { statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PruneReport, RetentionPolicy } from '../../schema/api/index.ts';
import { TraceReader } from '../query/trace-reader.ts';
import { addRun } from '../testing/filled-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { Administration } from './administration.ts';
import { checkStore } from './check.ts';
import { dataFile } from './location.ts';
import { finish } from './maintenance-jobs.ts';
import { openWriter } from './open.ts';
import { pruneAll } from './retention.ts';

const DAY = 86_400_000;
const NOW = 100 * DAY;

interface Bench {
  readonly db: Database;
  readonly reader: TraceReader;
  readonly administration: Administration;
  readonly file: string;
  prune(policy: RetentionPolicy): Promise<PruneReport>;
}

/** Runs of 1, 10, 20 and 30 days ago; the oldest is tagged `keep`, that of 20 days ago still runs. */
function filled(isOpen?: (run: string) => boolean): Bench {
  const directory = temporaryDirectory();
  const { db, close } = openWriter(directory);
  onTestFinished(close);
  for (const [id, days] of [['kept', 30], ['running', 20], ['old', 10], ['new', 1]] as const) {
    addRun(db, { id, records: 20_000, startedAt: NOW - days * DAY - 5000, changedAt: NOW - days * DAY, tags: id === 'kept' ? ['keep'] : [], state: id === 'running' ? 'running' : 'ended' });
  }
  const administration = new Administration(db, isOpen);
  return { db, administration, reader: new TraceReader(db), file: dataFile(directory), prune: (policy) => pruneAll(() => administration.prune(policy, NOW)) };
}

const ids = (reader: TraceReader): string[] => reader.runs().runs.map(({ run }) => run);
const dropped = (reader: TraceReader): string[] => reader.runs().runs.filter(({ recordsDroppedAt }) => recordsDroppedAt !== null).map(({ run }) => run);

describe('retention', () => {
  it('drops the records of old runs, and keeps what sums them up', async () => {
    const { db, reader, prune, administration } = filled();
    const policy: RetentionPolicy = { olderThanMs: 5 * DAY, keepTags: ['keep'], drop: 'records' };
    expect(administration.planPrune(policy, NOW).steps).toMatchObject([{ run: 'old', drop: 'records', records: 20_000 }]);
    const before = reader.run('old');
    expect(await prune(policy)).toMatchObject({ runsWithoutRecords: 1, runsRemoved: 0 });
    expect(dropped(reader)).toEqual(['old']);
    const after = reader.run('old');
    expect(after.summary).toEqual({ ...before.summary, recordsDroppedAt: new Date(NOW).toISOString() });
    expect([after.methods, after.anomalies, after.replies]).toEqual([before.methods, before.anomalies, before.replies]);
    expect(reader.anomalies({ run: 'old' }).anomalies).toMatchObject([{ seq: 5, threadName: 'alice' }]);
    for (const ask of [() => reader.records('old', {}), () => reader.recordInFull('old', 5)]) {
      expect(ask).toThrow(expect.objectContaining({ fault: 'records-dropped', message: expect.stringContaining('were dropped on') as string, hint: expect.stringContaining('counts and anomalies') as string }));
    }
    expect(reader.compare({ a: 'old', b: 'new' })).toMatchObject({ recordsDropped: ['old'] });
    expect(db.prepare('SELECT count(*) FROM chunk JOIN run ON run.id = run WHERE name = ?').pluck().get('old')).toBe(0);
    expect(db.prepare('SELECT count(*) FROM chunk_key JOIN run ON run.id = run WHERE name = ?').pluck().get('old')).toBe(0);
    expect(reader.records('new', { limit: 3 }).rows).toHaveLength(3);
    expect(finish(checkStore(db))).toMatchObject({ ok: true, problems: [] });
    expect(await prune(policy)).toEqual({ runsWithoutRecords: 0, runsRemoved: 0, bytesFreed: 0 });
  });

  it('removes old runs with their anomalies, and leaves what people decided', async () => {
    const { db, reader, prune, administration } = filled();
    const fingerprint = reader.run('old').anomalies[0]!.fingerprint;
    administration.decide(fingerprint, { state: 'expected', reason: 'a test' });
    expect(await prune({ olderThanMs: 0, drop: 'runs' })).toMatchObject({ runsRemoved: 3 });
    expect(ids(reader)).toEqual(['running']);
    expect(reader.anomalies({}).anomalies.map(({ run }) => run)).toEqual(['running']);
    expect(db.prepare('SELECT state FROM finding WHERE fingerprint = ?').pluck().get(fingerprint)).toBe('expected');
    expect(finish(checkStore(db))).toMatchObject({ ok: true });
  });

  it('makes room by size: records first, oldest first, and then runs if they may go', async () => {
    const { reader, prune, administration, db, file } = filled();
    const used = administration.planPrune({ drop: 'records' }, NOW).usedBytes;
    const oneRun = db.prepare('SELECT sum(length(body)) FROM chunk WHERE run = 1').pluck().get() as number;
    const policy: RetentionPolicy = { maxBytes: used - Math.floor(oneRun / 2), keepTags: ['keep'], drop: 'records' };
    expect(administration.planPrune(policy, NOW).steps.map(({ run }) => run)).toEqual(['old']);
    expect((await prune(policy)).bytesFreed).toBeGreaterThan(oneRun / 2);
    expect(dropped(reader)).toEqual(['old']);
    expect(administration.planPrune(policy, NOW).usedBytes).toBeLessThanOrEqual(policy.maxBytes!);

    await prune({ maxBytes: 0, keepTags: ['keep'], drop: 'records' });
    expect([ids(reader), dropped(reader)]).toEqual([['new', 'old', 'running', 'kept'], ['new', 'old']]);
    await prune({ maxBytes: 0, keepTags: ['keep'], drop: 'runs' });
    expect(ids(reader)).toEqual(['running', 'kept']);
    expect(finish(checkStore(db))).toMatchObject({ ok: true });

    // What was freed is no longer in the file.
    expect(db.pragma('freelist_count', { simple: true })).toBe(0);
    db.pragma('wal_checkpoint(TRUNCATE)');
    expect(statSync(file).size).toBeLessThan(used - oneRun);
  });

  it('goes on where it was broken off', async () => {
    const { db, reader, prune, administration } = filled();
    const policy: RetentionPolicy = { runs: ['old'], drop: 'runs' };
    expect(administration.prune(policy, NOW)).toMatchObject({ more: true, runsWithoutRecords: 1 });
    expect(dropped(reader)).toEqual(['old']);
    expect(db.prepare('SELECT count(*) FROM chunk JOIN run ON run.id = run WHERE name = ?').pluck().get('old')).toBeGreaterThan(0);
    // Readers see the run without records from the first slice on; a check of the store is content in between.
    expect(finish(checkStore(db))).toMatchObject({ ok: true });
    await prune({ drop: 'records' });
    expect(db.prepare('SELECT count(*) FROM chunk JOIN run ON run.id = run WHERE name = ?').pluck().get('old')).toBe(0);
    expect(await prune(policy)).toMatchObject({ runsWithoutRecords: 0, runsRemoved: 1 });
    expect(ids(reader)).not.toContain('old');
  });

  it('does not touch what runs, and does nothing without a condition', async () => {
    const { reader, prune, administration } = filled((run) => run === 'new');
    expect(() => administration.prune({ runs: ['running'], drop: 'runs' }, NOW)).toThrow(/run running is running/);
    expect(() => administration.prune({ runs: ['new'], drop: 'runs' }, NOW)).toThrow(/run new is running/);
    expect(await prune({ drop: 'runs' })).toEqual({ runsWithoutRecords: 0, runsRemoved: 0, bytesFreed: 0 });
    await prune({ olderThanMs: 0, maxBytes: 0, drop: 'runs' });
    expect(ids(reader)).toEqual(['new', 'running']);
  });
});
