// SPDX-License-Identifier: BSD-2-Clause
/**
 * Strict validation of requests. A query parameter that does not exist, comes twice or does not parse wholly is an
 * error that names it: coercion and silent removal would hide a caller's typing mistake.
 */
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { RequestError } from '../errors.ts';

const PART_NAMES: Readonly<Record<string, string>> = { querystring: 'query parameter', params: 'path parameter', headers: 'header', body: 'field' };

/** What this module reads of a schema; TypeBox values are JSON schemas. */
interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly description?: string;
}

export function useStrictValidation(app: FastifyInstance): void {
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    const validator = Compile(schema);
    const part = PART_NAMES[httpPart ?? 'body'] ?? 'value';
    return (data: unknown) => {
      const value = httpPart === 'querystring' || httpPart === 'params' ? parseIntegers(schema as JsonSchema, data) : data;
      if (validator.Check(value)) return { value };
      return { error: new RequestError('bad-request', explain(part, schema as JsonSchema, value), hintFor(schema as JsonSchema, value, httpPart)) };
    };
  });
  // Response schemas document; what is sent is exactly what the handlers return.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
}

/** Text that is wholly a decimal number becomes that number where the schema wants an integer; all else stays for the validator to refuse. */
function parseIntegers(schema: JsonSchema, data: unknown): unknown {
  const parsed: Record<string, unknown> = { ...(data as Record<string, unknown>) };
  for (const [name, value] of Object.entries(parsed)) {
    const wanted = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties![name] : undefined;
    if (wanted?.type === 'integer' && typeof value === 'string' && /^[0-9]+$/.test(value)) parsed[name] = Number(value);
  }
  return parsed;
}

/** One sentence about the first thing that is wrong, or a general one when nothing in particular is found. */
function explain(part: string, schema: JsonSchema, value: unknown): string {
  const properties = schema.properties ?? {};
  const given = (value ?? {}) as Record<string, unknown>;
  for (const [name, found] of Object.entries(given)) {
    const wanted = Object.hasOwn(properties, name) ? properties[name]! : undefined;
    if (wanted === undefined) {
      return `unknown ${part} "${name}"; choose from ${Object.keys(properties).join(', ') || 'none'}`;
    }
    if (Array.isArray(found)) return `${part} "${name}" is given ${found.length} times; give it once`;
    if (!Compile(wanted as TSchema).Check(found)) return `${part} "${name}" must be ${expectation(wanted)}, not ${JSON.stringify(found)}`;
  }
  return `a ${part} is missing; needed: ${Object.keys(properties).join(', ')}`;
}

/** Lists filter by what has an index; all else is a question for SQL. */
function hintFor({ properties = {} }: JsonSchema, value: unknown, httpPart: string | undefined): string | undefined {
  const isList = httpPart === 'querystring' && Object.hasOwn(properties, 'limit');
  return isList && Object.keys(value as object).some((name) => !Object.hasOwn(properties, name)) ? 'lists filter by fields with an index alone; POST /api/sql (`sel4scope sql`) filters by any' : undefined;
}

function expectation(schema: JsonSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.type === 'integer') return `a whole number from ${schema.minimum ?? 0} to ${schema.maximum ?? Number.MAX_SAFE_INTEGER}`;
  if (schema.maxLength !== undefined) return `text of ${schema.minLength ?? 0} to ${schema.maxLength} characters`;
  return schema.description ?? `a ${schema.type ?? 'value'}`;
}
