// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { LiveJob, LiveMessage } from '../../schema/api/index.ts';
import { runningService, type RunningService } from '../testing/fixture.ts';
import type { TestProducer } from '../testing/producer.ts';
import { batchOf, sampleBatch, sampleRecord, SAMPLE_SUBJECTS, shortReplyRecord } from '../testing/sample-records.ts';

/** A page: keeps what it is sent. */
class Page {
  readonly messages: LiveMessage[] = [];
  readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString('utf8')) as LiveMessage));
    onTestFinished(() => socket.terminate());
  }

  static async open({ address }: RunningService, query = ''): Promise<Page> {
    const socket = new WebSocket(`${address.url.replace('http', 'ws')}/live${query}`);
    const page = new Page(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return page;
  }

  async first<T extends LiveMessage['type']>(type: T): Promise<Extract<LiveMessage, { type: T }>> {
    const find = (): LiveMessage | undefined => this.messages.find((message) => message.type === type);
    await expect.poll(find, { timeout: 10_000 }).toBeDefined();
    return find() as Extract<LiveMessage, { type: T }>;
  }
}

async function startRun(running: RunningService, id: string): Promise<TestProducer> {
  const producer = await running.producer();
  producer.hello({ id });
  await producer.next('welcome');
  return producer;
}

describe('/live', () => {
  it('shows a run from its beginning to its end', async () => {
    const running = await runningService();
    const page = await Page.open(running);
    expect(await page.first('hello')).toEqual({ type: 'hello', run: null, threads: [] });
    const producer = await startRun(running, 'a');
    expect(await page.first('run-started')).toMatchObject({ run: { run: 'a', state: 'running', records: 0 } });
    producer.batch(batchOf([sampleRecord(1), sampleRecord(2), shortReplyRecord(3)], SAMPLE_SUBJECTS));
    await producer.acknowledged(3);
    producer.bye(3);
    const ended = await page.first('run-ended');
    expect(ended.run).toMatchObject({ run: 'a', state: 'ended', end: 'completed', records: 3, anomalies: { error: 1 } });
    expect(page.messages.map((message) => message.type)).toEqual(['hello', 'run-started', 'threads', 'records', 'anomalies', 'run-ended']);
    expect((await page.first('threads')).threads).toEqual([{ id: 1, name: 'alice' }, { id: 2, name: 'bob' }]);
    expect((await page.first('records')).rows.map(({ seq, anomalies }) => [seq, anomalies])).toEqual([[1, 0], [2, 0], [3, 1]]);
    expect((await page.first('anomalies')).anomalies).toMatchObject([{ rule: 'K05', seq: 3, threadName: 'alice' }]);
  });

  it('hears at once of tags that are changed, and so does what the producer sends later', async () => {
    const running = await runningService();
    const page = await Page.open(running);
    await page.first('hello');
    const producer = await startRun(running, 'a');
    await page.first('run-started');
    const changed = await running.service.app.inject({ method: 'PATCH', url: '/api/runs/a/tags', payload: { add: ['nightly'], remove: ['sample'] } });
    expect(changed.json()).toMatchObject({ run: 'a', tags: ['nightly'] });
    expect(await page.first('records')).toMatchObject({ rows: [], summary: { run: 'a', tags: ['nightly'] } });
    producer.batch(sampleBatch(1, 4));
    await producer.acknowledged(4);
    producer.bye(4);
    expect((await page.first('run-ended')).run.tags).toEqual(['nightly']);
    expect((await running.service.app.inject('/api/runs/a')).json()).toMatchObject({ summary: { tags: ['nightly'], records: 4 } });
  });

  it('begins in the middle of a run with what is there', async () => {
    const running = await runningService();
    const producer = await startRun(running, 'a');
    producer.batch(sampleBatch(1, 50));
    await producer.acknowledged(50);
    const page = await Page.open(running, '?run=a');
    expect(await page.first('hello')).toMatchObject({ run: { records: 50 }, threads: [{ name: 'alice' }, { name: 'bob' }] });
    producer.batch(sampleBatch(51, 60));
    expect((await page.first('records')).rows.map((row) => row.seq)).toEqual([51, 52, 53, 54, 55, 56, 57, 58, 59, 60]);
  });

  it.each<[string, number[], string[]]>([
    ['?thread=2', [2, 4, 6], []], ['?method=RISCVPageGetAddress&outcome=error', [3], ['K05']], ['?anomalies=only', [5], ['K05']], ['?rule=K05', [5], ['K05']], ['?rule=K06', [], []],
    ['?run=a&method=TCBResume', [2, 6], []],
  ])('sends only what fulfils the conditions %s', async (query, seqs, rules) => {
    const running = await runningService();
    const producer = await startRun(running, 'a');
    const page = await Page.open(running, query);
    await page.first('hello');
    producer.batch(batchOf([sampleRecord(1), sampleRecord(2), sampleRecord(3), sampleRecord(4), shortReplyRecord(5), sampleRecord(6)], SAMPLE_SUBJECTS));
    await producer.acknowledged(6);
    producer.bye(6);
    await page.first('run-ended');
    expect(page.messages.flatMap((message) => (message.type === 'records' ? message.rows.map(({ seq }) => seq) : []))).toEqual(seqs);
    expect(page.messages.flatMap((message) => (message.type === 'anomalies' ? message.anomalies.map(({ rule }) => rule) : []))).toEqual(rules);
    expect(page.messages.filter(({ type }) => type === 'skipped')).toEqual([]);
  });

  it('tells a slow page with conditions what of them it missed', async () => {
    const running = await runningService();
    const producer = await startRun(running, 'a');
    const page = await Page.open(running, '?thread=1');
    await page.first('hello');
    const last = 4096 * 4;
    for (let next = 1; next <= last; next += 4096) producer.batch(sampleBatch(next, next + 4095));
    await producer.acknowledged(last);
    producer.bye(last);
    await page.first('run-ended');
    const seen = page.messages.reduce((sum, message) => sum + (message.type === 'records' ? message.rows.length : message.type === 'skipped' ? message.records : 0), 0);
    expect(seen).toBe(last / 2);
  });

  it.each(['', '?anomalies=only'])('tells every page how jobs get on, also one that comes later (%s)', async (query) => {
    const running = await runningService();
    const producer = await startRun(running, 'a');
    producer.batch(batchOf([shortReplyRecord(1)], SAMPLE_SUBJECTS));
    await producer.acknowledged(1);
    producer.bye(1);
    while (!(await producer.next('ack')).finished);
    const page = await Page.open(running, query);
    await page.first('hello');
    const jobs = (kind: string): LiveJob['job'][] => page.messages.flatMap((message) => (message.type === 'job' && message.job.kind === kind ? [message.job] : []));
    const { id } = (await running.service.app.inject({ method: 'POST', url: '/api/recheck', payload: { select: 'all' } })).json<{ id: string }>();
    await expect.poll(() => jobs('recheck').at(-1), { timeout: 30_000 }).toMatchObject({ id, state: 'done', progress: { runs: 1, runsDone: 1, records: 1, recordsDone: 1 } });
    expect(jobs('recheck').map(({ state }) => state)).toEqual(expect.arrayContaining(['waiting', 'running', 'done']));
    expect((await running.service.app.inject({ method: 'POST', url: '/api/admin/check' })).statusCode).toBe(200);
    await expect.poll(() => [...new Set(jobs('check').map(({ state }) => state))], { timeout: 30_000 }).toEqual(['waiting', 'running', 'done']);
    expect((await running.service.app.inject('/api/jobs')).json()).toMatchObject({ jobs: [{ kind: 'check', state: 'done' }, { id, kind: 'recheck' }] });
  });

  it('says when the producer is gone', async () => {
    const running = await runningService();
    const producer = await startRun(running, 'a');
    const page = await Page.open(running);
    await page.first('hello');
    producer.terminate();
    expect(await page.first('run-ended')).toMatchObject({ run: { state: 'interrupted' } });
  });

  it('tells a page that cannot keep up what it missed, without a gap', async () => {
    const running = await runningService();
    const producer = await startRun(running, 'a');
    const page = await Page.open(running);
    await page.first('hello');
    page.socket.pause();
    // Far more than the buffers of both ends of a connection take.
    const last = 300 * 16 * 16;
    for (let next = 1; next <= last;) {
      for (let i = 0; i < 16; i++, next += 16) producer.batch(sampleBatch(next, next + 15));
      await producer.acknowledged(next - 1);
    }
    producer.bye(last);
    page.socket.resume();
    expect((await page.first('run-ended')).run.records).toBe(last);
    let next = 1;
    let skipped = 0;
    for (const message of page.messages) {
      if (message.type === 'skipped' && message.records > 0) {
        expect(message).toMatchObject({ from: next, to: next + message.records - 1 });
        next += message.records;
        skipped += message.records;
      } else if (message.type === 'records') {
        for (const { seq } of message.rows) expect(seq).toBe(next++);
      }
    }
    expect(next).toBe(last + 1);
    expect(skipped).toBeGreaterThan(0);
  });

  it.each([
    ['?run=nothing', {}, 404, 'unknown-run'],
    ['?run=../x', {}, 400, 'bad-request'],
    ['?rnu=latest', {}, 400, 'bad-request'],
    ['?method=Nothing', {}, 400, 'bad-request'],
    ['?outcome=bad', {}, 400, 'bad-request'],
    ['?rule=x', {}, 400, 'bad-request'],
    ['?thread=x', {}, 400, 'bad-request'],
    ['', { origin: 'http://evil.example' }, 403, 'forbidden-origin'],
    ['', { host: 'evil.example' }, 403, 'forbidden-host'],
  ])('refuses %s %j with %i', async (query, headers, status, code) => {
    const running = await runningService();
    const socket = new WebSocket(`${running.address.url.replace('http', 'ws')}/live${query}`, { headers });
    const [found, body] = await new Promise<[number, string]>((resolve, reject) => {
      socket.once('open', () => reject(new Error('it opened')));
      socket.once('error', () => undefined);
      socket.once('unexpected-response', (_request, response) => {
        let text = '';
        response.on('data', (part: Buffer) => { text += part.toString(); });
        response.on('end', () => resolve([response.statusCode ?? 0, text]));
      });
    });
    expect(found).toBe(status);
    expect(JSON.parse(body)).toMatchObject({ error: code });
  });

  it('lets a page of the service itself in', async () => {
    const running = await runningService();
    const socket = new WebSocket(`${running.address.url.replace('http', 'ws')}/live`, { headers: { origin: running.address.url } });
    onTestFinished(() => socket.terminate());
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  });
});
