// SPDX-License-Identifier: BSD-2-Clause
/** The live feed as something to iterate over. */
import type { LiveMessage } from '../api/live.ts';
import { ClientError } from './error.ts';

/** What is needed of a WebSocket, in browsers and of the package `ws`. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  close(): void;
}

export interface LiveSource {
  /** Opens the feed. Rejects with a {@link ClientError}: `unreachable` is tried again, all else ends the iteration. */
  readonly open: () => Promise<Socket>;
  /** Why a connection was refused that did not open; resolves when it may be tried again, rejects when not. */
  readonly explain: () => Promise<void>;
}

const FIRST_RETRY = 500;
const LONGEST_RETRY = 10_000;
/** Messages that wait for the one who iterates; beyond that the feed is left and opened anew, and its `hello` says how far the run is. */
const MOST_WAITING = 1000;

/** Messages until `signal` aborts. Each connection begins with `hello`: after one that was lost, it tells what was missed. */
export async function* liveMessages({ open, explain }: LiveSource, signal: AbortSignal): AsyncGenerator<LiveMessage, void, void> {
  let failures = 0;
  while (!signal.aborted) {
    const connection = new Connection();
    const leave = (): void => connection.end();
    signal.addEventListener('abort', leave, { once: true });
    try {
      connection.listen(await open());
      if (signal.aborted) return;
      for (let message = await connection.next(); message !== undefined; message = await connection.next()) {
        failures = 0;
        yield message;
      }
      if (!connection.opened && !signal.aborted) await explain();
    } catch (failure) {
      if (!(failure instanceof ClientError && failure.code === 'unreachable')) throw failure;
    } finally {
      signal.removeEventListener('abort', leave);
      connection.end();
    }
    await pause(Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** failures++), signal);
  }
}

/** One connection to the feed: its messages, until it ends. */
class Connection {
  opened = false;
  private socket: Socket | undefined;
  private ended = false;
  private readonly waiting: LiveMessage[] = [];
  private wake: () => void = () => undefined;

  listen(socket: Socket): void {
    this.socket = socket;
    socket.onopen = () => { this.opened = true; };
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      if (this.waiting.length >= MOST_WAITING) return this.end();
      this.waiting.push(JSON.parse(String(data)) as LiveMessage);
      this.wake();
    };
    socket.onerror = () => undefined;
    socket.onclose = () => this.end();
    if (this.ended) this.end();
  }

  /** Waits for the next message; undefined when there will be none. */
  async next(): Promise<LiveMessage | undefined> {
    while (this.waiting.length === 0 && !this.ended) await new Promise<void>((resolve) => { this.wake = resolve; });
    return this.waiting.shift();
  }

  end(): void {
    this.ended = true;
    this.wake();
    if (this.socket === undefined) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
