// SPDX-License-Identifier: BSD-2-Clause
/** `sel4scope/client` in Node, which has no WebSocket of its own before release 22. */
import { WebSocket } from 'ws';
import { createClient as create, type Client, type ClientOptions, type Socket } from '../schema/client/index.ts';

export * from '../schema/client/index.ts';

export function createClient(options: ClientOptions): Client {
  return create({ WebSocket: WebSocket as unknown as new (url: string) => Socket, ...options });
}
