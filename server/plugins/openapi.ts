// SPDX-License-Identifier: BSD-2-Clause
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';

/** Describes the routes that are registered after it, at `/api/openapi.json`. */
export async function useOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'sel4scope',
        description: 'Replies that an seL4 kernel gave its user threads, and what is wrong with them. 64-bit words are hexadecimal text; times are virtual nanoseconds.',
        version,
      },
    },
  });
  app.get('/api/openapi.json', { config: { access: 'anyone' }, schema: { hide: true } }, async () => app.swagger());
}
