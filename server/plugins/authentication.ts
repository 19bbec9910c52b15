// SPDX-License-Identifier: BSD-2-Clause
/** Lets nobody past who has no token for what the route does. Without configured tokens it knows everybody. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ACCESS, type Access, type Caller, type RouteAccess } from '../access.ts';
import { networkOf } from '../safety/addresses.ts';
import { FailedAttempts, type FailedAttemptsOptions } from '../safety/failed-attempts.ts';
import { Tickets } from '../safety/tickets.ts';
import { digestOf, findToken, type Token } from '../safety/tokens.ts';
import { sendError } from './error-replies.ts';

const ANYBODY: Caller = { name: '', access: new Set(ACCESS) };
const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,256})$/i;

export interface AuthenticationOptions {
  readonly tokens: readonly Token[] | undefined;
  readonly failedAttempts?: FailedAttemptsOptions;
  /** Clock, ms. */
  readonly now?: () => number;
}

/** Why a request gets no further. */
interface Refusal {
  readonly status: 401 | 403 | 429;
  readonly message: string;
  readonly hint: string;
  readonly retryAfter?: number;
}

const HOW = 'send `Authorization: Bearer TOKEN`; commands take --token-file FILE or SEL4SCOPE_TOKEN';

/** Whether the caller may do it; `admin` may do everything. */
export function may(caller: Caller, access: Access): boolean {
  return caller.access.has(access) || caller.access.has('admin');
}

/** Returns where tickets come from. */
export function useAuthentication(app: FastifyInstance, { tokens, failedAttempts, now }: AuthenticationOptions): Tickets {
  const tickets = new Tickets(now);
  const attempts = new FailedAttempts(failedAttempts);
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    const needed: RouteAccess = request.routeOptions.config?.access ?? 'read';
    if (needed === 'anyone') return undefined;
    const found = tokens === undefined ? ANYBODY : identify(request, tokens, attempts, tickets);
    if ('status' in found) return refuse(reply, found);
    request.caller = found;
    if (needed !== 'token' && !may(found, needed)) {
      return refuse(reply, { status: 403, message: `the token "${found.name}" is for ${[...found.access].join(' and ')}, not for ${needed}`, hint: 'ask whoever runs the service for another token' });
    }
    return undefined;
  });
  return tickets;
}

function identify(request: FastifyRequest, tokens: readonly Token[], attempts: FailedAttempts, tickets: Tickets): Caller | Refusal {
  const given = credentials(request);
  if (given === undefined) return { status: 401, message: 'this service asks for a token', hint: HOW };
  const network = networkOf(request.ip);
  const digest = digestOf(given.text);
  const wait = attempts.wait(network, digest);
  if (wait > 0) {
    return { status: 429, message: 'too many wrong tokens came from this address', hint: 'tokens that were right before go on working; wait with others', retryAfter: Math.ceil(wait / 1000) };
  }
  const caller = given.kind === 'ticket' ? tickets.redeem(given.text) : findToken(tokens, digest);
  if (caller === undefined) {
    attempts.failed(network);
    request.log.warn({ address: request.ip }, `a wrong ${given.kind}`);
    return { status: 401, message: `the ${given.kind} is not valid`, hint: given.kind === 'ticket' ? 'a ticket is good once and for half a minute: POST /api/live-ticket makes another' : HOW };
  }
  if (given.kind === 'token') attempts.accepted(network, digest);
  return caller;
}

/** What the caller shows. A malformed header counts as a wrong token. */
function credentials(request: FastifyRequest): { readonly kind: 'token' | 'ticket'; readonly text: string } | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) return { kind: 'token', text: BEARER.exec(authorization)?.[1] ?? '' };
  if (request.routeOptions.config.ticket !== true) return undefined;
  const { ticket } = request.query as { readonly ticket?: unknown };
  return typeof ticket === 'string' ? { kind: 'ticket', text: ticket } : undefined;
}

function refuse(reply: FastifyReply, { status, message, hint, retryAfter }: Refusal): FastifyReply {
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="sel4scope"');
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  return sendError(reply, status, { error: status === 401 ? 'unauthorized' : status === 403 ? 'forbidden-access' : 'too-many-failures', message, hint });
}
