// SPDX-License-Identifier: BSD-2-Clause
/** Who calls the service, and what they may do. */
import { Type, type Static } from 'typebox';
import { Natural } from './common.ts';

/** `read` asks, `ingest` sends traces, `admin` changes what is kept and may do all else as well. */
export const ACCESS = ['read', 'ingest', 'admin'] as const;
export type Access = (typeof ACCESS)[number];

/** `GET /api/session`. */
export const SessionInfo = Type.Object({
  /** Whether the service asks for tokens at all. */
  tokens: Type.Boolean({ description: 'whether the service asks for tokens' }),
  name: Type.String({ description: 'name of the token; empty without tokens' }),
  access: Type.Array(Type.Enum(ACCESS), { description: 'what the token may do, with what that implies' }),
}, { $id: 'SessionInfo' });
export type SessionInfo = Static<typeof SessionInfo>;

/** `POST /api/live-ticket`. */
export const LiveTicket = Type.Object({
  ticket: Type.String({ description: 'for the query parameter `ticket` of `/live`, once' }),
  expiresInMs: Natural,
}, { $id: 'LiveTicket' });
export type LiveTicket = Static<typeof LiveTicket>;
