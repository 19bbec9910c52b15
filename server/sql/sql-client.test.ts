// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../testing/fixture.ts';
import { sampleBatch } from '../testing/sample-records.ts';
import { storeRun } from '../testing/store-run.ts';
import { SqlClient, SQL_LIMITS, type SqlLimits } from './sql-client.ts';

const ENDLESS = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c';

function client(limits: Partial<SqlLimits> = {}): SqlClient {
  const directory = temporaryDirectory();
  storeRun(directory, { id: 'a' }, [sampleBatch(1, 10)]);
  const made = new SqlClient(directory, { ...SQL_LIMITS, ...limits });
  onTestFinished(() => made.close());
  return made;
}

describe('SQL process', () => {
  it('answers, also queries that come at once', async () => {
    const sql = client();
    const answers = await Promise.all([1, 2, 3].map((n) => sql.query({ sql: `SELECT ${n}, count(*) FROM records` })));
    expect(answers.map(({ rows }) => rows)).toEqual([[[1, 10]], [[2, 10]], [[3, 10]]]);
  });

  it('is ended with a query that takes too long, and the next one is answered', async () => {
    const sql = client({ milliseconds: 3000 });
    const endless = sql.query({ sql: ENDLESS });
    const next = sql.query({ sql: 'SELECT 1' });
    await expect(endless).rejects.toMatchObject({ fault: 'timeout', message: 'the query took longer than 3 s and was ended' });
    expect((await next).rows).toEqual([[1]]);
  }, 60_000);

  it('is ended with a query that takes too much memory, whoever takes it', async () => {
    const sql = client({ memoryBytes: 300 * 1024 * 1024 });
    await expect(sql.query({ sql: 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT group_concat(hex(zeroblob(100000))) FROM c' }))
      .rejects.toMatchObject({ fault: 'bad-request', message: expect.stringContaining('more than 300 MB') as string });
    expect((await sql.query({ sql: 'SELECT 2' })).rows).toEqual([[2]]);
  }, 60_000);

  it('tells errors of the store and of the query apart', async () => {
    const nothing = new SqlClient(temporaryDirectory());
    onTestFinished(() => nothing.close());
    await expect(nothing.query({ sql: 'SELECT 1' })).rejects.toMatchObject({ name: 'StoreError', fault: 'missing' });
    await expect(client().query({ sql: 'SELEC 1' })).rejects.toMatchObject({ name: 'RequestError', fault: 'bad-request' });
  });

  it('refuses what waits when it is closed', async () => {
    const sql = client();
    const endless = sql.query({ sql: ENDLESS });
    const waiting = sql.query({ sql: 'SELECT 1' });
    const ends = Promise.allSettled([endless, waiting]);
    await sql.close();
    expect((await ends).map((end) => end.status === 'rejected' && (end.reason as { fault: string }).fault)).toEqual(['unavailable', 'unavailable']);
    await expect(sql.query({ sql: 'SELECT 1' })).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('takes only so many queries', async () => {
    const sql = client();
    const many = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => sql.query({ sql: `SELECT ${i}` })));
    expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(17);
  });
});
