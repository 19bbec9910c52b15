// SPDX-License-Identifier: BSD-2-Clause
/** Puts the trace service together: one Fastify application, one ingest worker, one query worker. */
import type { AddressInfo } from 'node:net';
import websocket from '@fastify/websocket';
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { RetentionPolicy } from '../schema/api/index.ts';
import { PortInUseError } from './errors.ts';
import { ExportClient } from './export/export-client.ts';
import { ingestEndpoint, Producers } from './ingest/endpoint.ts';
import { IngestClient, READ_ONLY, type IngestListener } from './ingest/ingest-client.ts';
import { MAX_FRAME_BYTES } from './ingest/limits.ts';
import { JobBook } from './jobs/job-book.ts';
import { UpkeepJobs } from './jobs/upkeep-jobs.ts';
import { liveEndpoint } from './live/endpoint.ts';
import { LiveHub } from './live/hub.ts';
import { JobNews } from './live/job-news.ts';
import { packageVersion } from './package-version.ts';
import { useAuthentication } from './plugins/authentication.ts';
import { useDashboard } from './plugins/dashboard.ts';
import { refuseUnroutable, useErrorReplies } from './plugins/error-replies.ts';
import { LIMITS, serverLimits, useLimits, useSocketLimits, type Limits } from './plugins/limits.ts';
import { useOpenApi } from './plugins/openapi.ts';
import { useOwnPagesOnly } from './plugins/own-pages-only.ts';
import { useRequestLog } from './plugins/request-log.ts';
import { useSecurityHeaders } from './plugins/security-headers.ts';
import { useStrictValidation } from './plugins/validation.ts';
import { QueryClient } from './query/query-client.ts';
import { RecheckJobs } from './recheck/jobs.ts';
import { apiRoutes } from './routes/routes.ts';
import { sessionRoutes } from './routes/session.ts';
import type { StatusSource } from './routes/status.ts';
import { isWildcard } from './safety/addresses.ts';
import { checkAllowedHost, checkExposure, type SafetyOptions } from './safety/exposure.ts';
import { TokenList } from './safety/token-list.ts';
import { SqlClient, SQL_LIMITS, type SqlLimits } from './sql/sql-client.ts';
import { dataFile } from './store/location.ts';
import { Maintenance } from './store/maintenance.ts';
import { RetentionTimer } from './store/retention-timer.ts';
import type { KeptJob } from './store/stored-jobs.ts';

export interface ServiceOptions extends SafetyOptions {
  /** Directory of the store; made where it does not exist. */
  readonly dataDirectory: string;
  /** Only show what is there, which may be a trace file in place of a directory; nothing is made, taken or changed. */
  readonly readOnly?: boolean;
  /** Makes room from time to time; nothing goes unless given. */
  readonly retention?: RetentionPolicy;
  /** Directory of the built dashboard; without one `/` says that there is none. */
  readonly dashboards?: string;
  /** For example of `serviceLog`; nothing is logged unless given. */
  readonly logger?: FastifyBaseLogger;
  /** Other limits than `LIMITS`. */
  readonly limits?: Partial<Limits>;
  /** Clock of tickets and failed tokens, ms. */
  readonly now?: () => number;
  /** Most time that one query may take, in ms; 10 s unless given. */
  readonly queryTimeLimit?: number;
  /** What one query in SQL may take. */
  readonly sqlLimits?: Partial<SqlLimits>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Of the dashboard, without a slash at the end. */
  readonly url: string;
  /** Of the WebSocket that producers of this machine connect to. */
  readonly ingestUrl: string;
}

/** A trace service. Without `listen` it answers `app.inject`, which is how its tests ask it. */
export interface Service {
  readonly app: FastifyInstance;
  /**
   * Port 0 lets the system choose; the host is loopback unless given. Rejects with a PortInUseError when the port is taken,
   * and with a SafetyError for a host that the options do not allow.
   */
  listen(options: { readonly host?: string; readonly port: number }): Promise<Address>;
  /** Commits what arrived, says goodbye to producers and pages, and lets go of the store. */
  close(): Promise<void>;
}

/** A frame above `MAX_FRAME_BYTES` gets a problem that says so; one above this breaks the connection. */
const HARD_FRAME_LIMIT = 4 * MAX_FRAME_BYTES;
const DEFAULT_QUERY_LIMIT = 10_000;
const LOOPBACK = '127.0.0.1';

/** Opens the store and makes a service on it. Rejects with a DataInUseError, StoreError or SafetyError. */
export async function createService(options: ServiceOptions): Promise<Service> {
  const { dataDirectory, tokens, certificate, allowHosts = [] } = options;
  for (const name of allowHosts) checkAllowedHost(name);
  const limits = { ...LIMITS, ...options.limits };
  const query = new QueryClient(dataDirectory, options.queryTimeLimit ?? DEFAULT_QUERY_LIMIT);
  const exports = new ExportClient(dataDirectory);
  const sql = new SqlClient(dataDirectory, { ...SQL_LIMITS, ...options.sqlLimits });
  const maintenance = new Maintenance(dataDirectory);
  const producers = new Producers();
  const app = application(options, limits);
  let problem: string | undefined;
  const listener: IngestListener = {
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
  };
  const ingest = options.readOnly === true ? IngestClient.readOnly(listener) : await IngestClient.start(dataDirectory, listener);
  if (options.readOnly === true) {
    producers.stop(READ_ONLY);
    await query.ask('totals');
  }
  const jobNews = new JobNews((job) => hub.job(job));
  const jobs = new JobBook({
    advanced: jobNews.changed,
    ...(options.readOnly === true ? {} : { save: (job: KeptJob) => ingest.administer('saveJob', job) }),
  });
  const rechecks = new RecheckJobs(dataDirectory, ingest, jobs, options.readOnly);
  const hub = new LiveHub(query, (watched) => ingest.watch(watched), () => jobs.open());
  const startedAt = new Date().toISOString();
  const version = packageVersion();
  const status: StatusSource = () => ({
    version, startedAt, dataFile: dataFile(dataDirectory),
    producers: producers.count, watchers: hub.count, pendingBatches: producers.pendingFrames,
    ...(options.readOnly === true ? { readOnly: true } : {}), ...(problem === undefined ? {} : { problem }),
  });

  // Before all hooks that refuse a request: it ends the sockets of refused upgrades.
  await app.register(websocket, { options: { maxPayload: HARD_FRAME_LIMIT, perMessageDeflate: false } });
  useStrictValidation(app);
  useErrorReplies(app);
  useRequestLog(app);
  useSecurityHeaders(app, certificate !== undefined);
  useLimits(app, limits);
  useOwnPagesOnly(app, allowHosts);
  const tokenList = tokens === undefined || tokens instanceof TokenList ? tokens : new TokenList(tokens);
  const tickets = useAuthentication(app, { tokens: tokenList, ...(options.now === undefined ? {} : { now: options.now, failedAttempts: { now: options.now } }) });
  await useOpenApi(app, version);
  await app.register(async (scope) => {
    useSocketLimits(scope, limits);
    ingestEndpoint(scope, producers, ingest);
    liveEndpoint(scope, hub, query);
  });
  await apiRoutes(app, {
    query, ingest, exports, jobs, rechecks, sql, status,
    administration: { directory: options.readOnly === true ? undefined : dataDirectory, ingest, maintenance, jobs, upkeep: new UpkeepJobs(jobs, ingest, maintenance) },
    session: (api) => sessionRoutes(api, tickets, tokens !== undefined),
  });
  await useDashboard(app, options.dashboards);
  await app.ready();
  // The query worker is there when the first request comes; what is wrong with the store, that request hears.
  const ready = query.ask('totals').then(() => undefined, () => undefined);
  const retention = options.retention === undefined ? undefined : new RetentionTimer(ingest, options.retention, app.log);

  return {
    app,
    listen: async ({ host = LOOPBACK, port }) => {
      checkExposure(host, options);
      await ready;
      return listen(app, host, port, options);
    },
    close: async () => {
      await jobs.close();
      jobNews.close();
      await rechecks.close();
      retention?.stop();
      await ingest.close();
      producers.terminate();
      hub.terminate();
      await exports.close();
      await maintenance.close();
      await app.close();
      await query.close();
      await sql.close();
    },
  };
}

function application({ logger, certificate }: ServiceOptions, limits: Limits): FastifyInstance {
  const { http, options } = serverLimits(limits);
  return fastify({
    ...options,
    ...(certificate === undefined ? { http } : { https: { ...http, ...certificate, minVersion: 'TLSv1.2' } }),
    ...(logger === undefined ? {} : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    frameworkErrors: refuseUnroutable,
  }) as FastifyInstance;
}

async function listen(app: FastifyInstance, host: string, port: number, { certificate, allowHosts = [] }: SafetyOptions): Promise<Address> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    if ((error as { code?: string }).code === 'EADDRINUSE') throw new PortInUseError(port);
    throw error;
  }
  const address = app.server.address() as AddressInfo;
  const own = isWildcard(address.address) ? LOOPBACK : address.address;
  const authority = (name: string): string => `${name.includes(':') ? `[${name}]` : name}:${address.port}`;
  const encrypted = certificate === undefined ? '' : 's';
  return {
    host: address.address, port: address.port,
    url: `http${encrypted}://${authority(isWildcard(address.address) ? allowHosts[0] ?? own : own)}`,
    ingestUrl: `ws${encrypted}://${authority(own)}/ingest`,
  };
}
