// SPDX-License-Identifier: BSD-2-Clause
import type { LiveMessage } from '../../schema/api/index.ts';
import type { Socket } from '../page/state/live.ts';

/** One side of a WebSocket; the test is the other. */
export class FakeSocket implements Socket {
  readonly path: string;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  closed = false;

  constructor(path: string) {
    this.path = path;
  }

  close(): void {
    this.closed = true;
  }

  accept(): void {
    this.onopen?.call(this as unknown as WebSocket, {} as Event);
  }

  say(message: LiveMessage): void {
    this.onmessage?.call(this as unknown as WebSocket, { data: JSON.stringify(message) } as MessageEvent);
  }

  break(): void {
    this.onclose?.call(this as unknown as WebSocket, {} as CloseEvent);
  }
}

/** Keeps every socket that was opened. */
export class FakeSockets {
  readonly all: FakeSocket[] = [];
  readonly open = (path: string): FakeSocket => {
    const socket = new FakeSocket(path);
    this.all.push(socket);
    return socket;
  };

  get last(): FakeSocket {
    return this.all.at(-1)!;
  }
}
