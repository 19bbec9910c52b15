// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeClientMessage, PROTOCOL_VERSION, type ClientMessage, type ServerMessage } from '../../schema/trace/wire.ts';
import { Ingest } from '../ingest/ingest.ts';
import { TraceReader } from '../query/trace-reader.ts';
import { addRun } from '../testing/filled-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { importFile } from '../testing/import-file.ts';
import { sampleBatch, SAMPLE_RUN } from '../testing/sample-records.ts';
import { Administration } from './administration.ts';
import { checkStore } from './check.ts';
import { examineForeign, openForeign } from './foreign-store.ts';
import { finish } from './maintenance-jobs.ts';
import { CURRENT_VERSION } from './migrate.ts';
import { openWriter } from './open.ts';
import { Sqlite } from './sqlite.ts';
import { writeTraceFile } from './trace-file.ts';
import { TraceStore } from './trace-store.ts';

/** A trace file with runs `a` (250 records) and `b` (8, interrupted). */
function traceFile(change?: (db: Database) => void): string {
  const file = join(temporaryDirectory(), 'from.s4trace');
  writeTraceFile(file, (db) => {
    addRun(db, { id: 'a', records: 250, startedAt: 5000, changedAt: 6000, tags: ['nightly'], commit: 'c0ffee', release: '12.1.0' });
    addRun(db, { id: 'b', state: 'interrupted' });
    if (change === undefined) return;
    db.pragma('foreign_keys = OFF');
    change(db);
  });
  return file;
}

function store(): { db: Database; reader: TraceReader; administration: Administration } {
  const { db, close } = openWriter(temporaryDirectory());
  onTestFinished(close);
  return { db, reader: new TraceReader(db), administration: new Administration(db) };
}

describe('an import', () => {
  it('makes the run what it would be had it been sent here', async () => {
    const file = traceFile();
    const { db, reader, administration } = store();
    addRun(db, { id: 'mine', startedAt: 9000 });
    expect(await importFile(administration, file)).toEqual({ runs: [{ run: 'a', records: 250, outcome: 'imported' }, { run: 'b', records: 8, outcome: 'imported' }] });
    const source = openForeign(file);
    const original = new TraceReader(source);
    for (const run of ['a', 'b']) {
      expect(reader.run(run)).toEqual(original.run(run));
      expect(reader.threads(run)).toEqual(original.threads(run));
      expect(reader.records(run, { limit: 5000 })).toEqual(original.records(run, { limit: 5000 }));
    }
    source.close();
    // By when it started, not by when it came.
    expect(reader.runs().runs.map(({ run }) => run)).toEqual(['mine', 'a', 'b']);
    expect(finish(checkStore(db))).toMatchObject({ ok: true, problems: [] });
    expect((await importFile(administration, file)).runs.map(({ outcome }) => outcome)).toEqual(['present', 'present']);
  });

  it('takes the runs that are asked for', async () => {
    const file = traceFile();
    const { reader, administration } = store();
    await importFile(administration, file, ['b']);
    expect(reader.runs().runs.map(({ run }) => run)).toEqual(['b']);
    await expect(importFile(administration, file, ['a', 'c'])).rejects.toThrow(/no run c to import/);
    expect(reader.runs().runs.map(({ run }) => run)).toEqual(['b']);
  });

  it('ends a run that nobody sends any more, and leaves out one without records', async () => {
    const { reader, administration } = store();
    expect((await importFile(administration, traceFile((db) => db.exec("UPDATE run SET state = 'running' WHERE name = 'b'; UPDATE run SET records_dropped_at = 7000 WHERE name = 'a'")))).runs)
      .toEqual([{ run: 'a', records: 250, outcome: 'without-records' }, { run: 'b', records: 8, outcome: 'imported' }]);
    expect(reader.findRun('b')).toMatchObject({ state: 'interrupted' });
  });

  it.each([
    ['another description', { id: 'a', records: 250, seed: 8 }],
    ['another number of records', { id: 'a', records: 251 }],
    ['other records', { id: 'a', records: 250, commit: 'c0ffee', release: '12.1.0', other: true }],
  ])('refuses a run of the same id with %s, and then takes nothing', async (_what, { other, ...run }: { id: string; other?: boolean; records?: number }) => {
    const { db, reader, administration } = store();
    addRun(db, run);
    if (other === true) db.prepare('UPDATE chunk SET body = ? WHERE first_seq = 9').run(Buffer.concat([sampleBatch(9, 108), Buffer.from([0x80, 0x06, 0])]));
    await expect(importFile(administration, traceFile((from) => from.exec("UPDATE run SET id = id + 10; UPDATE chunk SET run = run + 10; UPDATE run_tag SET run = run + 10; UPDATE run SET id = 1 WHERE name = 'b'; UPDATE chunk SET run = 1 WHERE run = 12"))))
      .rejects.toThrow(expect.objectContaining({ fault: 'conflict', message: expect.stringContaining('another run a already') as string }));
    expect(reader.runs().runs.map(({ run: id }) => id)).toEqual(['a']);
  });

  const lies: readonly [string, string, RegExp][] = [
    ['a batch that cannot be decoded', "UPDATE chunk SET body = x'0a0b0c' WHERE first_seq = 109", /run a cannot be read at record 109/],
    ['a batch of other records', 'UPDATE chunk SET body = (SELECT body FROM chunk WHERE first_seq = 9) WHERE first_seq = 109', /run a has a chunk that claims records 109 to 208/],
    ['a chunk that claims too many', 'UPDATE chunk SET count = 200 WHERE first_seq = 109', /run a has a chunk that claims records 109 to 308/],
    ['a chunk that is missing', 'DELETE FROM chunk WHERE first_seq = 109', /begins with record 209 where 109 is next/],
    ['a last chunk that is missing', 'DELETE FROM chunk WHERE first_seq = 209', /says that it has 250 records, but its chunks hold 208/],
    ['a batch that is far too large', 'UPDATE chunk SET body = zeroblob(9000000) WHERE first_seq = 109', /above 4194304 bytes/],
    ['an id that no producer may choose', "UPDATE run SET name = '../../etc' WHERE name = 'a'", /run id "..\/..\/etc" is not allowed/],
    ['tags that are none', "INSERT INTO run_tag VALUES (1, 'not good')", /tag "not good" is not allowed/],
    ['defects that are no list', "UPDATE run SET defects = '{' WHERE name = 'a'", /has a list that is none/],
    ['defects that are no texts', "UPDATE run SET defects = '[1]' WHERE name = 'a'", /has a text that is none/],
    ['a time that is none', "UPDATE run SET started_at = 9000000000000000 WHERE name = 'a'", /a number or a time out of range/],
    ['an end that there is not', "UPDATE run SET end = 'exploded' WHERE name = 'a'", /an end that there is not/],
    ['a configuration that there is not', "UPDATE run SET configuration = 'z80' WHERE name = 'a'", /z80/],
    ['a name that is too long', `UPDATE subject SET name = '${'x'.repeat(2000)}' WHERE id = 1`, /has a name that no producer can send/],
  ];
  it.each(lies)('believes nothing: %s', async (_what, sql, message) => {
    const { db, reader, administration } = store();
    await expect(importFile(administration, traceFile((from) => from.exec(sql)))).rejects.toThrow(message);
    expect(reader.runs().runs).toEqual([]);
    for (const table of ['chunk', 'chunk_key', 'subject', 'anomaly', 'finding', 'run_tag']) expect([table, db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()]).toEqual([table, 0]);
  });

  it('that finds no room leaves nothing behind', async () => {
    const { db, reader, administration } = store();
    addRun(db, { id: 'mine' });
    db.pragma(`max_page_count = ${(db.pragma('page_count', { simple: true }) as number) + 1}`);
    const file = traceFile((from) => addRun(from, { id: 'large', records: 30_000 }));
    await expect(importFile(administration, file)).rejects.toThrow(/full/);
    expect(reader.runs().runs.map(({ run }) => run)).toEqual(['mine']);
    db.pragma('max_page_count = 1000000');
    expect((await importFile(administration, file)).runs).toHaveLength(3);
  });
});

/** A producer of a store, without a connection between them. */
function producer(db: Database): { answers: ServerMessage[]; send: (message: ClientMessage) => void } {
  const answers: ServerMessage[] = [];
  const ingest = new Ingest(new TraceStore(db), '', { answer: (sent) => answers.push(...sent.map(({ message }) => message)), news: () => undefined, problem: () => undefined });
  return { answers, send: (message) => ingest.frame(1, encodeClientMessage(message)) };
}

describe('an import in slices', () => {
  /** Each slice is one chunk. */
  function slicedStore(): ReturnType<typeof store> {
    const { db, reader } = store();
    return { db, reader, administration: new Administration(db, () => false, 0) };
  }

  it('lets producers in between, and shows its runs at the end', async () => {
    const { db, reader, administration } = slicedStore();
    const { answers, send } = producer(db);
    send({ kind: 'hello', protocolVersion: PROTOCOL_VERSION, run: { ...SAMPLE_RUN, id: 'live' }, resume: false });
    expect(administration.beginImport(traceFile())).toEqual({ runs: 2, records: 258 });
    const seen: (string | number)[][] = [];
    for (let seq = 1; ; seq += 10) {
      const slice = administration.importSlice();
      if ('result' in slice) break;
      seen.push([slice.progress.run, slice.progress.runsDone, slice.progress.recordsDone]);
      send({ kind: 'batch', bytes: sampleBatch(seq, seq + 9) });
      // Whatever is no batch is answered at once, and what came before it.
      send({ kind: 'bye', lastSeq: 0, end: 'completed', detail: '' });
      expect(answers.at(-2)).toEqual({ kind: 'ack', committedSeq: seq + 9, finished: false });
      expect(reader.runs({ state: 'importing' }).runs.map(({ run }) => run)).toEqual(slice.progress.runsDone === 0 ? ['a'] : ['a', 'b']);
      expect(reader.findRun('latest')).toMatchObject({ run: 'live' });
      expect(finish(checkStore(db))).toMatchObject({ ok: true, problems: [] });
    }
    expect(seen).toEqual([['a', 0, 8], ['a', 0, 108], ['a', 0, 208], ['a', 0, 250], ['b', 1, 258]]);
    expect(reader.runs().runs.map(({ run, state }) => [run, state])).toEqual([['live', 'running'], ['a', 'ended'], ['b', 'interrupted']]);
    expect(reader.findings({}).findings).toMatchObject([{ rule: 'K05' }]);
    await expect(importFile(administration, traceFile())).resolves.toMatchObject({ runs: [{ outcome: 'present' }, { outcome: 'present' }] });
  });

  it('that is broken off anywhere leaves nothing behind, and a fixed finding fixed', async () => {
    const file = traceFile();
    for (let slices = 0; slices < 5; slices++) {
      const { db, administration } = slicedStore();
      addRun(db, { id: 'mine', startedAt: 1 });
      const [fingerprint] = db.prepare('SELECT fingerprint FROM finding').pluck().all() as string[];
      administration.decide(fingerprint!, { state: 'fixed' });
      db.exec('UPDATE finding SET changed_at = 2');
      const before = contents(db);
      administration.beginImport(file);
      for (let i = 0; i < slices; i++) administration.importSlice();
      expect(() => administration.beginImport(file)).toThrow(expect.objectContaining({ fault: 'conflict' }));
      while (administration.undoImport());
      expect(contents(db)).toEqual(before);
      expect(() => administration.importSlice()).toThrow('no import is under way');
      expect((await importFile(administration, file)).runs).toHaveLength(2);
      expect(db.prepare('SELECT state FROM finding').pluck().all()).toEqual(['regressed']);
    }
  });

  it('keeps others away from a run that is not complete', () => {
    const { db, reader, administration } = slicedStore();
    administration.beginImport(traceFile());
    administration.importSlice();
    const { answers, send } = producer(db);
    send({ kind: 'hello', protocolVersion: PROTOCOL_VERSION, run: { ...SAMPLE_RUN, id: 'a' }, resume: true });
    expect(answers).toMatchObject([{ kind: 'problem', code: 'runBusy', fatal: false }]);
    expect(() => administration.prune({ runs: ['a'], drop: 'runs' }, 1)).toThrow(/run a is running/);
    expect(administration.planPrune({ olderThanMs: 0, drop: 'runs' }, Date.now()).steps).toEqual([]);
    expect(() => reader.recheckTargets({ runs: ['a'] })).toThrow(/just being imported/);
    expect(reader.recheckTargets({ select: 'all' })).toEqual([]);
  });
});

/** All rows of all tables of a store. */
function contents(db: Database): unknown {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").pluck().all() as string[];
  return Object.fromEntries(tables.map((table) => [table, db.prepare(`SELECT * FROM ${table}`).all()]));
}

describe('what is no trace file is refused', () => {
  it('a file that is not there, is empty, is text, or was cut off', () => {
    const folder = temporaryDirectory();
    const written = (name: string, content: string | Buffer): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    expect(() => openForeign(join(folder, 'nothing'))).toThrow(/nothing does not exist/);
    expect(() => openForeign(written('empty', ''))).toThrow(/is no trace file of sel4scope/);
    expect(() => openForeign(written('text', 'not a database '.repeat(200)))).toThrow(/is no trace that can be read.*not a database/);
    const cut = written('cut', readFileSync(traceFile((db) => addRun(db, { id: 'large', records: 5000 }))));
    truncateSync(cut, 100_000);
    expect(() => examineForeign(cut)).toThrow(/cut is (damaged|no trace that can be read)/);
  });

  it.each([
    ['of another program', (db: Database) => { db.pragma('application_id = 7'); }, /is no trace file of sel4scope/],
    ['of a later version', (db: Database) => { db.pragma(`user_version = ${CURRENT_VERSION + 1}`); }, /later version of sel4scope/],
    ['with a view in place of a table', (db: Database) => { db.exec('ALTER TABLE chunk RENAME TO other; CREATE VIEW chunk AS SELECT * FROM other'); }, /has not the tables of format/],
    ['with a trigger', (db: Database) => { db.exec('CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END'); }, /has more than the tables of format.*trigger t/],
    ['without an index', (db: Database) => { db.exec('DROP INDEX chunk_by_time'); }, /index chunk_by_time is missing/],
  ])('a database %s', (_what, change, message) => {
    const file = traceFile(change);
    expect(() => openForeign(file)).toThrow(expect.objectContaining({ fault: 'bad-request', message: expect.stringMatching(message) as string }));
    expect(() => examineForeign(file)).toThrow(message);
  });

  it('a database whose pages are mixed up', () => {
    const file = traceFile((db) => addRun(db, { id: 'large', records: 5000 }));
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 3 * 16_384, 12 * 16_384);
    writeFileSync(file, bytes);
    expect(() => examineForeign(file)).toThrow(/is damaged|is no trace that can be read/);
  });
});

describe('a trace file', () => {
  it('is one file, and there when it is complete', () => {
    const file = traceFile();
    const db = new Sqlite(file, { readonly: true });
    expect([db.pragma('journal_mode', { simple: true }), db.pragma('user_version', { simple: true })]).toEqual(['delete', CURRENT_VERSION]);
    db.close();
    const other = join(temporaryDirectory(), 'other.s4trace');
    expect(() => writeTraceFile(other, () => { throw new Error('in the middle'); })).toThrow('in the middle');
    expect(() => readFileSync(other)).toThrow(/ENOENT/);
    expect(() => writeTraceFile(join(other, 'below', 'x'), () => undefined)).toThrow(expect.objectContaining({ name: 'StoreError' }));
  });
});
