// SPDX-License-Identifier: BSD-2-Clause
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Serves the built dashboard at `/`, or says how to build it where there is none. */
export async function useDashboard(app: FastifyInstance, directory: string | undefined): Promise<void> {
  if (directory !== undefined && existsSync(join(directory, 'index.html'))) {
    await app.register(fastifyStatic, { root: resolve(directory), index: 'index.html', redirect: false, cacheControl: true, maxAge: 0 });
    return;
  }
  app.get('/', { schema: { hide: true } }, async (_request, reply) => {
    reply.code(503).type('text/html; charset=utf-8');
    return '<!doctype html><html lang="en"><title>sel4scope</title><h1>The dashboard is not built</h1>'
      + '<p>Run <code>npm run build</code> and start the service again. The API works: <a href="/api/status">/api/status</a>, '
      + '<a href="/api/openapi.json">/api/openapi.json</a>.</p></html>';
  });
}
