// SPDX-License-Identifier: BSD-2-Clause
/** What lists can be filtered by, and what they say to all else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LightMyRequestResponse } from 'fastify';
import { OPERATIONS, PATHS, type ErrorBody, type OperationId } from '../../schema/api/index.ts';
import { createService, type Service } from '../app.ts';
import { openWriter } from '../store/open.ts';
import { addRun } from '../testing/filled-store.ts';

/** A value for every filter of every list; with all of a list's together nothing is refused. */
const FILTERS: Readonly<Partial<Record<OperationId, Readonly<Record<string, string>>>>> = {
  runs: { tag: 'sample', program: 'sample.ts', release: '13.0.0', kernel: 'model', configuration: 'riscv64-mcs', state: 'ended', after: 'a', limit: '7' },
  records: { from: '1', to: '9', fromTime: '0', toTime: '9000000', thread: '1', method: 'TCBResume', outcome: 'replied', anomalies: 'only', limit: '7' },
  anomalies: { run: 'a', rule: 'K05', method: 'RISCVPageGetAddress', thread: '1', severity: 'error', fingerprint: 'K05/x', after: '0', limit: '7' },
  findings: { rule: 'K05', method: 'RISCVPageGetAddress', severity: 'error', state: 'open,fixed', release: '13.0.0', configuration: 'riscv64-mcs', kernel: 'model', tag: 'sample', run: 'a', after: 'x', limit: '7' },
  jobs: { kind: 'check', state: 'done', limit: '7' },
};
const LISTS = Object.keys(FILTERS) as OperationId[];
/** Fields of the rows that have no index. */
const WITHOUT_INDEX: Readonly<Partial<Record<OperationId, readonly string[]>>> = {
  runs: ['seed', 'records', 'machine'], records: ['capType', 'object', 'cause', 'syscall', 'reply'], anomalies: ['seq', 'detail', 'threadName'], findings: ['reason', 'count'], jobs: ['createdAt', 'error'],
};

let directory: string;
let service: Service;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sel4scope-'));
  const { db, close } = openWriter(directory);
  addRun(db, { id: 'a', records: 250 });
  close();
  service = await createService({ dataDirectory: directory });
});
afterAll(async () => {
  await service.close();
  rmSync(directory, { recursive: true });
});

const ask = (id: OperationId, query: Readonly<Record<string, string>>): Promise<LightMyRequestResponse> =>
  service.app.inject(`${PATHS[id].path.replace(':run', 'a')}?${new URLSearchParams(query).toString()}`);

it('every operation with pages is looked at here', () => {
  const withPages = Object.entries(OPERATIONS).filter(([, operation]) => 'query' in operation && 'limit' in (operation.query as { properties: object }).properties && 'after' in (operation.query as { properties: object }).properties).map(([id]) => id);
  expect([...withPages, 'records'].sort()).toEqual([...LISTS].sort());
});

describe.each(LISTS)('%s', (id) => {
  it('takes every filter that it describes, one by one and all together', async () => {
    const described = Object.keys((OPERATIONS[id] as { query: { properties: object } }).query.properties).sort();
    const filters = FILTERS[id]!;
    expect(Object.keys({ ...filters, ...(id === 'jobs' ? { after: '' } : {}) }).sort()).toEqual(described);
    for (const query of [...Object.entries(filters).map(([name, value]) => ({ [name]: value })), filters]) {
      const { statusCode, body } = await ask(id, query);
      expect([query, statusCode, statusCode === 200 ? '' : body]).toEqual([query, 200, '']);
    }
  });

  it.each([...WITHOUT_INDEX[id]!, 'nonsense'])('says that it does not filter by %s, by what it does, and who does', async (field) => {
    const response = await ask(id, { [field]: '1' });
    const { error, message, hint } = response.json<ErrorBody>();
    expect([response.statusCode, error]).toEqual([400, 'bad-request']);
    expect(message).toContain(`unknown query parameter "${field}"`);
    for (const name of Object.keys(FILTERS[id]!)) expect(message).toContain(name);
    expect(hint).toContain('POST /api/sql');
  });
});
