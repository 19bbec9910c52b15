// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import type { AnomalyPage, AnomalyQuery, RecordPage, RecordQuery } from '../../../schema/api/index.ts';
import { anomalyRow, recordRow } from '../../testing/fixtures.ts';
import { rowsOf } from '../../testing/history.ts';
import type { Api } from './api.ts';
import { NO_FILTER } from './filter.ts';
import { scanOf } from './scan.ts';

/** A run with anomalies at some records. */
function service(seqs: number[]): { api: Api; asked: (RecordQuery | AnomalyQuery)[] } {
  const asked: (RecordQuery | AnomalyQuery)[] = [];
  const api = {
    anomalies: async (query: AnomalyQuery): Promise<AnomalyPage> => {
      asked.push(query);
      const rows = seqs.map((seq, i) => ({ ...anomalyRow('a', seq), id: i + 1 })).filter((row) => row.id > (query.after ?? 0));
      return { anomalies: rows.slice(0, 2), next: rows.length > 2 ? rows[1]!.id : null };
    },
    records: async (_run: string, query: RecordQuery): Promise<RecordPage> => {
      asked.push(query);
      return { rows: rowsOf(query.from!, query.to!).map((row) => ({ ...row, anomalies: seqs.includes(row.seq) ? 1 : 0 })), next: null };
    },
  };
  return { api: api as unknown as Api, asked };
}

const signal = new AbortController().signal;

it('reads only records with anomalies, near ones together', async () => {
  const { api, asked } = service([10, 10, 30, 5000]);
  const read = scanOf(api, 'a', { ...NO_FILTER, anomalous: true });
  const page = await read(1, 10_000, 100, signal);
  expect(page.rows.map((row) => row.seq)).toEqual([10, 30, 5000]);
  expect(page.next).toBeNull();
  expect(asked.filter((query) => 'from' in query)).toEqual([{ from: 10, to: 30, limit: 21 }, { from: 5000, to: 5000, limit: 1 }]);
});

it('gives pages of them within a range', async () => {
  const { api } = service([10, 30, 50, 70]);
  const read = scanOf(api, 'a', { ...NO_FILTER, anomalous: true });
  expect(await read(11, 69, 1, signal)).toMatchObject({ rows: [{ seq: 30 }], next: 50 });
  expect(await read(50, 69, 1, signal)).toMatchObject({ rows: [{ seq: 50 }], next: null });
});

it('sees anomalies that came later, and reads the earlier ones once', async () => {
  const seqs = [10];
  const { api, asked } = service(seqs);
  const read = scanOf(api, 'a', { ...NO_FILTER, anomalous: true });
  await read(1, 100, 10, signal);
  seqs.push(90);
  expect((await read(11, 100, 10, signal)).rows.map((row) => row.seq)).toEqual([90]);
  expect(asked.at(-2)).toMatchObject({ after: 1 });
});

it('applies the rest of the filter too', async () => {
  const { api } = service([10, 11]);
  const read = scanOf(api, 'a', { ...NO_FILTER, anomalous: true, outcome: recordRow(11).outcome });
  expect((await read(1, 100, 10, signal)).rows.map((row) => row.seq)).toEqual([11]);
});
