// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';

/** What pages may do: load from, and connect to, the service itself. */
export function contentSecurityPolicy(styles = "'self'"): string {
  return `default-src 'self'; style-src ${styles}; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

const HEADERS = {
  'content-security-policy': contentSecurityPolicy(),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Half a year, s. Names below this one are others' business. */
const TRANSPORT_SECURITY = { 'strict-transport-security': 'max-age=15552000' };

/** @param encrypted whether the service speaks HTTPS, which browsers then insist on */
export function useSecurityHeaders(app: FastifyInstance, encrypted: boolean): void {
  const headers = encrypted ? { ...HEADERS, ...TRANSPORT_SECURITY } : HEADERS;
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(headers)) if (!reply.hasHeader(name)) reply.header(name, value);
  });
}
