// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { ACCESS, LiveTicket, SessionInfo } from '../../schema/api/index.ts';
import { may } from '../plugins/authentication.ts';
import { TICKET_LIFE, type Tickets } from '../safety/tickets.ts';
import { NoQuery, responses } from './responses.ts';

/** @param tokens whether the service asks for tokens */
export function sessionRoutes(app: FastifyInstance, tickets: Tickets, tokens: boolean): void {
  app.get('/session', {
    config: { access: 'token' },
    schema: { summary: 'Who the token belongs to, and what it may do', querystring: NoQuery, response: responses(SessionInfo) },
  }, async ({ caller }): Promise<SessionInfo> => ({ tokens, name: caller!.name, access: ACCESS.filter((access) => may(caller!, access)) }));

  app.post('/live-ticket', {
    config: { access: 'read' },
    schema: { summary: 'A ticket to open the live feed with, once', querystring: NoQuery, response: responses(LiveTicket) },
  }, async ({ caller }): Promise<LiveTicket> => ({ ticket: tickets.issue(caller!), expiresInMs: TICKET_LIFE }));
}
