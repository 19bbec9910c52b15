// SPDX-License-Identifier: BSD-2-Clause
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { BatchReader } from '../../schema/trace/batch.ts';
import { UNKNOWN_ORIGIN, type RunDescription } from '../../schema/trace/names.ts';
import { SyntheticTrace } from '../../schema/trace/synthetic-trace.ts';
import { TrapRecord } from '../../schema/trace/trap-record.ts';
import { decodeClientMessage, encodeServerMessage } from '../../schema/trace/wire.ts';
import type { Bye, ClientMessage, Hello, ServerMessage } from '../../schema/trace/wire.ts';
import { BatchingSink } from './batching-sink.ts';
import { TraceClient } from './trace-client.ts';
import type { TraceClientOptions } from './trace-client.ts';
import { TraceError } from './trace-error.ts';

const RUN: RunDescription = { id: 'run-1', program: 'test', kernel: 'model', kernelVersion: '16.0.0', configuration: 'riscv64-mcs', seed: 1, defects: [], ...UNKNOWN_ORIGIN };
const FAST: TraceClientOptions = { firstRetryMs: 1, maxRetryMs: 4, retries: 5 };

/** Where a service loses the connection, relative to one frame. */
type Loss = 'before' | 'committed' | 'acknowledged';

interface ServiceOptions {
  readonly window?: number;
  readonly maxFrameBytes?: number;
  /** Asked for each frame after the first Hello; the count goes over all connections. */
  readonly lose?: (frame: number, message: ClientMessage) => Loss | undefined;
  /** Does something else than a service does; true when it did. */
  readonly misbehave?: (message: ClientMessage, socket: WebSocket, service: Service) => boolean;
}

/** A trace service that keeps one run in memory, commits every frame at once, and refuses gaps as real ones do. Records that come twice are a complaint. */
class Service {
  readonly server: WebSocketServer;
  readonly hellos: Hello[] = [];
  readonly seqs: number[] = [];
  readonly thread: number[] = [];
  readonly names: string[] = [];
  readonly complaints: string[] = [];
  readonly sockets: WebSocket[] = [];
  ended: Bye | undefined;
  gaps = 0;
  frames = 0;
  private readonly options: ServiceOptions;

  private constructor(server: WebSocketServer, options: ServiceOptions) {
    this.server = server;
    this.options = options;
    server.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.on('message', (data) => this.take(decodeClientMessage(data as Buffer), socket));
    });
  }

  static async start(options: ServiceOptions = {}): Promise<Service> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => server.once('listening', resolve));
    const service = new Service(server, options);
    opened.push(service);
    return service;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  send(socket: WebSocket, message: ServerMessage): void {
    socket.send(encodeServerMessage(message));
  }

  async stop(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(message: ClientMessage, socket: WebSocket): void {
    if (socket.readyState !== socket.OPEN) return;
    const loss = this.hellos.length > 0 ? this.options.lose?.(++this.frames, message) : undefined;
    if (loss === 'before') return socket.terminate();
    if (this.options.misbehave?.(message, socket, this)) return;
    const answer = this.commit(message);
    if (loss === 'committed') return socket.terminate();
    this.send(socket, answer);
    if (loss === 'acknowledged') setImmediate(() => socket.terminate());
  }

  commit(message: ClientMessage): ServerMessage {
    if (message.kind === 'hello') {
      this.hellos.push(message);
      return { kind: 'welcome', run: message.run.id, nextSeq: this.seqs.length + 1, maxFrameBytes: this.options.maxFrameBytes ?? 1 << 20, window: this.options.window ?? 4 };
    }
    if (message.kind === 'bye') {
      if (message.lastSeq !== this.seqs.length) return this.refuseGap();
      this.ended = message;
      return { kind: 'ack', committedSeq: this.seqs.length, finished: true };
    }
    const batch = new BatchReader(message.bytes);
    if (batch.firstSeq > this.seqs.length + 1) return this.refuseGap();
    this.store(batch);
    return { kind: 'ack', committedSeq: this.seqs.length, finished: false };
  }

  private refuseGap(): ServerMessage {
    this.gaps++;
    return { kind: 'problem', code: 'sequence', message: 'records are missing', fatal: false };
  }

  private store(batch: BatchReader): void {
    const record = new TrapRecord();
    for (const subject of batch.subjects) this.names.push(subject.name);
    while (batch.next(record)) {
      if (record.seq <= this.seqs.length) this.complaints.push(`record ${record.seq} again, after ${this.seqs.length}`);
      this.seqs.push(record.seq);
      this.thread.push(record.thread);
    }
  }
}

const opened: Service[] = [];
afterEach(async () => {
  for (const service of opened.splice(0)) await service.stop();
});

/** Sends a synthetic trace as an emulator does: waits while there is no room. */
async function produce(client: TraceClient, count: number, recordsPerBatch = 10): Promise<number[]> {
  const sink = new BatchingSink((batch) => client.send(batch), { records: recordsPerBatch });
  const trace = new SyntheticTrace(count);
  const threads: number[] = [];
  sink.subject({ id: 1, type: 12, name: 'rootserver' });
  for (let record = trace.next(); record !== undefined; record = trace.next()) {
    threads.push(record.thread);
    sink.record(record);
    await client.ready();
  }
  sink.subject({ id: 1, type: 12, name: 'renamed' });
  sink.end();
  return threads;
}

function turn(): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve); });
}

/** Runs a test in which only `pass(ms)` lets the time of timers pass; sockets go on as ever. */
async function withTimers<T>(test: (pass: (ms: number) => Promise<void>) => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    return await test(async (ms) => {
      vi.advanceTimersByTime(ms);
      await turn();
    });
  } finally {
    vi.useRealTimers();
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => 'nothing went wrong', (error: unknown) => (error instanceof TraceError ? error.code : `not a TraceError: ${String(error)}`));
}

describe('TraceClient', () => {
  it('brings all records of a run to the service, and says how it ended', async () => {
    const service = await Service.start();
    const client = await TraceClient.connect(service.url, RUN, FAST);
    const threads = await produce(client, 505);
    await client.close('failed', 'why');
    expect(service.complaints).toEqual([]);
    expect(service.thread).toEqual(threads);
    expect(service.names).toEqual(['rootserver', 'renamed']);
    expect(service.ended).toEqual({ kind: 'bye', lastSeq: 505, end: 'failed', detail: 'why' });
    expect(service.hellos).toEqual([{ kind: 'hello', protocolVersion: 1, run: RUN, resume: false }]);
    expect(client.committedSeq).toBe(505);
    expect(() => client.send({ bytes: new Uint8Array(0), firstSeq: 506, count: 1 })).toThrow(/closed/);
    await expect(client.close('completed')).resolves.toBeUndefined();
  });

  it('ends a run without records', async () => {
    const service = await Service.start();
    const client = await TraceClient.connect(service.url, RUN);
    await client.close('completed');
    expect(service.ended).toMatchObject({ lastSeq: 0, end: 'completed' });
  });

  it('has no more batches under way than the window, and tells when there is no room', async () => {
    const held: (() => void)[] = [];
    let mostHeld = 0;
    const service = await Service.start({
      window: 3,
      misbehave: (message, socket, self) => {
        if (message.kind === 'hello') return false;
        held.push(() => self.send(socket, self.commit(message)));
        if (message.kind === 'batch') mostHeld = Math.max(mostHeld, held.length);
        return true;
      },
    });
    const client = await TraceClient.connect(service.url, RUN, { ...FAST, maxUnacknowledged: 5 });
    let made = 0;
    const sink = new BatchingSink((batch) => { made++; client.send(batch); }, { records: 1 });
    const trace = new SyntheticTrace(40);
    for (let record = trace.next(); record !== undefined && client.ready() === undefined; record = trace.next()) sink.record(record);
    expect(made).toBe(5);
    const waiting = client.ready()!;
    while (held.length < 3) await turn();
    for (let i = 0; i < 20; i++) await turn();
    expect(held.length).toBe(3);
    held.splice(0).forEach((acknowledge) => acknowledge());
    await waiting;
    expect(client.ready()).toBeUndefined();
    const closed = client.close('completed');
    while (service.ended === undefined) {
      held.splice(0).forEach((acknowledge) => acknowledge());
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await closed;
    expect(mostHeld).toBe(3);
    expect(service.seqs.length).toBe(5);
  });
});

describe('after a lost connection', () => {
  const moments = (['before', 'committed', 'acknowledged'] as const).flatMap((loss) => [1, 2, 5, 8, 12, 13].map((frame) => [loss, frame] as const));
  it.each(moments)('nothing is missing and nothing there twice: %s frame %i', async (loss, frame) => {
    const service = await Service.start({ lose: (n) => (n === frame ? loss : undefined) });
    const client = await TraceClient.connect(service.url, RUN, FAST);
    const threads = await produce(client, 100);
    await client.close('completed');
    expect([service.complaints, service.gaps]).toEqual([[], 0]);
    expect(service.thread).toEqual(threads);
    expect(service.names.at(-1)).toBe('renamed');
    expect(service.ended).toMatchObject({ lastSeq: 100 });
    expect(service.hellos.map((hello) => hello.resume).slice(0, 2)).toEqual(service.hellos.length > 1 ? [false, true] : [false]);
  });

  it('nor after many, one every few frames', async () => {
    const losses: Loss[] = ['before', 'committed', 'acknowledged'];
    const service = await Service.start({ window: 2, lose: (n) => (n % 5 === 0 ? losses[(n / 5) % 3] : undefined) });
    const client = await TraceClient.connect(service.url, RUN, FAST);
    const threads = await produce(client, 800);
    await client.close('completed');
    expect([service.complaints, service.gaps]).toEqual([[], 0]);
    expect(service.thread).toEqual(threads);
    expect(service.hellos.length).toBeGreaterThan(10);
  });

  it('also when the service says politely that it goes, or that it missed something', async () => {
    let told = 0;
    const service = await Service.start({
      misbehave: (message, socket, self) => {
        if (message.kind !== 'batch' || ++told % 6 !== 0) return false;
        if (told % 12 === 0) self.send(socket, { kind: 'problem', code: 'sequence', message: 'send it again', fatal: false });
        else socket.close(1001, 'going away');
        return true;
      },
    });
    const client = await TraceClient.connect(service.url, RUN, FAST);
    const threads = await produce(client, 300);
    await client.close('completed');
    expect(service.complaints).toEqual([]);
    expect(service.thread).toEqual(threads);
    expect(service.hellos.length).toBeGreaterThan(5);
  });

  it('also when the service answers no more', async () => {
    const service = await Service.start({ misbehave: (message, _, self) => message.kind === 'batch' && self.hellos.length === 1 });
    const client = await withTimers(async (pass) => {
      const connecting = TraceClient.connect(service.url, RUN, { ...FAST, silenceMs: 1000 });
      await pass(10);
      const connected = await connecting;
      await produce(connected, 30);
      while (service.hellos.length < 2) await pass(1);
      return connected;
    });
    await client.close('completed');
    expect([service.complaints, service.gaps, service.seqs.length, service.hellos.length]).toEqual([[], 0, 30, 2]);
  });

  it('an idle connection is not taken for a lost one', async () => {
    const service = await Service.start();
    const client = await TraceClient.connect(service.url, RUN, FAST);
    await withTimers(async (pass) => {
      await produce(client, 20);
      while (client.committedSeq < 20) await pass(0);
      await pass(1_000_000);
    });
    await client.close('completed');
    expect([service.seqs.length, service.hellos.length]).toEqual([20, 1]);
  });

  it('nor is one taken for lost because the producer stood still', async () => {
    const service = await Service.start();
    const client = await TraceClient.connect(service.url, RUN, { ...FAST, silenceMs: 1000 });
    await produce(client, 20);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200);
    await client.close('completed');
    expect([service.seqs.length, service.hellos.length]).toEqual([20, 1]);
  });

  it('gives up after so many attempts without progress, and tells everybody who waits', async () => {
    const service = await Service.start();
    const client = await TraceClient.connect(service.url, RUN, { ...FAST, retries: 2, maxUnacknowledged: 1 });
    await service.stop();
    const sink = new BatchingSink((batch) => client.send(batch), { records: 1 });
    sink.record(new SyntheticTrace(1).next()!);
    const room = client.ready()!;
    const closed = client.close('completed');
    expect(await codeOf(room)).toBe('lost');
    expect(await codeOf(closed)).toBe('lost');
    await expect(client.ready()).rejects.toThrow(/lost the trace service at ws:.*records after 0 are not stored/);
    expect(() => client.send({ bytes: new Uint8Array(0), firstSeq: 2, count: 1 })).toThrow(TraceError);
  });

  it('gives up when the service has lost records that it had acknowledged', async () => {
    const service = await Service.start();
    const client = await TraceClient.connect(service.url, RUN, FAST);
    await produce(client, 30);
    while (client.committedSeq < 30) await new Promise((resolve) => setTimeout(resolve, 1));
    service.seqs.length = 10;
    for (const socket of service.sockets) socket.terminate();
    await expect(client.close('completed')).rejects.toThrow(/has lost records: it wants to go on with 11, but it had acknowledged all up to 30/);
  });
});

describe('a TraceClient refuses to go on', () => {
  it('when nobody listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const connecting = TraceClient.connect(`ws://127.0.0.1:${port}`, RUN, FAST);
    await expect(connecting).rejects.toThrow(/cannot connect to the trace service at ws:.*ECONNREFUSED/);
    expect(await codeOf(connecting)).toBe('unreachable');
  });

  it('when the address is no WebSocket', async () => {
    const server = createServer((_, response) => { response.statusCode = 404; response.end(); });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(TraceClient.connect(`ws://127.0.0.1:${port}/nothing`, RUN, FAST)).rejects.toThrow(/cannot connect.*(404|426|Unexpected|hang up)/);
    await new Promise((resolve) => server.close(resolve));
    expect(await codeOf(TraceClient.connect('not a url', RUN))).toBe('unreachable');
  });

  const answerHello = (...messages: ServerMessage[]): ServiceOptions => ({
    misbehave: (message, socket, self) => {
      if (message.kind !== 'hello') return false;
      for (const answer of messages) self.send(socket, answer);
      return true;
    },
  });
  const welcome: ServerMessage = { kind: 'welcome', run: RUN.id, nextSeq: 1, maxFrameBytes: 1000, window: 1 };

  it('when the service refuses the run, fatally or not', async () => {
    for (const fatal of [true, false]) {
      const service = await Service.start(answerHello({ kind: 'problem', code: 'runExists', message: 'run run-1 is known', fatal }));
      const connecting = TraceClient.connect(service.url, RUN, FAST);
      await expect(connecting).rejects.toThrow('the trace service reports: run run-1 is known');
      expect(await codeOf(connecting)).toBe('runExists');
    }
  });

  it('when the run is not new to the service', async () => {
    const service = await Service.start(answerHello({ ...welcome, nextSeq: 8 }));
    await expect(TraceClient.connect(service.url, RUN, FAST)).rejects.toThrow(/wants to go on with record 8, but this run has no more than 0/);
  });

  it('when the service closes at once', async () => {
    const service = await Service.start({ misbehave: (_, socket) => { socket.close(1013, 'try later'); return true; } });
    await expect(TraceClient.connect(service.url, RUN, FAST)).rejects.toThrow(/cannot connect.*try later/);
  });

  it.each<[string, ServerMessage[], RegExp]>([
    ['acknowledges before its Welcome', [{ kind: 'ack', committedSeq: 0, finished: false }], /before its Welcome/],
    ['welcomes twice', [welcome, welcome], /Welcome twice/],
    ['acknowledges what was not sent', [welcome, { kind: 'ack', committedSeq: 5, finished: false }], /acknowledged record 5/],
    ['finishes what has not ended', [welcome, { kind: 'ack', committedSeq: 0, finished: true }], /has not ended/],
  ])('when the service %s', async (_, answers, message) => {
    const service = await Service.start(answerHello(...answers));
    const client = TraceClient.connect(service.url, RUN, FAST).then(async (connected) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      await connected.close('completed');
    });
    await expect(client).rejects.toThrow(message);
    expect(await codeOf(client)).toBe('protocol');
  });

  it('when an answer is none', async () => {
    for (const data of [Buffer.from([0xff]), 'text']) {
      const service = await Service.start({ misbehave: (_, socket) => { socket.send(data); return true; } });
      expect(await codeOf(TraceClient.connect(service.url, RUN, FAST))).toBe('protocol');
    }
  });

  it('when a batch is larger than the service takes', async () => {
    const service = await Service.start({ maxFrameBytes: 200 });
    const client = await TraceClient.connect(service.url, RUN, FAST);
    await expect(produce(client, 100, 100).then(() => client.close('completed'))).rejects.toThrow(/takes 200 at most/);
  });

  it('when a batch does not follow the last one', async () => {
    const service = await Service.start();
    const client = await TraceClient.connect(service.url, RUN, FAST);
    expect(() => client.send({ bytes: new Uint8Array(0), firstSeq: 3, count: 1 })).toThrow(RangeError);
    await client.close('completed');
  });

  it('when it is aborted', async () => {
    const service = await Service.start({ misbehave: (message) => message.kind === 'bye' });
    const client = await TraceClient.connect(service.url, RUN, FAST);
    const closed = client.close('completed');
    client.abort();
    client.abort();
    expect(await codeOf(closed)).toBe('closed');
    expect(await codeOf(client.close('completed'))).toBe('closed');
  });

  it.each<[number, string, string]>([
    [401, 'refused', 'the token is not valid; ask for one'], [403, 'refused', 'the token is not valid; ask for one'], [503, 'unreachable', 'status 503: the token is not valid; ask for one'],
  ])('when the service answers %i in place of a WebSocket', async (status, code, text) => {
    const asked: (string | undefined)[] = [];
    const server = createServer();
    server.on('upgrade', (request, socket) => {
      asked.push(request.headers.authorization);
      const body = JSON.stringify({ error: 'x', message: 'the token is not valid', hint: 'ask for one' });
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const connecting = TraceClient.connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, RUN, { ...FAST, token: 'secret' });
    await expect(connecting).rejects.toThrow(text);
    expect([await codeOf(connecting), asked]).toEqual([code, ['Bearer secret']]);
    await expect(connecting).rejects.not.toThrow('secret');
    await new Promise((resolve) => { server.close(resolve); });
  });
});
