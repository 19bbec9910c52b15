// SPDX-License-Identifier: BSD-2-Clause
/**
 * Frames that are made of real ones and malformed: each is answered, and nothing else happens. `SEL4SCOPE_MALFORMED` is how many
 * are sent, 2000 unless set.
 */
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { RunList } from '../../schema/api/index.ts';
import { mutateFrame } from '../../schema/trace/testing/mutate-frame.ts';
import { seedFrames } from '../../schema/trace/testing/seed-frames.ts';
import { seeded } from '../../schema/trace/testing/seeded.ts';
import { decodeServerMessage, encodeClientMessage, type ServerMessage } from '../../schema/trace/wire.ts';
import { runningService } from '../testing/fixture.ts';
import { TestProducer } from '../testing/producer.ts';
import { sampleBatch } from '../testing/sample-records.ts';

const FRAMES = Number(process.env['SEL4SCOPE_MALFORMED'] ?? 2000);
const AT_A_TIME = 64;
/** Batches are answered with the next commit. */
const RUNS = 2 * AT_A_TIME;

/** Growth of the process between an eighth of the way and the end that is no leak: caches, and memory that is not given back. */
const GROWTH_ALLOWED = 200 << 20;

/** A Bye that is refused without ending the connection: what comes before the refusal is all that there was to say. */
const BARRIER = encodeClientMessage({ kind: 'bye', lastSeq: Number.MAX_SAFE_INTEGER, end: 'completed', detail: '' });

/** Sends frames on a connection of their own; what the service says to the last of them: a problem, or its first other answer. */
function conversation(url: string, frames: readonly Uint8Array[]): Promise<ServerMessage> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    let answers = 0;
    let last: ServerMessage | undefined;
    const settle = (message: ServerMessage): void => {
      socket.close();
      resolve(message);
    };
    socket.on('open', () => { socket.send(frames[0]!); });
    socket.on('message', (data: Buffer) => {
      const message = decodeServerMessage(data);
      answers++;
      if (last !== undefined) return settle(message.kind === 'problem' && message.code !== 'sequence' ? message : last);
      if (message.kind === 'problem') return settle(message);
      if (answers < frames.length) return socket.send(frames[answers]!);
      last = message;
      socket.send(BARRIER);
    });
    socket.on('close', (code) => reject(new Error(`closed with ${code} and no answer after ${answers} answers`)));
    socket.on('error', reject);
  });
}

it('malformed frames are answered with what is wrong, and cost nobody else anything', async () => {
  // Connections of the round before may still be closing.
  const running = await runningService({ limits: { socketsOfNetwork: 4 * AT_A_TIME, sockets: 4 * AT_A_TIME } });
  const { ingestUrl } = running.address;
  const good = await running.producer();
  good.hello({ id: 'good' });
  await good.next('welcome');

  const below = seeded(3);
  const kinds = new Map<string, number>();
  let memory = 0;
  for (let sent = 0; sent < FRAMES; sent += AT_A_TIME) {
    if (sent >= FRAMES / 8 && memory === 0) memory = process.memoryUsage().rss;
    await Promise.all(Array.from({ length: AT_A_TIME }, async (_, i) => {
      const seeds = seedFrames(`run-${(sent + i) % RUNS}`);
      const frame = mutateFrame(seeds[below(seeds.length)]!, seeds[below(seeds.length)]!, below);
      const frames = below(4) === 0 ? [frame] : [seeds[0]!, frame];
      const message = await conversation(ingestUrl, frames).catch((error: unknown) => {
        throw new Error(`${frames.map((each) => Buffer.from(each).toString('hex')).join(' ')}: ${String(error)}`);
      });
      const kind = message.kind === 'problem' ? message.code : message.kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (message.kind === 'problem') expect(message.message).toMatch(/\w+ \w+/);
    }));
    const next = 1 + 4 * (sent / AT_A_TIME);
    good.batch(sampleBatch(next, next + 3));
    await good.acknowledged(next + 3);
  }
  process.stderr.write(`${FRAMES} frames: ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}\n`);
  expect([...kinds.keys()]).toEqual(expect.arrayContaining(['badMessage', 'badBatch', 'unexpectedMessage']));
  expect(kinds.get('store') ?? 0).toBe(0);
  expect(process.memoryUsage().rss - memory).toBeLessThan(GROWTH_ALLOWED);

  const last = 4 * Math.ceil(FRAMES / AT_A_TIME);
  good.bye(last);
  expect(await good.next('ack')).toEqual({ kind: 'ack', committedSeq: last, finished: true });
  const { runs } = (await running.service.app.inject('/api/runs')).json<RunList>();
  expect(runs.find(({ run }) => run === 'good')).toMatchObject({ state: 'ended', records: last, anomalies: { error: 0, warning: 0 } });
}, 3_600_000);

it('what is no frame at all is answered too', async () => {
  const running = await runningService();
  for (const [frame, message] of [['text', /a text frame/], [new Uint8Array(0), /without a body/], [new Uint8Array(0), /without a body/], [new Uint8Array(5 << 20), /largest that is taken/]] as const) {
    const producer = await TestProducer.connect(running.address.ingestUrl);
    producer.send(frame);
    expect((await producer.problem()).message).toMatch(message);
    await producer.closing();
  }
  const hello = encodeClientMessage({ kind: 'bye', lastSeq: 0, end: 'completed', detail: '' });
  expect(await conversation(running.address.ingestUrl, [hello])).toMatchObject({ kind: 'problem', code: 'unexpectedMessage' });
});
