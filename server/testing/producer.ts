// SPDX-License-Identifier: BSD-2-Clause
/** A trace producer for tests: says over a real WebSocket exactly what it is told to. */
import { WebSocket, type ClientOptions } from 'ws';
import type { RunDescription } from '../../schema/trace/names.ts';
import { decodeServerMessage, encodeClientMessage, PROTOCOL_VERSION, type RunEnd, type ServerMessage } from '../../schema/trace/wire.ts';
import { SAMPLE_RUN } from './sample-records.ts';

type Kind = ServerMessage['kind'];

export class TestProducer {
  private readonly socket: WebSocket;
  private readonly inbox: ServerMessage[] = [];
  private wake: () => void = () => undefined;
  /** Close code, once the connection is closed. */
  closed: number | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.inbox.push(decodeServerMessage(data));
      this.wake();
    });
    socket.on('close', (code) => {
      this.closed = code;
      this.wake();
    });
    socket.on('error', () => undefined);
  }

  static async connect(ingestUrl: string, options: ClientOptions = {}): Promise<TestProducer> {
    const socket = new WebSocket(ingestUrl, { perMessageDeflate: false, ...options });
    const producer = new TestProducer(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return producer;
  }

  hello(run: Partial<RunDescription> = {}, resume = false): void {
    this.send(encodeClientMessage({ kind: 'hello', protocolVersion: PROTOCOL_VERSION, run: { ...SAMPLE_RUN, ...run }, resume }));
  }

  batch(bytes: Uint8Array): void {
    this.send(encodeClientMessage({ kind: 'batch', bytes }));
  }

  bye(lastSeq: number, end: RunEnd = 'completed', detail = ''): void {
    this.send(encodeClientMessage({ kind: 'bye', lastSeq, end, detail }));
  }

  send(frame: Uint8Array | string): void {
    this.socket.send(frame);
  }

  /** The next message, which must be of this kind. */
  async next<K extends Kind>(kind: K): Promise<Extract<ServerMessage, { kind: K }>> {
    const message = await this.any();
    if (message.kind !== kind) throw new Error(`expected ${kind}, got ${JSON.stringify(message)}`);
    return message as Extract<ServerMessage, { kind: K }>;
  }

  /** The next problem, whatever comes before it. */
  async problem(): Promise<Extract<ServerMessage, { kind: 'problem' }>> {
    for (;;) {
      const message = await this.any();
      if (message.kind === 'problem') return message;
    }
  }

  /** Waits until everything up to `seq` is committed. */
  async acknowledged(seq: number): Promise<void> {
    while ((await this.next('ack')).committedSeq < seq);
  }

  /** Waits until the service closes the connection. */
  async closing(): Promise<number> {
    while (this.closed === undefined) await this.waiting();
    return this.closed;
  }

  /** Breaks the connection without a word. */
  terminate(): void {
    this.socket.terminate();
  }

  private async any(): Promise<ServerMessage> {
    for (;;) {
      const message = this.inbox.shift();
      if (message !== undefined) return message;
      if (this.closed !== undefined) throw new Error(`the service closed the connection (${this.closed})`);
      await this.waiting();
    }
  }

  private waiting(): Promise<void> {
    return new Promise((resolve) => { this.wake = resolve; });
  }
}
