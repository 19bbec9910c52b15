// SPDX-License-Identifier: BSD-2-Clause
/**
 * Who may call a route: `read` asks, `ingest` sends traces, `admin` changes what is kept. A route says so in its
 * `config.access`; without it is `read`.
 */
export const ACCESS = ['read', 'ingest', 'admin'] as const;
export type Access = (typeof ACCESS)[number];

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}
