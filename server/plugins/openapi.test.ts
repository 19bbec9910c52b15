// SPDX-License-Identifier: BSD-2-Clause
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPERATIONS, PATHS, type Operation, type OperationId, type OperationPath } from '../../schema/api/index.ts';
import { createService, type Service } from '../app.ts';

interface Parameter { readonly name: string; readonly in: string; readonly description?: string; readonly schema: unknown }
interface DescribedOperation {
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly $ref?: string; readonly content?: Readonly<Record<string, { readonly schema: unknown }>> }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

let directory: string;
let service: Service;
let document: Document;
/** `METHOD /path/:parameter` of each described operation. */
let described: Map<string, DescribedOperation>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sel4scope-'));
  service = await createService({ dataDirectory: directory });
  document = (await service.app.inject('/api/openapi.json')).json();
  described = new Map(Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods)
    .map(([method, operation]) => [`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`, operation])));
});

afterAll(async () => {
  await service.close();
  rmSync(directory, { recursive: true });
});

it('the description is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(document as unknown as Record<string, unknown>);
  expect([result.valid, validator.version, result.errors]).toEqual([true, '3.1', undefined]);
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) expect(document.components.schemas).toHaveProperty(name!);
  expect(text).not.toContain('"$id"');
});

describe('every route is an operation of schema/api/paths.ts and operations.ts, and the other way round', () => {
  it('no route is missing there: add it, with a name by which the client calls it', () => {
    const known = Object.values<OperationPath>(PATHS).map(({ method, path }) => `${method} ${path}`);
    expect([...described.keys()].filter((route) => !known.includes(route))).toEqual([]);
  });

  it('no operation is without a route', () => {
    const missing = Object.entries<OperationPath>(PATHS).filter(([, { method, path }]) => !described.has(`${method} ${path}`)).map(([id]) => id);
    expect(missing).toEqual([]);
  });

  it.each(Object.keys(PATHS) as OperationId[])('%s', (id) => {
    const path: OperationPath = PATHS[id];
    const operation: Operation = OPERATIONS[id];
    const found = described.get(`${path.method} ${path.path}`)!;
    expect(found.operationId).toBe(id);
    const named = (where: string): string[] => (found.parameters ?? []).filter((each) => each.in === where).map(({ name }) => name).sort();
    const properties = (schema: unknown): string[] => Object.keys((schema as { properties?: object } | undefined)?.properties ?? {}).sort();
    expect([id, 'path', named('path')]).toEqual([id, 'path', properties(operation.params)]);
    expect([id, 'path', named('path')]).toEqual([id, 'path', [...path.path.matchAll(/:(\w+)/g)].map(([, name]) => name).sort()]);
    expect([id, 'query', named('query')]).toEqual([id, 'query', properties(operation.query)]);
    expect([id, 'body', resolved(found.requestBody?.content['application/json']?.schema)]).toEqual([id, 'body', plain(operation.body)]);
    expect([id, path.input]).toEqual([id, operation.query !== undefined ? 'query' : operation.body !== undefined ? 'body' : undefined]);
    expect([id, path.file ?? false]).toEqual([id, operation.response === undefined]);
    if (operation.response !== undefined) expect([id, 'answer', resolved((found.responses['200'] ?? found.responses['202'])?.content?.['application/json']?.schema)]).toEqual([id, 'answer', plain(operation.response)]);
  });
});

describe('what people read is there', () => {
  it.each(Object.keys(PATHS) as OperationId[])('%s', (id) => {
    const { method, path } = PATHS[id];
    const { summary, description, tags, security, parameters = [], responses } = described.get(`${method} ${path}`)!;
    expect(summary).toMatch(/^[A-Z].{5,}/);
    expect(description).toContain('token');
    expect(tags).toHaveLength(1);
    expect(security).toHaveLength(2);
    expect(parameters.filter((parameter) => parameter.description === undefined).map(({ name }) => `describe parameter "${name}" of ${id} in its schema`)).toEqual([]);
    expect(Object.keys(responses).sort()).toEqual([expect.stringMatching(/^20[02]$/), '401', '403', '429', '4XX', '5XX']);
    for (const response of Object.values(responses)) expect(response.$ref ?? response.description).toMatch(/.{10,}/);
  });
});

it('whatever changes something is for admin alone', () => {
  const reading: readonly string[] = ['POST /api/live-ticket', 'POST /api/sql'];
  for (const [route, { description }] of described) {
    if (!route.startsWith('GET ') && !reading.includes(route)) expect([route, description]).toEqual([route, 'For tokens with access `admin`.']);
  }
});

it('people read it at /docs', async () => {
  const page = await service.app.inject('/docs/');
  expect([page.statusCode, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')]);
  expect(page.headers['content-security-policy']).not.toContain('unsafe');
});

/** A schema of the document with its references filled in. */
function resolved(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(resolved);
  if (schema === null || typeof schema !== 'object') return schema;
  const { $ref } = schema as { readonly $ref?: string };
  if ($ref !== undefined) return resolved(document.components.schemas[$ref.split('/').at(-1)!]);
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, resolved(value)]));
}

/** A schema as JSON, without the names by which the document refers to parts of it. */
function plain(schema: unknown): unknown {
  return schema === undefined ? undefined : JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === '$id' ? undefined : value)));
}
