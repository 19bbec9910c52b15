// SPDX-License-Identifier: BSD-2-Clause
/** A file system that is really full. Making one needs the right to mount; without it the test is skipped. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { RecordPage, RunDetail, ServiceStatus } from '../../schema/api/index.ts';
import { createService } from '../app.ts';
import { openReader } from '../store/open.ts';
import { TestProducer } from '../testing/producer.ts';
import { sampleBatch } from '../testing/sample-records.ts';

const directory = mkdtempSync(join(tmpdir(), 'sel4scope-full-'));

function mount(options: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]).status === 0;
}

const mounted = mount('size=4m');
if (!mounted) process.stderr.write('SKIPPED: a full disk, for want of the right to mount a file system (run as root)\n');
afterAll(() => {
  if (mounted) spawnSync('umount', [directory]);
  rmSync(directory, { recursive: true, force: true });
});

const BATCH = 400;

/** Sends batches from `next` on, each acknowledged before the one after it, until the service says no or `last` is there. Returns the last acknowledged record. */
async function sendUntil(producer: TestProducer, next: number, last: number): Promise<number> {
  let acknowledged = next - 1;
  try {
    while (acknowledged < last) {
      producer.batch(sampleBatch(acknowledged + 1, acknowledged + BATCH));
      await producer.acknowledged(acknowledged + BATCH);
      acknowledged += BATCH;
    }
  } catch {
    // The problem is asked for by the caller.
  }
  return acknowledged;
}

it.skipIf(!mounted)('a full disk stops the ingest with a clear error; reading goes on, and so does the ingest when there is room', async () => {
  const service = await createService({ dataDirectory: join(directory, 'data') });
  const { ingestUrl } = await service.listen({ port: 0 });
  const status = async (): Promise<ServiceStatus> => (await service.app.inject('/api/status')).json();
  const last = 100 * BATCH;

  let acknowledged = 0;
  let refusal = '';
  const first = await TestProducer.connect(ingestUrl);
  first.hello();
  await first.next('welcome');
  // The rest of the room goes to somebody else.
  acknowledged = await sendUntil(first, 1, 10 * BATCH);
  expect(acknowledged).toBe(10 * BATCH);
  try { writeFileSync(join(directory, 'other'), Buffer.alloc(64 << 20)); } catch (error) { expect(error).toMatchObject({ code: 'ENOSPC' }); }
  while (refusal === '') {
    first.batch(sampleBatch(acknowledged + 1, acknowledged + BATCH));
    try {
      await first.acknowledged(acknowledged + BATCH);
      acknowledged += BATCH;
    } catch (error) {
      refusal = String(error);
    }
  }
  expect(refusal).toMatch(/"code":"store".*no room left to store traces in .*"fatal":false/);
  expect((await status()).problem).toMatch(/no room left/);
  expect(acknowledged).toBeLessThan(last);

  const page = (await service.app.inject(`/api/runs/latest/records?from=${acknowledged}`)).json<RecordPage>();
  expect(page.rows.map(({ seq }) => seq)).toEqual([acknowledged]);

  // As full as before: refused again, with nothing lost.
  const again = await TestProducer.connect(ingestUrl);
  again.hello({}, true);
  await expect(again.next('welcome')).rejects.toThrow(/no room left/);

  expect(mount('remount,size=128m')).toBe(true);
  const second = await TestProducer.connect(ingestUrl);
  second.hello({}, true);
  expect((await second.next('welcome')).nextSeq).toBe(acknowledged + 1);
  expect(await sendUntil(second, acknowledged + 1, last)).toBe(last);
  second.bye(last);
  expect(await second.next('ack')).toMatchObject({ committedSeq: last, finished: true });
  expect((await status()).problem).toBeUndefined();
  expect((await service.app.inject('/api/runs/latest')).json<RunDetail>().summary).toMatchObject({ records: last, state: 'ended' });
  await service.close();
  const db = openReader(join(directory, 'data'));
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();
});
