// SPDX-License-Identifier: BSD-2-Clause
/**
 * A service in a process of its own, for the measurements of ingest: `ingest-service.js rules|raw DIRECTORY`. Says its
 * addresses to the parent, and ends at its next word.
 *
 * `raw` is what is left of it without rules: the sockets, the worker and the store.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { createService } from '../server/app.ts';
import { Producers } from '../server/ingest/endpoint.ts';
import { IngestClient } from '../server/ingest/ingest-client.ts';
import { MAX_FRAME_BYTES } from '../server/ingest/limits.ts';
import { workerModule } from '../server/package-paths.ts';

/** What the parent is told first. */
export interface ServiceAddresses {
  readonly url: string;
  readonly ingestUrl: string;
}

interface Running extends ServiceAddresses {
  close(): Promise<void>;
}

async function complete(dataDirectory: string): Promise<Running> {
  const service = await createService({ dataDirectory });
  const { url, ingestUrl } = await service.listen({ port: 0 });
  return { url, ingestUrl, close: () => service.close() };
}

async function raw(directory: string): Promise<Running> {
  const producers = new Producers();
  const ingest = await IngestClient.start(directory, {
    answer: (answer) => producers.answer(answer),
    news: () => {},
    problem: (message) => { if (message !== undefined) throw new Error(message); },
    stopped: (message) => { throw new Error(message); },
  }, workerModule('bench/raw-ingest-worker.ts'));
  const server = createServer((_, response) => response.end('{}'));
  const sockets = new WebSocketServer({ server, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  sockets.on('connection', (socket) => producers.add(socket, ingest));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${authority}`, ingestUrl: `ws://${authority}/ingest`,
    close: async () => {
      await ingest.close();
      producers.terminate();
      server.closeAllConnections();
      server.close();
    },
  };
}

const [mode, directory] = process.argv.slice(2);
const { url, ingestUrl, close } = await (mode === 'raw' ? raw : complete)(directory!);
process.once('message', () => { void close().then(() => process.disconnect()); });
process.send!({ url, ingestUrl } satisfies ServiceAddresses);
