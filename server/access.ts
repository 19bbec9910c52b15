// SPDX-License-Identifier: BSD-2-Clause
/**
 * Who may call a route: `read` asks, `ingest` sends traces, `admin` changes what is kept. A route says so in its
 * `config.access`; without it is `read`.
 */
import type { Access } from '../schema/api/session.ts';

export { ACCESS, type Access } from '../schema/api/session.ts';

/** What a route asks of its caller: `token` is any valid token, `anyone` not even that (files that every package contains). */
export type RouteAccess = Access | 'token' | 'anyone';

/** Who calls, by the name of the token. Everybody is `''` and may do everything while no tokens are configured. */
export interface Caller {
  readonly name: string;
  readonly access: ReadonlySet<Access>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
    /** A ticket in the query does as well as a token: for what browsers cannot send headers with. */
    ticket?: boolean;
  }
  interface FastifyRequest {
    /** Set before any handler runs, on routes that ask for a token. */
    caller: Caller | null;
  }
}
