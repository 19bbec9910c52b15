// SPDX-License-Identifier: BSD-2-Clause
/** Stores of earlier versions, with all that they could hold, as they are after the migrations. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { TraceReader } from '../query/trace-reader.ts';
import { addRun } from '../testing/filled-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { importFile } from '../testing/import-file.ts';
import { Administration } from './administration.ts';
import { checkStore } from './check.ts';
import { examineForeign, foreignVersion, openForeign } from './foreign-store.ts';
import { dataFile } from './location.ts';
import { finish } from './maintenance-jobs.ts';
import { CURRENT_VERSION, migrate, versionOf } from './migrate.ts';
import { openReader, openWriter } from './open.ts';
import { Sqlite } from './sqlite.ts';

const EARLIER = Array.from({ length: CURRENT_VERSION - 1 }, (_, i) => i + 1);

/** A store with two runs as version `version` had them: the columns and tables of the present one that it knew. */
function storeOf(version: number, directory: string): void {
  const { db: present, close } = openWriter(temporaryDirectory());
  addRun(present, { id: 'a', records: 250, startedAt: 5000, changedAt: 6000, release: '', tags: [] });
  addRun(present, { id: 'b', release: '', tags: [] });
  const old = new Sqlite(dataFile(directory));
  old.pragma('page_size = 16384');
  old.pragma('journal_mode = WAL');
  migrate(old, version);
  for (const table of tables(old)) copyRows(present, old, table);
  old.close();
  close();
}

function tables(db: Database): string[] {
  return db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name = 'run' DESC, name = 'finding' DESC").pluck().all() as string[];
}

function copyRows(from: Database, to: Database, table: string): void {
  const columns = to.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
  const insert = to.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `:${name}`).join(', ')})`);
  for (const row of from.prepare(`SELECT ${columns.join(', ')} FROM ${table}`).all()) insert.run(row);
}

describe.each(EARLIER)('a store of version %i', (version) => {
  it('keeps everything, and its counts are right', () => {
    const directory = temporaryDirectory();
    storeOf(version, directory);
    expect(() => openReader(directory)).toThrow(/earlier version/);
    const { db, close } = openWriter(directory);
    expect(versionOf(db)).toBe(CURRENT_VERSION);
    expect(finish(checkStore(db))).toMatchObject({ ok: true, problems: [], runs: 2, records: 258 });
    const reader = new TraceReader(db);
    const { summary, methods, anomalies, replies } = reader.run('a');
    expect(summary).toMatchObject({ program: 'sample.ts', records: 250, state: 'ended', end: 'completed', tags: [], commit: '', recordsDroppedAt: null, anomalies: { error: 1 } });
    expect([replies, anomalies.map(({ rule, count, kept }) => [rule, count, kept])]).toEqual([125, [['K05', 1, 1]]]);
    expect(methods.reduce((sum, { records }) => sum + records, 0)).toBe(250);
    expect(methods.every(({ time }) => (version === 1 ? time === null : time !== null && time > 0))).toBe(true);
    expect(reader.records('a', { limit: 5000 }).rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
    expect(reader.recordInFull('a', 5).anomalies).toMatchObject([{ rule: 'K05' }]);
    expect(reader.anomalies({ run: 'a' }).anomalies).toMatchObject([{ seq: 5, threadName: 'alice' }]);
    expect(reader.findings({}).findings).toMatchObject([{ rule: 'K05', state: 'open' }]);
    expect(new Administration(db).changeTags('a', { add: ['old'] }).tags).toEqual(['old']);
    close();
  });

  it('goes on with its runs: what is new is counted', () => {
    const directory = temporaryDirectory();
    storeOf(version, directory);
    const { db, close } = openWriter(directory);
    addRun(db, { id: 'c', records: 20 });
    expect(finish(checkStore(db))).toMatchObject({ ok: true, runs: 3 });
    expect(new TraceReader(db).run('c').methods.every(({ time }) => time !== null && time > 0)).toBe(true);
    close();
  });

  it('is imported from a copy, and stays as it is', async () => {
    const directory = temporaryDirectory();
    storeOf(version, directory);
    const old = new Sqlite(dataFile(directory));
    old.pragma('journal_mode = DELETE');
    old.close();
    const file = dataFile(directory);
    expect(foreignVersion(file)).toBe(version);
    expect(() => openForeign(file)).toThrow(`has format ${version}`);
    const copy = join(temporaryDirectory(), 'copy.s4trace');
    copyFileSync(file, copy);
    examineForeign(copy);
    expect([foreignVersion(file), foreignVersion(copy)]).toEqual([version, CURRENT_VERSION]);
    const { db, close } = openWriter(temporaryDirectory());
    expect((await importFile(new Administration(db), copy)).runs).toMatchObject([{ run: 'a', outcome: 'imported' }, { run: 'b', outcome: 'imported' }]);
    // The rules ran again: times per method are there, also where the old version did not count them.
    expect(new TraceReader(db).run('a').methods.every(({ time }) => time !== null && time > 0)).toBe(true);
    close();
  });
});
