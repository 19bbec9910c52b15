// SPDX-License-Identifier: BSD-2-Clause
/** WebSocket `/ingest`: passes producers' frames to the worker and its answers back. */
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { encodeServerMessage, type ProblemCode } from '../../schema/trace/wire.ts';
import { upgradeRequired } from '../plugins/error-replies.ts';
import type { IngestClient } from './ingest-client.ts';
import { MAX_FRAME_BYTES, WINDOW } from './limits.ts';
import type { Answer } from './messages.ts';

/** Close codes of RFC 6455 that a producer sees. */
const CLOSE = Object.freeze({ goingAway: 1001, policy: 1008, tryAgain: 1013 });

/** Besides the window of batches, Hello and Bye can be under way. */
const MOST_PENDING = WINDOW + 2;

interface Producer {
  readonly socket: WebSocket;
  /** Frames that the worker has not dealt with. */
  pending: number;
  closing: boolean;
}

export class Producers {
  private readonly producers = new Map<number, Producer>();
  private stopped: string | undefined;

  get count(): number {
    return this.producers.size;
  }

  /** Frames received and not dealt with, over all producers. */
  get pendingFrames(): number {
    let pending = 0;
    for (const producer of this.producers.values()) pending += producer.pending;
    return pending;
  }

  /** Takes a new connection. */
  add(socket: WebSocket, ingest: IngestClient): void {
    const connection = ingest.connect();
    const producer: Producer = { socket, pending: 0, closing: false };
    this.producers.set(connection, producer);
    if (this.stopped !== undefined) sayAndClose(producer, 'store', this.stopped, CLOSE.tryAgain);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (producer.closing) return;
      const refusal = refuse(producer, data, isBinary);
      if (refusal !== undefined) return sayAndClose(producer, ...refusal, CLOSE.policy);
      producer.pending++;
      ingest.frame(connection, data);
    });
    socket.on('close', () => {
      this.producers.delete(connection);
      ingest.disconnect(connection);
    });
    // A broken connection ends with 'close' as well, and a frame that breaks the protocol of WebSocket breaks it.
    socket.on('error', () => undefined);
  }

  /** Sends what the worker says. Producers that are gone by now get nothing. */
  answer({ connection, message, released, close }: Answer): void {
    const producer = this.producers.get(connection);
    if (producer === undefined) return;
    producer.pending -= released;
    if (producer.closing) return;
    producer.socket.send(encodeServerMessage(message));
    if (!close) return;
    producer.closing = true;
    const again = message.kind === 'problem' && !message.fatal;
    producer.socket.close(again ? (message.code === 'shuttingDown' ? CLOSE.goingAway : CLOSE.tryAgain) : CLOSE.policy);
  }

  /** Nothing is stored any more: tells all producers, those that come later as well. */
  stop(message: string): void {
    this.stopped = message;
    for (const producer of this.producers.values()) if (!producer.closing) sayAndClose(producer, 'store', message, CLOSE.tryAgain);
  }

  /** Ends all connections at once. */
  terminate(): void {
    for (const { socket } of this.producers.values()) socket.terminate();
  }
}

export function ingestEndpoint(app: FastifyInstance, producers: Producers, ingest: IngestClient): void {
  app.route({ method: 'GET', url: '/ingest', config: { access: 'ingest' }, schema: { hide: true }, handler: upgradeRequired, wsHandler: (socket) => producers.add(socket, ingest) });
}

function refuse(producer: Producer, data: Buffer, isBinary: boolean): [ProblemCode, string] | undefined {
  if (!isBinary) return ['badMessage', 'a text frame; messages are binary frames of trace.proto'];
  if (data.byteLength > MAX_FRAME_BYTES) return ['frameTooLarge', `a frame of ${data.byteLength} bytes; the largest that is taken has ${MAX_FRAME_BYTES}`];
  if (producer.pending >= MOST_PENDING) return ['windowExceeded', `more than ${WINDOW} batches without waiting for their acknowledgement`];
  return undefined;
}

/** `policy`: the producer must not come back with the same; else it may. */
function sayAndClose(producer: Producer, code: ProblemCode, message: string, close: number): void {
  producer.closing = true;
  producer.socket.send(encodeServerMessage({ kind: 'problem', code, message, fatal: close === CLOSE.policy }));
  producer.socket.close(close);
}
