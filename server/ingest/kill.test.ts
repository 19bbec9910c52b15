// SPDX-License-Identifier: BSD-2-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { BatchReader } from '../../schema/trace/batch.ts';
import { openStore } from '../open-store.ts';
import { packageFile } from '../package-paths.ts';
import { openReader } from '../store/open.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { TestProducer } from '../testing/producer.ts';
import { sampleBatch } from '../testing/sample-records.ts';

const SERVER = `
  import(process.argv[1])
    .then(({ createService }) => createService({ dataDirectory: process.argv[2] }))
    .then((service) => service.listen({ port: 0 }))
    .then(({ ingestUrl }) => console.log(ingestUrl));
`;

interface Server {
  readonly process: ChildProcess;
  readonly ingestUrl: string;
}

async function startServer(directory: string): Promise<Server> {
  const child = spawn(process.execPath, ['-e', SERVER, packageFile('dist/server/index.js').href, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => { child.kill('SIGKILL'); });
  const ended = once(child, 'exit').then(() => { throw new Error('the service ended before it listened'); });
  const [ingestUrl] = await Promise.race([once(createInterface({ input: child.stdout! }), 'line'), ended]) as [string];
  ended.catch(() => undefined);
  return { process: child, ingestUrl };
}

const BATCH = 50;
const LAST = 20_000;

/** Sends from `next` on, with up to a window of batches under way, until `acks` acknowledgements came or all are sent. Returns the last acknowledged record. */
async function sendSome(producer: TestProducer, next: number, acks: number): Promise<number> {
  let acknowledged = next - 1;
  for (let i = 0; i < acks && acknowledged < LAST; i++) {
    while (next <= LAST && next - acknowledged <= 20 * BATCH) {
      const last = Math.min(LAST, next + BATCH - 1);
      producer.batch(sampleBatch(next, last));
      next = last + 1;
    }
    acknowledged = (await producer.next('ack')).committedSeq;
  }
  return acknowledged;
}

it('a service that is killed loses nothing that it acknowledged, and its producer goes on without gap or double', async () => {
  const directory = temporaryDirectory();
  let acknowledged = 0;
  for (const acks of [1, 4, 9]) {
    const server = await startServer(directory);
    const producer = await TestProducer.connect(server.ingestUrl);
    producer.hello({}, true);
    const { nextSeq } = await producer.next('welcome');
    expect(nextSeq).toBeGreaterThan(acknowledged);
    acknowledged = await sendSome(producer, nextSeq, acks);
    expect(acknowledged).toBeLessThan(LAST);
    server.process.kill('SIGKILL');
    await once(server.process, 'exit');
    const db = openReader(directory);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
  }

  const server = await startServer(directory);
  const producer = await TestProducer.connect(server.ingestUrl);
  producer.hello({}, true);
  const { nextSeq } = await producer.next('welcome');
  expect(nextSeq).toBeGreaterThan(acknowledged);
  await sendSome(producer, nextSeq, Infinity);
  producer.bye(LAST);
  expect(await producer.next('ack')).toEqual({ kind: 'ack', committedSeq: LAST, finished: true });
  expectEveryRecordOnce(directory);
});

function expectEveryRecordOnce(directory: string): void {
  const db = openReader(directory);
  let next = 1;
  for (const body of db.prepare('SELECT body FROM chunk ORDER BY first_seq').pluck().iterate() as IterableIterator<Buffer>) {
    const batch = new BatchReader(body);
    expect(batch.firstSeq).toBe(next);
    next += batch.count;
  }
  db.close();
  expect(next).toBe(LAST + 1);
  const store = openStore(directory, { readOnly: true });
  const { summary, methods, replies } = store.run('latest');
  expect(summary).toMatchObject({ state: 'ended', records: LAST, anomalies: { error: 0, warning: 0, info: 0 } });
  expect(replies).toBe(LAST / 2);
  expect(methods.map(({ records }) => records)).toEqual([LAST / 4, LAST / 4, LAST / 4, LAST / 4]);
  store.close();
}
