// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { afterAll, describe, expect, it } from 'vitest';
import { MOST_SQL_TEXT, SqlResult, SqlSchema } from '../../schema/api/index.ts';
import { createService, type Service } from '../app.ts';
import { SQL_EXAMPLES } from '../sql/documented.ts';
import { runningService, type RunningService } from '../testing/fixture.ts';
import { sampleBatch } from '../testing/sample-records.ts';

async function withRun(): Promise<RunningService> {
  const running = await runningService();
  const producer = await running.producer();
  producer.hello({ id: 'a' });
  await producer.next('welcome');
  producer.batch(sampleBatch(1, 20));
  await producer.acknowledged(20);
  return running;
}

/** A service without runs. */
let shared: Promise<Service> | undefined;
const directory = mkdtempSync(join(tmpdir(), 'sel4scope-sql-'));
function empty(): Promise<Service> {
  return (shared ??= createService({ dataDirectory: directory }));
}
afterAll(async () => {
  await (await shared)?.close();
  rmSync(directory, { recursive: true });
});

describe('POST /api/sql', () => {
  it('answers while the run goes on', async () => {
    const { service } = await withRun();
    const response = await service.app.inject({ method: 'POST', url: '/api/sql', payload: { sql: 'SELECT method, count(*) AS n FROM records WHERE run = :run GROUP BY 1 ORDER BY 1', limit: 2 } });
    expect([response.statusCode, Compile(SqlResult).Check(response.json())]).toEqual([200, true]);
    expect(response.json()).toMatchObject({ columns: [{ name: 'method' }, { name: 'n' }], rows: [[null, 5], ['RISCVPageGetAddress', 10]], truncated: true, latest: 'a' });
  }, 30_000);

  it('answers the examples of the help text', async () => {
    const { service } = await withRun();
    for (const sql of SQL_EXAMPLES) {
      const response = await service.app.inject({ method: 'POST', url: '/api/sql', payload: { sql } });
      expect([sql, response.statusCode]).toEqual([sql, 200]);
    }
  }, 30_000);

  it('refuses a query that is too long', async () => {
    const response = await empty().then(({ app }) => app.inject({ method: 'POST', url: '/api/sql', payload: { sql: `SELECT ${'1,'.repeat(MOST_SQL_TEXT / 2)}1` } }));
    expect([response.statusCode, response.json<{ message: string }>().message.slice(0, 60)]).toEqual([400, 'field "sql" must be text of 1 to 16384 characters, not "SELE']);
  });

  it.each<[unknown, number, RegExp]>([
    [{}, 400, /missing; needed: sql/], [{ sql: 5 }, 400, /field "sql"/], [{ sql: '' }, 400, /field "sql"/],
    [{ sql: 'SELECT 1', rnu: 'a' }, 400, /unknown field "rnu"/], [{ sql: 'SELECT 1', run: '../a' }, 400, /field "run"/], [{ sql: 'SELECT 1', limit: 100_001 }, 400, /field "limit" must be a whole number from 1 to 100000/],
    [{ sql: 'SELECT 1', limit: 0 }, 400, /field "limit"/], [{ sql: 'SELECT 1', parameters: [[1]] }, 400, /field "parameters"/], [{ sql: 'SELECT 1', parameters: 'x' }, 400, /field "parameters"/],
    [{ sql: 'DROP TABLE run' }, 400, /begins with DROP/], [{ sql: 'SELECT :run', run: 'b' }, 404, /no run b/], ['SELECT 1', 400, /JSON/],
  ])('refuses %j with %i', async (payload, status, message) => {
    const { app } = await empty();
    const response = await app.inject({ method: 'POST', url: '/api/sql', headers: { 'content-type': 'application/json' }, payload: typeof payload === 'string' ? payload : JSON.stringify(payload) });
    expect([response.statusCode, response.json()]).toEqual([status, expect.objectContaining({ message: expect.stringMatching(message) as string })]);
  }, 30_000);
});

it('GET /api/sql/schema lists what there is', async () => {
  const response = await (await empty()).app.inject('/api/sql/schema');
  expect([response.statusCode, Compile(SqlSchema).Check(response.json())]).toEqual([200, true]);
  const { tables } = response.json<SqlSchema>();
  for (const name of ['records', 'deliveries', 'transitions', 'anomalies', 'methods', 'threads', 'runs', 'findings']) expect(tables.map((table) => table.name)).toContain(name);
});
