// SPDX-License-Identifier: BSD-2-Clause
/** Lets nobody past who has no token for what the route does. Without configured tokens it knows everybody. */
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ACCESS, type Access, type Caller, type RouteAccess } from '../access.ts';
import { networkOf } from '../safety/addresses.ts';
import { FailedAttempts, type FailedAttemptsOptions } from '../safety/failed-attempts.ts';
import { Tickets } from '../safety/tickets.ts';
import type { TokenList } from '../safety/token-list.ts';
import { digestOf, findToken } from '../safety/tokens.ts';
import { sendError } from './error-replies.ts';

const ANYBODY: Caller = { name: '', access: new Set(ACCESS) };
const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,256})$/i;

export interface AuthenticationOptions {
  readonly tokens: TokenList | undefined;
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
  const connections = new Connections();
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
    if (request.ws) connections.add(request.raw.socket, found);
    return undefined;
  });
  if (tokens !== undefined) {
    const forget = tokens.onChange(() => connections.end((caller) => !tokens.stillHas(caller)));
    app.addHook('onClose', async () => forget());
  }
  return tickets;
}

/** WebSockets that are open, by who opened them: requests show their token each, these only once. */
class Connections {
  private readonly callers = new Map<Socket, Caller>();

  add(socket: Socket, caller: Caller): void {
    this.callers.set(socket, caller);
    socket.once('close', () => this.callers.delete(socket));
  }

  end(isRevoked: (caller: Caller) => boolean): void {
    for (const [socket, caller] of this.callers) if (isRevoked(caller)) socket.destroy();
  }
}

function identify(request: FastifyRequest, tokens: TokenList, attempts: FailedAttempts, tickets: Tickets): Caller | Refusal {
  const given = credentials(request);
  if (given === undefined) return { status: 401, message: 'this service asks for a token', hint: HOW };
  const network = networkOf(request.ip);
  const digest = digestOf(given.text);
  const wait = attempts.wait(network, digest);
  if (wait > 0) {
    return { status: 429, message: 'too many wrong tokens came from this address', hint: 'tokens that were right before go on working; wait with others', retryAfter: Math.ceil(wait / 1000) };
  }
  const caller = given.kind === 'ticket' ? redeemed(tickets.redeem(given.text), tokens) : findToken(tokens.all, digest);
  if (caller === undefined) {
    attempts.failed(network);
    request.log.warn({ address: request.ip }, `a wrong ${given.kind}`);
    return { status: 401, message: `the ${given.kind} is not valid`, hint: given.kind === 'ticket' ? 'a ticket is good once and for half a minute: POST /api/live-ticket makes another' : HOW };
  }
  if (given.kind === 'token') attempts.accepted(network, digest);
  return caller;
}

/** A ticket is worth no more than the token that it was issued to. */
function redeemed(caller: Caller | undefined, tokens: TokenList): Caller | undefined {
  return caller !== undefined && tokens.stillHas(caller) ? caller : undefined;
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
