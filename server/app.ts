// SPDX-License-Identifier: BSD-2-Clause
/** Puts the trace service together: one Fastify application, one ingest worker, one query worker. */
import type { AddressInfo } from 'node:net';
import websocket from '@fastify/websocket';
import fastify, { LogController, type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { PortInUseError } from './errors.ts';
import { ingestEndpoint, Producers } from './ingest/endpoint.ts';
import { IngestClient } from './ingest/ingest-client.ts';
import { MAX_FRAME_BYTES } from './ingest/limits.ts';
import { liveEndpoint } from './live/endpoint.ts';
import { LiveHub } from './live/hub.ts';
import { packageVersion } from './package-version.ts';
import { useDashboard } from './plugins/dashboard.ts';
import { useErrorReplies } from './plugins/error-replies.ts';
import { useLoopbackOnly } from './plugins/loopback-only.ts';
import { useOpenApi } from './plugins/openapi.ts';
import { useSecurityHeaders } from './plugins/security-headers.ts';
import { useStrictValidation } from './plugins/validation.ts';
import { QueryClient } from './query/query-client.ts';
import { apiRoutes } from './routes/routes.ts';
import type { StatusSource } from './routes/status.ts';
import { dataFile } from './store/location.ts';

export interface ServiceOptions {
  /** Directory of the store; made where it does not exist. */
  readonly dataDirectory: string;
  /** Directory of the built dashboard; without one `/` says that there is none. */
  readonly dashboards?: string;
  /** As for Fastify; nothing is logged unless given. */
  readonly logger?: FastifyServerOptions['logger'];
  /** Most time that one query may take, in ms; 10 s unless given. */
  readonly queryTimeLimit?: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Of the dashboard, without a slash at the end. */
  readonly url: string;
  /** Of the WebSocket that producers connect to. */
  readonly ingestUrl: string;
}

/** A trace service. Without `listen` it answers `app.inject`, which is how its tests ask it. */
export interface Service {
  readonly app: FastifyInstance;
  /** Port 0 lets the system choose. Rejects with a PortInUseError when the port is taken. */
  listen(options: { readonly host?: string; readonly port: number }): Promise<Address>;
  /** Commits what arrived, says goodbye to producers and pages, and lets go of the store. */
  close(): Promise<void>;
}

/** A frame above `MAX_FRAME_BYTES` gets a problem that says so; one above this breaks the connection. */
const HARD_FRAME_LIMIT = 4 * MAX_FRAME_BYTES;
const DEFAULT_QUERY_LIMIT = 10_000;
const LOOPBACK = '127.0.0.1';

/** Opens the store and makes a service on it. Rejects with a DataInUseError or StoreError. */
export async function createService(options: ServiceOptions): Promise<Service> {
  const { dataDirectory } = options;
  const query = new QueryClient(dataDirectory, options.queryTimeLimit ?? DEFAULT_QUERY_LIMIT);
  const producers = new Producers();
  const app = fastify({ logger: options.logger ?? false, logController: new LogController({ disableRequestLogging: true }), forceCloseConnections: true });
  let problem: string | undefined;
  const ingest = await IngestClient.start(dataDirectory, {
    answer: (answer) => producers.answer(answer),
    news: (news) => hub.news(news),
    problem: (message) => {
      problem = message;
      if (message === undefined) app.log.info('the store can be written again');
      else app.log.error(message);
    },
    stopped: (message) => {
      problem = message;
      app.log.fatal(message);
      producers.stop(message);
    },
  });
  const hub = new LiveHub(query, (watched) => ingest.watch(watched));
  const startedAt = new Date().toISOString();
  const version = packageVersion();
  const status: StatusSource = () => ({
    version, startedAt, dataFile: dataFile(dataDirectory),
    producers: producers.count, watchers: hub.count, pendingBatches: producers.pendingFrames,
    ...(problem === undefined ? {} : { problem }),
  });

  // Before all hooks that refuse a request: it ends the sockets of refused upgrades.
  await app.register(websocket, { options: { maxPayload: HARD_FRAME_LIMIT, perMessageDeflate: false } });
  useStrictValidation(app);
  useErrorReplies(app);
  useLoopbackOnly(app);
  useSecurityHeaders(app);
  await useOpenApi(app, version);
  await app.register(async (scope) => {
    ingestEndpoint(scope, producers, ingest);
    liveEndpoint(scope, hub, query);
  });
  await apiRoutes(app, query, ingest, status);
  await useDashboard(app, options.dashboards);
  await app.ready();

  return {
    app,
    listen: ({ host = LOOPBACK, port }) => listen(app, host, port),
    close: async () => {
      await ingest.close();
      producers.terminate();
      hub.terminate();
      await app.close();
      await query.close();
    },
  };
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<Address> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    if ((error as { code?: string }).code === 'EADDRINUSE') throw new PortInUseError(port);
    throw error;
  }
  const address = app.server.address() as AddressInfo;
  const authority = `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  return { host: address.address, port: address.port, url: `http://${authority}`, ingestUrl: `ws://${authority}/ingest` };
}
