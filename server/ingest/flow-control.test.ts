// SPDX-License-Identifier: BSD-2-Clause
/** Producers that have more than the store takes at once. */
import { expect, it } from 'vitest';
import { runningService, type RunningService } from '../testing/fixture.ts';
import type { TestProducer } from '../testing/producer.ts';
import { sampleBatch } from '../testing/sample-records.ts';
import { WINDOW } from './limits.ts';

const BATCH_RECORDS = 100;
const TIMEOUT_MS = 120_000;

/** A producer with a welcomed run, and what of it is committed. */
interface Sender {
  readonly producer: TestProducer;
  committed: number;
}

async function sender(service: RunningService, run: string): Promise<Sender> {
  const producer = await service.producer();
  producer.hello({ id: run });
  await producer.next('welcome');
  return { producer, committed: 0 };
}

/** Sends batches, never more than the window ahead of the acknowledgements; `progress` is told of each of those. */
async function sendAll(to: Sender, batches: readonly Uint8Array[], progress: () => void = () => {}): Promise<void> {
  const { producer } = to;
  for (const [i, batch] of batches.entries()) {
    while (i * BATCH_RECORDS - to.committed >= WINDOW * BATCH_RECORDS) {
      to.committed = (await producer.next('ack')).committedSeq;
      progress();
    }
    producer.batch(batch);
  }
  while (to.committed < batches.length * BATCH_RECORDS) to.committed = (await producer.next('ack')).committedSeq;
}

function batchesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => sampleBatch(i * BATCH_RECORDS + 1, (i + 1) * BATCH_RECORDS));
}

it('no more than the windows of all producers waits in the service, and all of it is stored', async () => {
  const service = await runningService();
  const batches = batchesOf(150);
  const senders = await Promise.all(['a', 'b', 'c', 'd'].map((run) => sender(service, run)));
  const pending: Promise<number>[] = [];
  const ask = (): void => {
    pending.push(service.service.app.inject('/api/status').then((response) => (response.json() as { pendingBatches: number }).pendingBatches));
  };
  await Promise.all(senders.map((each) => sendAll(each, batches, ask)));
  expect(Math.max(...await Promise.all(pending))).toBeLessThanOrEqual(senders.length * WINDOW);
  for (const run of ['a', 'b', 'c', 'd']) {
    expect((await service.service.app.inject(`/api/runs/${run}`)).json()).toMatchObject({ summary: { records: 15_000, state: 'running' } });
  }
  expect((await service.service.app.inject('/api/status')).json()).toMatchObject({ pendingBatches: 0, producers: 4, records: 60_000 });
}, TIMEOUT_MS);

it('a producer with little is served while another one has much', async () => {
  const service = await runningService();
  const much = await sender(service, 'much');
  const batches = batchesOf(1500);
  let committedThen: number | undefined;
  let little: Promise<void> | undefined;
  const sendLittle = async (): Promise<void> => {
    const small = await sender(service, 'little');
    await sendAll(small, batches.slice(0, 1));
    committedThen = much.committed;
  };
  await sendAll(much, batches, () => { little ??= sendLittle(); });
  await little;
  expect(committedThen).toBeLessThan(batches.length * BATCH_RECORDS);
}, TIMEOUT_MS);
