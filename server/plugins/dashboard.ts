// SPDX-License-Identifier: BSD-2-Clause
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Lets everybody have what a scope serves: files that are the same in every package, nothing that is kept. */
export function openToAnyone(scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => { route.config = { ...route.config, access: 'anyone' }; });
}

/** Serves the built dashboard at `/`, or says how to build it where there is none. */
export async function useDashboard(app: FastifyInstance, directory: string | undefined): Promise<void> {
  if (directory !== undefined && existsSync(join(directory, 'index.html'))) {
    await app.register(async (scope) => {
      openToAnyone(scope);
      await scope.register(fastifyStatic, { root: resolve(directory), index: 'index.html', redirect: false, cacheControl: true, maxAge: 0 });
    });
    return;
  }
  app.get('/', { config: { access: 'anyone' }, schema: { hide: true } }, async (_request, reply) => {
    reply.code(503).type('text/html; charset=utf-8');
    return '<!doctype html><html lang="en"><title>sel4scope</title><h1>The dashboard is not built</h1>'
      + '<p>Run <code>npm run build</code> and start the service again. The API works: <a href="/api/status">/api/status</a>, '
      + '<a href="/api/openapi.json">/api/openapi.json</a>.</p></html>';
  });
}
