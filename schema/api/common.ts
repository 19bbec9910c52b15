// SPDX-License-Identifier: BSD-2-Clause
/**
 * Building blocks of the service's requests and responses.
 *
 * Each schema is a TypeBox value and a static type of the same name: the value validates and documents (OpenAPI), the
 * type is what server and dashboard compile against. 64-bit words travel as `0x…` strings; sequence numbers, ids and
 * virtual times (ns) are safe integers and travel as JSON numbers. JSON never carries a BigInt.
 */
import { Type, type Static } from 'typebox';
import { CAUSES, DELIVERY_KINDS, OUTCOMES } from '../trace/trap-record.ts';
import { THREAD_STATES } from '../abi/thread-state.ts';

/** A 64-bit word: `0x` and 1 to 16 lower-case hexadecimal digits. */
export const HexWord = Type.String({ pattern: '^0x[0-9a-f]{1,16}$', description: '64-bit word, hexadecimal' });
export type HexWord = Static<typeof HexWord>;

/** A count, an id, a sequence number or a virtual time in ns. */
export const Natural = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** Virtual time of the run, in nanoseconds since boot. */
export const VirtualTime = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'virtual time, ns' });

/** A moment of wall-clock time, ISO 8601 in UTC. */
export const Moment = Type.String({ description: 'wall-clock time, ISO 8601, UTC' });

export const CauseName = Type.Enum(CAUSES);
export const OutcomeName = Type.Enum(OUTCOMES, { description: 'how the trap ended' });
export const DeliveryName = Type.Enum(DELIVERY_KINDS);
export const ThreadStateSchema = Type.Enum([...THREAD_STATES, 'unknown'] as const, { description: 'thread state; `unknown` for a number outside the table' });
export const SeveritySchema = Type.Enum(['error', 'warning', 'info'] as const, { description: 'how bad the rule says it is' });

/** What a run id may look like. `latest` is reserved: it names the run that started last. */
export const RUN_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$';
/** What may stand for a run in a request: an id or its beginning, `latest`, or `latest~1` for the one before it. */
const RUN_REFERENCE_PATTERN = '^([A-Za-z0-9][A-Za-z0-9._:-]{0,127}|latest~[0-9]{1,6})$';
/** Stands for the run that started last, wherever a run id is accepted. */
export const LATEST_RUN = 'latest';

export const RunId = Type.String({
  pattern: RUN_REFERENCE_PATTERN,
  description: `run id, its first characters (four or more), \`${LATEST_RUN}\`, or \`${LATEST_RUN}~N\` for the run that started N before that`,
  examples: [LATEST_RUN],
});

/** A thread or object with the best name known for it. */
export const SubjectRef = Type.Object({
  id: Type.Integer({ minimum: 0, description: '0 is none; for a running thread, the idle thread' }),
  /** Never empty: a made-up name such as `thread 7` where none is known. */
  name: Type.String(),
});
export type SubjectRef = Static<typeof SubjectRef>;

/** Body of every answer that is not 2xx. */
export const ErrorBody = Type.Object({
  /** Stable, for programs. */
  error: Type.Enum(['bad-request', 'not-found', 'unknown-run', 'unknown-record', 'unknown-rule', 'unknown-configuration', 'unknown-finding', 'unknown-job', 'conflict', 'records-dropped', 'read-only',
    'forbidden-host', 'forbidden-origin', 'unauthorized', 'forbidden-access', 'too-many-failures', 'too-many-connections', 'too-large',
    'timeout', 'unavailable', 'internal'] as const),
  /** One sentence for people. */
  message: Type.String(),
  /** What to do about it. */
  hint: Type.Optional(Type.String()),
}, { $id: 'ErrorBody' });
export type ErrorBody = Static<typeof ErrorBody>;
