// SPDX-License-Identifier: BSD-2-Clause
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createService } from '../app.ts';
import { DataInUseError, StoreError } from '../errors.ts';
import { openStore } from '../open-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { SAMPLE_RUN } from '../testing/sample-records.ts';
import { dataFile } from './location.ts';
import { lockDirectory } from './lock.ts';
import { CURRENT_VERSION, migrate, versionOf } from './migrate.ts';
import { asStoreError, openReader, openWriter } from './open.ts';
import { Sqlite } from './sqlite.ts';
import { TraceStore } from './trace-store.ts';

/** What a function throws. */
function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a new store', () => {
  it('has the settings that its figures rest on', () => {
    const { db, close } = openWriter(join(temporaryDirectory(), 'made', 'here'));
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('synchronous', { simple: true })).toBe(1);
    expect(db.pragma('page_size', { simple: true })).toBe(16_384);
    expect(versionOf(db)).toBe(CURRENT_VERSION);
    close();
  });

  it('keeps a run as it was described', () => {
    const { db, close } = openWriter(temporaryDirectory());
    const store = new TraceStore(db);
    const description = { ...SAMPLE_RUN, seed: Number.MAX_SAFE_INTEGER, defects: ['sc-consumed', 'with "quotes"'] };
    store.insertRun(description, 1000);
    expect(store.findRun('sample-run')).toMatchObject({ description, state: 'running', end: null, startedAt: 1000, records: 0 });
    close();
  });

  it('leaves no log behind, even when a reader stays open', () => {
    const directory = temporaryDirectory();
    const { db, close } = openWriter(directory);
    const reader = openReader(directory);
    new TraceStore(db).insertRun(SAMPLE_RUN, 1);
    expect(reader.prepare('SELECT count(*) FROM run').pluck().get()).toBe(1);
    expect(statSync(`${dataFile(directory)}-wal`).size).toBeGreaterThan(0);
    close();
    expect(statSync(`${dataFile(directory)}-wal`).size).toBe(0);
    reader.close();
  });

  it('undoes a transaction that fails', () => {
    const { db, close } = openWriter(temporaryDirectory());
    const store = new TraceStore(db);
    expect(() => store.transaction(() => {
      store.insertRun(SAMPLE_RUN, 1);
      throw new Error('no');
    })).toThrow('no');
    expect(store.findRun('sample-run')).toBeUndefined();
    close();
  });
});

describe('migrations', () => {
  it.each(Array.from({ length: CURRENT_VERSION }, (_, i) => i))('from version %i keep what is there', (version) => {
    const directory = temporaryDirectory();
    const old = new Sqlite(dataFile(directory));
    migrate(old, version);
    if (version > 0) old.exec(`INSERT INTO run (name, program, kernel, kernel_version, configuration, seed, defects, state, started_at, changed_at)
      VALUES ('old', 'p.ts', 'model', '13.0.0', 'riscv64-mcs', 1, '[]', 'ended', 5, 5)`);
    old.close();
    const { db, close } = openWriter(directory);
    expect(versionOf(db)).toBe(CURRENT_VERSION);
    expect(new TraceStore(db).findRun('old') !== undefined).toBe(version > 0);
    close();
  });

  it('refuse a file of a later version, and leave it alone', () => {
    const directory = temporaryDirectory();
    openWriter(directory).close();
    const later = new Sqlite(dataFile(directory));
    later.pragma(`user_version = ${CURRENT_VERSION + 1}`);
    later.close();
    for (const open of [openWriter, openReader]) expect(thrownBy(() => open(directory))).toMatchObject({ name: 'StoreError', fault: 'too-new' });
  });

  it('refuse the database of another program', () => {
    const directory = temporaryDirectory();
    const other = new Sqlite(dataFile(directory));
    other.exec('CREATE TABLE recipes (id INTEGER)');
    other.close();
    expect(thrownBy(() => openWriter(directory))).toMatchObject({ fault: 'damaged', message: expect.stringContaining('another program') });
  });

  it('are not run by a reader', () => {
    const directory = temporaryDirectory();
    new Sqlite(dataFile(directory)).close();
    expect(thrownBy(() => openReader(directory))).toMatchObject({ fault: 'too-old' });
    openStore(directory, { readOnly: false }).close();
    expect(openStore(directory, { readOnly: true }).runs()).toEqual({ runs: [], next: null });
  });
});

describe('a store that cannot be used says why', () => {
  it('when there is none', () => {
    expect(thrownBy(() => openStore(temporaryDirectory(), { readOnly: true }))).toMatchObject({ fault: 'missing', message: expect.stringContaining('--data') });
  });

  it('when its file is no database', () => {
    const directory = temporaryDirectory();
    writeFileSync(dataFile(directory), 'not a database, but long enough to be looked at '.repeat(20));
    expect(thrownBy(() => openReader(directory))).toMatchObject({ fault: 'damaged' });
    expect(thrownBy(() => openWriter(directory))).toMatchObject({ fault: 'damaged' });
    expect(readFileSync(dataFile(directory), 'utf8')).toContain('not a database');
  });

  it('when its directory is a file', () => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, '');
    expect(thrownBy(() => openWriter(path))).toMatchObject({ name: 'StoreError', fault: 'not-writable' });
    expect(thrownBy(() => openWriter(join(path, 'below')))).toMatchObject({ fault: 'not-writable' });
  });

  // Whoever runs as root may write everywhere.
  it.skipIf(process.getuid?.() === 0)('when its directory may not be written', async () => {
    const directory = join(temporaryDirectory(), 'read-only');
    mkdirSync(directory);
    chmodSync(directory, 0o500);
    await expect(createService({ dataDirectory: directory })).rejects.toMatchObject({ name: 'StoreError', fault: 'not-writable' });
  });

  it.each([
    ['SQLITE_FULL', 'full'], ['ENOSPC', 'full'], ['SQLITE_READONLY_DBMOVED', 'not-writable'], ['SQLITE_CANTOPEN', 'not-writable'],
    ['EROFS', 'not-writable'], ['SQLITE_CORRUPT', 'damaged'], ['SQLITE_IOERR', 'failed'],
  ])('when the system says %s', (code, fault) => {
    const error = asStoreError(Object.assign(new Error('it said'), { code }), '/data');
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ fault, message: expect.stringMatching(/\/data.*it said/) });
  });
});

describe('two services on one directory', () => {
  it('are one too many', async () => {
    const directory = temporaryDirectory();
    const first = await createService({ dataDirectory: directory });
    const refused = createService({ dataDirectory: directory });
    await expect(refused).rejects.toBeInstanceOf(DataInUseError);
    await expect(refused).rejects.toThrow(`process ${process.pid}`);
    await expect(refused).rejects.toThrow('--data');
    expect(thrownBy(() => openStore(directory, { readOnly: false }))).toBeInstanceOf(DataInUseError);
    openStore(directory, { readOnly: true }).close();
    await first.close();
    await (await createService({ dataDirectory: directory })).close();
  });

  it('are kept apart by a lock that ends with its holder', () => {
    const directory = temporaryDirectory();
    const lock = lockDirectory(directory);
    expect(() => lockDirectory(directory)).toThrow(DataInUseError);
    lock.release();
    lockDirectory(directory).release();
  });
});

it('keeps the last name of each of many subjects', () => {
  const { db, close } = openWriter(temporaryDirectory());
  const store = new TraceStore(db);
  const { key } = store.insertRun(SAMPLE_RUN, 1);
  const ids = Array.from({ length: 75 }, (_, i) => 1 + (i % 40));
  store.saveSubjects(key, ids.map((id, i) => ({ id, type: 12, name: `name ${i}` })));
  store.saveSubjects(key, []);
  expect(store.subjects(key, 12)).toEqual(Array.from({ length: 40 }, (_, i) => ({ id: i + 1, type: 12, name: `name ${i < 35 ? i + 40 : i}` })));
  expect(store.subjects(key, 11)).toEqual([]);
  close();
});
