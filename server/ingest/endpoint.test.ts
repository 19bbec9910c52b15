// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { AnomalyRow, RecordRow, RunSummary } from '../../schema/api/index.ts';
import { encodeClientMessage } from '../../schema/trace/wire.ts';
import { openStore } from '../open-store.ts';
import { openWriter } from '../store/open.ts';
import { runningService, temporaryDirectory, type RunningService } from '../testing/fixture.ts';
import { batchOf, lateReplyRecord, sampleBatch, sampleRecord, SAMPLE_RUN, SAMPLE_SUBJECTS, shortReplyRecord } from '../testing/sample-records.ts';
import { MAX_FRAME_BYTES, WINDOW } from './limits.ts';

async function get<T>({ service }: Pick<RunningService, 'service'>, url: string): Promise<T> {
  const response = await service.app.inject(url);
  if (response.statusCode !== 200) throw new Error(response.body);
  return response.json();
}

/** Every sequence number that the store gives, over all pages. */
async function sequenceNumbers(running: RunningService): Promise<number[]> {
  const found: number[] = [];
  for (let next: number | null = 1; next !== null;) {
    const page: { rows: RecordRow[]; next: number | null } = await get(running, `/api/runs/sample-run/records?limit=500&from=${next}`);
    found.push(...page.rows.map((row) => row.seq));
    next = page.next;
  }
  return found;
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

/** Takes the stored knowledge of the rules away: they have to see all records again. */
function forgetRules(directory: string): void {
  const { db, close } = openWriter(directory);
  expect(db.prepare('DELETE FROM rule_state').run().changes).toBe(1);
  close();
}

async function summary(running: RunningService): Promise<RunSummary> {
  return (await get<{ summary: RunSummary }>(running, '/api/runs/sample-run')).summary;
}

/** Waits for what follows the end of a connection. */
async function stateBecomes(running: RunningService, state: RunSummary['state']): Promise<void> {
  for (let tries = 0; (await summary(running)).state !== state; tries++) {
    if (tries === 200) throw new Error(`the run did not become ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a run', () => {
  it('is stored, acknowledged and ended', async () => {
    const running = await runningService();
    const producer = await running.producer();
    producer.hello();
    expect(await producer.next('welcome')).toEqual({ kind: 'welcome', run: 'sample-run', nextSeq: 1, maxFrameBytes: MAX_FRAME_BYTES, window: WINDOW });
    expect((await summary(running)).state).toBe('running');
    producer.batch(sampleBatch(1, 100));
    producer.batch(sampleBatch(101, 250));
    await producer.acknowledged(250);
    producer.bye(250, 'failed', 'an assertion');
    expect(await producer.next('ack')).toEqual({ kind: 'ack', committedSeq: 250, finished: true });
    expect(await summary(running)).toMatchObject({
      run: 'sample-run', program: 'sample.ts', kernel: 'model', kernelVersion: '13.0.0', configuration: 'riscv64-mcs', seed: 7, defects: [], state: 'ended', end: 'failed', endDetail: 'an assertion', records: 250, time: 250_300,
      anomalies: { error: 0, warning: 0, info: 0 },
    });
    expect(await sequenceNumbers(running)).toEqual(upTo(250));
  });

  it('that loses its producer is interrupted, and goes on where it was', async () => {
    const running = await runningService();
    const first = await running.producer();
    first.hello();
    await first.next('welcome');
    first.batch(sampleBatch(1, 40));
    await first.acknowledged(40);
    first.terminate();
    await stateBecomes(running, 'interrupted');
    const second = await running.producer();
    second.hello({}, true);
    expect(await second.next('welcome')).toMatchObject({ nextSeq: 41 });
    expect((await summary(running)).state).toBe('running');
    second.batch(sampleBatch(41, 50));
    await second.acknowledged(50);
    second.bye(50);
    expect(await second.next('ack')).toMatchObject({ finished: true });
    expect(await sequenceNumbers(running)).toEqual(upTo(50));
  });

  it('without records ends as well', async () => {
    const running = await runningService();
    const producer = await running.producer();
    producer.hello();
    await producer.next('welcome');
    producer.bye(0, 'crashed');
    expect(await producer.next('ack')).toEqual({ kind: 'ack', committedSeq: 0, finished: true });
    expect(await summary(running)).toMatchObject({ state: 'ended', end: 'crashed', records: 0 });
  });

  it('that has ended can be ended again, and not be added to', async () => {
    const running = await runningService();
    const first = await running.producer();
    first.hello();
    await first.next('welcome');
    first.batch(sampleBatch(1, 10));
    first.bye(10);
    await first.acknowledged(10);
    first.terminate();
    const second = await running.producer();
    // The end of the first connection may be noticed after the second begins.
    await expect.poll(async () => (await get<{ producers: number }>(running, '/api/status')).producers).toBe(1);
    second.hello({}, true);
    expect(await second.next('welcome')).toMatchObject({ nextSeq: 11 });
    second.bye(10, 'failed');
    expect(await second.next('ack')).toEqual({ kind: 'ack', committedSeq: 10, finished: true });
    second.batch(sampleBatch(11, 12));
    await second.next('ack');
    expect(await second.next('problem')).toMatchObject({ code: 'unexpectedMessage', fatal: true });
    expect(await summary(running)).toMatchObject({ state: 'ended', end: 'completed', records: 10 });
  });

  it('is still there after the service was stopped and started', async () => {
    const directory = temporaryDirectory();
    const before = await runningService({ dataDirectory: directory });
    const producer = await before.producer();
    producer.hello();
    await producer.next('welcome');
    producer.batch(sampleBatch(1, 30));
    await producer.acknowledged(30);
    await before.service.close();
    expect(await producer.next('problem')).toMatchObject({ code: 'shuttingDown', fatal: false });
    expect(await producer.closing()).toBe(1001);

    const offline = openStore(directory, { readOnly: true });
    expect(offline.findRun('latest')).toMatchObject({ run: 'sample-run', state: 'interrupted', records: 30 });
    offline.close();

    const after = await runningService({ dataDirectory: directory });
    const again = await after.producer();
    again.hello({}, true);
    expect(await again.next('welcome')).toMatchObject({ nextSeq: 31 });
    again.batch(sampleBatch(31, 60));
    await again.acknowledged(60);
    expect(await sequenceNumbers(after)).toEqual(upTo(60));
  });
});

describe('records that come twice, or not in order', () => {
  it('are stored once', async () => {
    const running = await runningService();
    const producer = await running.producer();
    producer.hello();
    await producer.next('welcome');
    producer.batch(sampleBatch(1, 20));
    producer.batch(sampleBatch(1, 20));
    producer.batch(sampleBatch(5, 12));
    producer.batch(sampleBatch(15, 30));
    await producer.acknowledged(30);
    producer.bye(30);
    await producer.next('ack');
    expect(await sequenceNumbers(running)).toEqual(upTo(30));
    const detail = await get<{ methods: { records: number }[]; replies: number }>(running, '/api/runs/sample-run');
    expect(detail.methods.reduce((sum, { records }) => sum + records, 0)).toBe(30);
    expect(detail.replies).toBe(15);
    expect((await get<{ row: RecordRow }>(running, '/api/runs/sample-run/records/25')).row).toMatchObject({ seq: 25, time: 25_000 });
  });

  it('with a gap are refused, and the connection lives on', async () => {
    const running = await runningService();
    const producer = await running.producer();
    producer.hello();
    await producer.next('welcome');
    producer.batch(sampleBatch(1, 20));
    producer.batch(sampleBatch(22, 30));
    await producer.acknowledged(20);
    expect(await producer.next('problem')).toMatchObject({ code: 'sequence', fatal: false, message: expect.stringContaining('the next is 21') });
    producer.bye(30);
    expect(await producer.next('problem')).toMatchObject({ code: 'sequence', fatal: false });
    producer.batch(sampleBatch(21, 30));
    await producer.acknowledged(30);
    expect(await sequenceNumbers(running)).toEqual(upTo(30));
  });

  it('with a time that goes back are refused', async () => {
    const running = await runningService();
    const producer = await running.producer();
    producer.hello();
    await producer.next('welcome');
    producer.batch(sampleBatch(1, 20));
    const late = sampleRecord(21);
    late.entryTime = 100;
    producer.batch(batchOf([late]));
    await producer.acknowledged(20);
    expect(await producer.next('problem')).toMatchObject({ code: 'badBatch', message: expect.stringContaining('100 ns') });
    expect(await sequenceNumbers(running)).toEqual(upTo(20));
  });
});

describe('a producer that breaks the protocol', () => {
  const good = sampleBatch(1, 4);

  it.each<[string, (producer: Awaited<ReturnType<RunningService['producer']>>) => void, string, string]>([
    ['sends text', (p) => p.send('{"hello":1}'), 'badMessage', 'text frame'],
    ['sends bytes that are no message', (p) => p.send(new Uint8Array([1, 2, 3])), 'badMessage', 'malformed message'],
    ['sends nothing', (p) => p.send(new Uint8Array(0)), 'badMessage', 'without a body'],
    ['sends a batch first', (p) => p.batch(good), 'unexpectedMessage', 'must be Hello'],
    ['says bye first', (p) => p.bye(0), 'unexpectedMessage', 'must be Hello'],
    ['speaks another version', (p) => p.send(encodeClientMessage({ kind: 'hello', protocolVersion: 9, run: SAMPLE_RUN, resume: false })), 'unsupportedVersion', 'version 9'],
    ['says hello twice', (p) => { p.hello(); p.hello({ id: 'other' }); }, 'unexpectedMessage', 'second Hello'],
    ['names no such configuration', (p) => p.hello({ configuration: 'riscv32-mcs' }), 'badMessage', 'choose from riscv64-mcs, riscv64-classic'],
    ['names its run "latest"', (p) => p.hello({ id: 'latest' }), 'badMessage', 'run id "latest" is not allowed'],
    ['names its run like a path', (p) => p.hello({ id: '../x' }), 'badMessage', 'is not allowed'],
    ['has a very long name', (p) => p.hello({ program: 'x'.repeat(5000) }), 'badMessage', 'too long'],
    ['sends a batch that is cut off', (p) => { p.hello(); p.batch(good.subarray(0, good.length - 1)); }, 'badBatch', 'malformed batch'],
    ['sends a frame that is too large', (p) => { p.hello(); p.batch(new Uint8Array(MAX_FRAME_BYTES)); }, 'frameTooLarge', String(MAX_FRAME_BYTES)],
    ['does not wait for acknowledgements', (p) => { p.hello(); for (let i = 0; i < 5000; i++) p.batch(good); }, 'windowExceeded', `${WINDOW} batches`],
  ])('%s', async (_, misbehave, code, message) => {
    const running = await runningService();
    const producer = await running.producer();
    misbehave(producer);
    const problem = await producer.problem();
    expect(problem).toMatchObject({ code, fatal: true, message: expect.stringContaining(message) });
    expect(await producer.closing()).toBe(1008);
    const next = await running.producer();
    next.hello({ id: 'next' });
    expect(await next.next('welcome')).toMatchObject({ run: 'next' });
  });

  it('loses nothing of what was acknowledged', async () => {
    const running = await runningService();
    const producer = await running.producer();
    producer.hello();
    await producer.next('welcome');
    producer.batch(sampleBatch(1, 20));
    producer.send(new Uint8Array([0xff]));
    await producer.acknowledged(20);
    expect(await producer.next('problem')).toMatchObject({ fatal: true });
    await stateBecomes(running, 'interrupted');
    expect(await sequenceNumbers(running)).toEqual(upTo(20));
  });

  it('cannot take the run of another', async () => {
    const running = await runningService();
    const first = await running.producer();
    first.hello();
    await first.next('welcome');
    const second = await running.producer();
    second.hello({}, true);
    expect(await second.next('problem')).toMatchObject({ code: 'runBusy', fatal: false });
    expect(await second.closing()).toBe(1013);
    first.batch(sampleBatch(1, 3));
    await first.acknowledged(3);
  });

  it.each([
    ['without resuming it', {}, false, 'known already'],
    ['with another description', { program: 'other.ts' }, true, 'another description'],
    ['with other defects', { defects: ['sc-consumed'] }, true, 'another description'],
  ])('cannot begin a known run %s', async (_, run, resume, message) => {
    const running = await runningService();
    const first = await running.producer();
    first.hello();
    await first.next('welcome');
    first.terminate();
    await stateBecomes(running, 'interrupted');
    const second = await running.producer();
    second.hello(run, resume);
    expect(await second.next('problem')).toMatchObject({ code: 'runExists', fatal: true, message: expect.stringContaining(message) });
  });
});

describe('the rules', () => {
  it('find a reply that is too short, and the finding is stored with its record', async () => {
    const running = await runningService();
    const producer = await running.producer();
    producer.hello();
    await producer.next('welcome');
    producer.batch(sampleBatch(1, 4));
    producer.batch(batchOf([shortReplyRecord(5)]));
    await producer.acknowledged(5);
    const { anomalies } = await get<{ anomalies: AnomalyRow[] }>(running, '/api/anomalies?run=sample-run');
    expect(anomalies).toMatchObject([{ rule: 'K05', severity: 'error', seq: 5, time: 5000, thread: 1, threadName: 'alice', method: 'RISCVPageGetAddress' }]);
    expect((await summary(running)).anomalies).toEqual({ error: 1, warning: 0, info: 0 });
    expect(await get(running, '/api/runs/sample-run')).toMatchObject({ anomalies: [{ rule: 'K05', count: 1, kept: 1, firstSeq: 5, lastSeq: 5, fingerprint: anomalies[0]!.fingerprint }] });
    expect(await get(running, '/api/runs/sample-run/records/5')).toMatchObject({
      row: { anomalies: 1 }, anomalies: [{ rule: 'K05', thread: { name: 'alice' }, explanation: expect.stringMatching(/./), references: expect.arrayContaining([expect.any(String)]) }],
    });
  });

  it.each(['with', 'without'])('know after a restart what they knew before it, %s stored knowledge', async (knowledge) => {
    const directory = temporaryDirectory();
    const before = await runningService({ dataDirectory: directory });
    const first = await before.producer();
    first.hello();
    await first.next('welcome');
    first.batch(sampleBatch(1, 8));
    await first.acknowledged(8);
    await before.service.close();
    if (knowledge === 'without') forgetRules(directory);
    const after = await runningService({ dataDirectory: directory });
    const second = await after.producer();
    second.hello({}, true);
    await second.next('welcome');
    second.batch(batchOf([lateReplyRecord(9)]));
    await second.acknowledged(9);
    const { anomalies } = await get<{ anomalies: AnomalyRow[] }>(after, '/api/anomalies');
    expect(anomalies.map(({ rule, seq, detail }) => ({ rule, seq, detail }))).toContainEqual(
      { rule: 'N02', seq: 9, detail: expect.stringContaining('thread 2 (bob), whose trap 8 was no Call') as string });
  });

  it('find each anomaly of a repeated batch once', async () => {
    const running = await runningService();
    const producer = await running.producer();
    const bad = batchOf([sampleRecord(1), sampleRecord(2), shortReplyRecord(3)], SAMPLE_SUBJECTS);
    producer.hello();
    await producer.next('welcome');
    producer.batch(bad);
    producer.batch(bad);
    await producer.acknowledged(3);
    expect((await get<{ anomalies: AnomalyRow[] }>(running, '/api/anomalies')).anomalies.map(({ rule, seq }) => [rule, seq])).toEqual([['K05', 3]]);
  });
});
