// SPDX-License-Identifier: BSD-2-Clause
import type { ProblemCode } from '../../schema/trace/wire.ts';

/**
 * - `unreachable`: the first connection could not be made.
 * - `refused`: the service let nobody in with this token, or without one.
 * - `lost`: a connection was lost and could not be made again.
 * - `protocol`: the service sent something that it must not send.
 * - `closed`: the client was closed or aborted before.
 * - any other: the Problem that the service reported.
 */
export type TraceErrorCode = 'unreachable' | 'refused' | 'lost' | 'protocol' | 'closed' | ProblemCode | 'unknown';

/** A trace cannot be sent, or not to its end. */
export class TraceError extends Error {
  readonly code: TraceErrorCode;

  constructor(code: TraceErrorCode, message: string) {
    super(message);
    this.name = 'TraceError';
    this.code = code;
  }
}
