// SPDX-License-Identifier: BSD-2-Clause
import { openAsBlob, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createClient, type Client } from '../client.ts';
import { addRun } from '../testing/filled-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { serviceProcess } from '../testing/service-process.ts';
import { dataFile } from './location.ts';
import { Sqlite } from './sqlite.ts';
import { writeTraceFile } from './trace-file.ts';

const RUNS = ['small', 'large', 'last'];
const RECORDS = 60_000;

/** A query's first column of a store that no service has. */
function column(directory: string, sql: string): unknown[] {
  const db = new Sqlite(dataFile(directory));
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return db.prepare(sql).pluck().all();
  } finally {
    db.close();
  }
}

/** Resolves when an import is in the middle of the run `large`. */
async function inTheMiddle(client: Client, id: string): Promise<void> {
  await expect.poll(async () => {
    const { progress, endedAt } = await client.job(id);
    return endedAt !== null || (progress.runsDone === 1 && progress.recordsDone > 1000);
  }, { timeout: 60_000, interval: 1 }).toBe(true);
}

it('a service that is killed during an import has nothing of it after the next start, and imports it then', async () => {
  const directory = temporaryDirectory();
  const file = join(temporaryDirectory(), 'a.s4trace');
  writeTraceFile(file, (db) => { for (const id of RUNS) addRun(db, { id, records: id === 'large' ? RECORDS : 250 }); });
  const upload = await openAsBlob(file);
  let killedInTheMiddle = 0;
  for (let attempt = 0; attempt < 10 && killedInTheMiddle < 2; attempt++) {
    const server = await serviceProcess(directory);
    const client = createClient({ url: server.url });
    await inTheMiddle(client, (await client.importRuns(upload)).id);
    await server.kill();
    if (column(directory, 'SELECT name FROM run WHERE importing = 1').length === 0) {
      // The import was quicker than the kill: everything is there.
      expect(column(directory, 'SELECT name FROM run ORDER BY id')).toEqual(RUNS);
      const again = await serviceProcess(directory);
      await createClient({ url: again.url }).prune({ runs: RUNS, drop: 'runs' });
      await again.kill();
      continue;
    }
    killedInTheMiddle++;
    await (await serviceProcess(directory)).kill();
    for (const table of ['run', 'run_tag', 'chunk', 'chunk_key', 'subject', 'method_count', 'anomaly', 'anomaly_group', 'rule_state', 'finding', 'finding_change']) {
      expect([table, column(directory, `SELECT count(*) FROM ${table}`)]).toEqual([table, [0]]);
    }
    expect(readdirSync(directory).filter((name) => name.includes('.part'))).toEqual([]);
  }
  expect(killedInTheMiddle).toBeGreaterThan(0);
  const server = await serviceProcess(directory);
  const client = createClient({ url: server.url });
  const { id } = await client.importRuns(upload, { runs: 'large,last' });
  await expect.poll(() => client.job(id), { timeout: 60_000 }).toMatchObject({
    kind: 'import', state: 'done', progress: { runs: 2, runsDone: 2, records: RECORDS + 250, recordsDone: RECORDS + 250 },
    result: { runs: [{ run: 'large', outcome: 'imported' }, { run: 'last', outcome: 'imported' }] },
  });
  expect(await client.checkStore()).toMatchObject({ ok: true, runs: 2, records: RECORDS + 250 });
  await server.kill();
}, 300_000);
