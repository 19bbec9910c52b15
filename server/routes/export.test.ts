// SPDX-License-Identifier: BSD-2-Clause
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { ExportClient } from '../export/export-client.ts';
import { storedRun } from '../export/testing/stored-run.ts';
import { runningService, type RunningService } from '../testing/fixture.ts';
import { ALICE, SAMPLE_SUBJECTS, sampleBatch, sampleRecord } from '../testing/sample-records.ts';

const RECORDS = 40;

async function served(records = RECORDS): Promise<RunningService> {
  const running = await runningService();
  const producer = await running.producer();
  producer.hello();
  await producer.next('welcome');
  for (let first = 1; first <= records; first += 10_000) producer.batch(sampleBatch(first, Math.min(records, first + 9999)));
  producer.bye(records);
  await producer.acknowledged(records);
  return running;
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

describe('GET /api/runs/:run/export', () => {
  it('sends each format with its type and a name', async () => {
    const { service } = await served();
    const ask = async (query: string): Promise<{ type: string; name: string; bytes: Buffer }> => {
      const response = await service.app.inject({ url: `/api/runs/latest/export?${query}` });
      expect(response.statusCode).toBe(200);
      return { type: String(response.headers['content-type']), name: String(response.headers['content-disposition']), bytes: response.rawPayload };
    };
    const csv = await ask('format=csv');
    expect(csv).toMatchObject({ type: 'text/csv; charset=utf-8; header=present', name: 'attachment; filename="sample-run.csv"' });
    expect(lines(csv.bytes.toString())).toHaveLength(RECORDS + 1);
    expect(lines((await ask('format=jsonl&from=3&to=12')).bytes.toString()).map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(lines((await ask(`format=jsonl&thread=${ALICE}&fromTime=1000&toTime=3000`)).bytes.toString())).toHaveLength(2);
    const deliveries = await ask('format=parquet&table=deliveries');
    expect(deliveries.name).toBe('attachment; filename="sample-run.deliveries.parquet"');
    expect(await parquetReadObjects({ file: new Uint8Array(deliveries.bytes).buffer })).toHaveLength(RECORDS / 2);
    expect((JSON.parse((await ask('format=chrome')).bytes.toString()) as { traceEvents: unknown[] }).traceEvents.length).toBeGreaterThan(RECORDS);
    expect((await ask('format=perfetto')).bytes[0]).toBe(0x0a);
  });

  it('refuses what it cannot do before it sends anything', async () => {
    const { service } = await served();
    const ask = async (url: string): Promise<unknown> => {
      const response = await service.app.inject({ url });
      return [response.statusCode, (response.json() as { message: string }).message];
    };
    expect(await ask('/api/runs/other/export?format=csv')).toEqual([404, 'there is no run other']);
    expect(await ask('/api/runs/latest/export')).toEqual([400, expect.stringContaining('format')]);
    expect(await ask('/api/runs/latest/export?format=ctf')).toEqual([400, expect.stringContaining('perfetto')]);
    expect(await ask('/api/runs/latest/export?format=csv&to=x')).toEqual([400, expect.stringContaining('"to"')]);
    expect(await ask('/api/runs/latest/export?format=csv&from=3&to=2')).toEqual([400, '"from" (3) is above "to" (2)']);
    expect(await ask('/api/runs/latest/export?format=perfetto&table=records')).toEqual([400, expect.stringContaining('"table" is for csv and parquet')]);
  });

  it('makes no more than a slow reader takes, and stops with it', async () => {
    const { address, service } = await served(60_000);
    const response = await new Promise<IncomingMessage>((resolve) => { get(`${address.url}/api/runs/latest/export?format=jsonl`, resolve); });
    response.pause();
    expect(response.statusCode).toBe(200);
    const health = await service.app.inject({ url: '/api/status' });
    expect(health.statusCode).toBe(200);
    // 60 000 lines are 50 MB, far above what sockets and streams hold.
    expect(response.complete).toBe(false);
    const closed = once(response, 'close');
    response.destroy();
    await closed;
    const again = await service.app.inject({ url: '/api/runs/latest/export?format=csv&to=1' });
    expect(again.statusCode).toBe(200);
  });
});

describe('ExportClient', () => {
  it('bounds how many exports are under way', async () => {
    const { directory } = storedRun(Array.from({ length: 20 }, (_, i) => sampleRecord(i + 1)), { subjects: SAMPLE_SUBJECTS });
    const client = new ExportClient(directory);
    const start = (): ReturnType<ExportClient['start']> => client.start('latest', { format: 'csv', selection: {} });
    const started = await Promise.all([start(), start(), start(), start()]);
    await expect(start()).rejects.toMatchObject({ fault: 'unavailable' });
    const text = (await started[0]!.stream.setEncoding('utf8').toArray() as string[]).join('');
    expect([started[0]!.run, lines(text).length]).toEqual(['sample-run', 21]);
    for (const { stream } of started.slice(1)) stream.destroy();
    while (started.some(({ stream }) => !stream.closed)) await setImmediate();
    (await start()).stream.destroy();
    await client.close();
    await expect(start()).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('tells the reader when it is broken off', async () => {
    const { directory } = storedRun(Array.from({ length: 3000 }, (_, i) => sampleRecord(i + 1)), { chunk: 100 });
    const client = new ExportClient(directory);
    const { stream } = await client.start('sample-run', { format: 'jsonl', selection: {} });
    await client.close();
    await expect(stream.toArray()).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('passes errors of the store on', async () => {
    const client = new ExportClient('/nowhere');
    await expect(client.start('latest', { format: 'csv', selection: {} })).rejects.toMatchObject({ name: 'StoreError', fault: 'missing' });
  });
});
