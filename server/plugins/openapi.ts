// SPDX-License-Identifier: BSD-2-Clause
/**
 * The API's description, made of the routes: `/api/openapi.json` for programs, `/docs` for people. What a route itself does
 * not say (the operation's name and group, who may call it, how it fails) is added here, once.
 */
import swagger, { type SwaggerTransform, type SwaggerTransformObject } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import { ErrorBody, OPERATIONS, OPERATION_TAGS, PATHS, type OperationId, type OperationPath } from '../../schema/api/index.ts';
import type { RouteAccess } from '../access.ts';
import { openToAnyone } from './dashboard.ts';
import { contentSecurityPolicy } from './security-headers.ts';

/** Of the one style sheet that Swagger UI puts into its page by itself; a test in a browser complains when it is another. */
const SWAGGER_UI_STYLE = "'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='";

const DESCRIPTION = `Replies that an seL4 kernel gave its user threads, and what is wrong with them.

64-bit words are hexadecimal text; times are virtual nanoseconds since boot. Lists come in pages: \`next\` of a page is the cursor for the one after it. The WebSockets \`/live\` and \`/ingest\` are described in the project's README files.`;

/** How every operation may fail. */
const FAILURES = {
  '4XX': 'The request is wrong, or there is no such thing; `message` says which.',
  '5XX': 'The service cannot answer now: `timeout`, `unavailable` or `internal`.',
} as const;

/** Why it may not even look at a request. */
const REFUSALS = {
  401: 'The service asks for a token, and there was none or a wrong one.',
  403: 'The token is not for this; or the request came from another page, or under a name that the service does not have.',
  429: 'Too many wrong tokens came from this address; `retry-after` says for how many seconds others are not looked at.',
} as const;

/** Describes the routes that are registered after it. */
export async function useOpenApi(app: FastifyInstance, version: string): Promise<void> {
  const bodies: Bodies = new Map();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'sel4scope', description: DESCRIPTION, version, license: { name: 'BSD-2-Clause', identifier: 'BSD-2-Clause' } },
      servers: [{ url: '/', description: 'this service' }],
      tags: Object.entries(OPERATION_TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of `sel4scope token new`. Services on loopback need not ask for one.' } },
      },
    },
    transform: (route) => describeRoute(route, bodies),
    transformObject: (document) => shareSchemas(document, bodies),
  });
  app.get('/api/openapi.json', { config: { access: 'anyone' }, schema: { hide: true } }, async () => app.swagger());
  await app.register(async (scope) => {
    openToAnyone(scope);
    scope.addHook('onRequest', async (_request, reply) => { reply.header('content-security-policy', contentSecurityPolicy(SWAGGER_UI_STYLE)); });
    await scope.register(swaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true, tryItOutEnabled: true }, theme: { title: 'sel4scope API' } });
  });
}

const IDS = new Map(Object.entries(PATHS).map(([id, { method, path }]) => [`${method} ${path}`, id as OperationId]));

interface Node {
  [key: string]: unknown;
}

type Bodies = Map<string, FastifySchema>;

/** Name, group and access of an operation. Keeps the schemas of its bodies, by method and path of the document. */
function describeRoute({ schema, url, route }: Parameters<SwaggerTransform>[0], bodies: Bodies): ReturnType<SwaggerTransform> {
  const given = schema as (FastifySchema & { readonly hide?: boolean }) | undefined;
  if (given === undefined || given.hide === true) return { schema: { hide: true }, url };
  const { method, config } = route as RouteOptions;
  const id = IDS.get(`${String(method)} ${url}`);
  const access = config?.access ?? 'read';
  bodies.set(`${String(method).toLowerCase()} ${url.replace(/:(\w+)/g, '{$1}')}`, given);
  return {
    schema: {
      ...withoutNames(given) as FastifySchema,
      ...(id === undefined ? {} : { operationId: id, tags: [OPERATIONS[id].tag] }),
      description: accessText(access),
      security: access === 'anyone' ? [] : [{ token: [] }, {}],
    },
    url,
  };
}

/** The swagger plugin rewrites schemas that have a name of their own in a way that loses parts of them. */
function withoutNames(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === '$id' ? undefined : value)));
}

function accessText(access: RouteAccess): string {
  if (access === 'anyone') return 'For anyone.';
  return access === 'token' ? 'For every token.' : `For tokens with access \`${access}\`${access === 'admin' ? '' : ' or `admin`'}.`;
}

/**
 * Puts the schemas of bodies in as they are, those with a name of their own once, under `components`, and says of each
 * answer what it is.
 */
function shareSchemas(documentObject: Parameters<SwaggerTransformObject>[0], bodies: Bodies): ReturnType<SwaggerTransformObject> {
  const document = (documentObject as { readonly openapiObject: object }).openapiObject as Node & { components: Node; paths: Record<string, Record<string, Node>> };
  const schemas: Node = {};
  const errorBody = { 'application/json': { schema: share(ErrorBody, schemas) } };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ key: `${method} ${path}`, operation })));
  for (const { key, operation } of operations) {
    const answers = operation['responses'] as Record<string, Node>;
    const { body, response } = bodies.get(key) ?? {};
    const upload = uploadOf(operation);
    if (upload !== undefined) operation['requestBody'] = { required: true, content: { [upload]: { schema: { type: 'string', format: 'binary', description: 'the file' } } } };
    if (body !== undefined) operation['requestBody'] = { required: true, content: { 'application/json': { schema: share(body, schemas) } } };
    for (const [status, answer] of Object.entries(response ?? {}).filter(([status]) => /^2\d\d$/.test(status))) {
      answers[status]!['description'] = operation['summary'];
      if (!isFile(answer)) answers[status]!['content'] = { 'application/json': { schema: share(answer, schemas) } };
    }
    for (const [status, description] of Object.entries(FAILURES)) answers[status] = { description, content: errorBody };
    for (const status of Object.keys(REFUSALS)) answers[status] = { $ref: `#/components/responses/${status}` };
  }
  const responses = Object.fromEntries(Object.entries(REFUSALS).map(([status, description]) => [status, { description, content: errorBody }]));
  return { ...document, components: { ...document.components, schemas, responses } } as never;
}

/** Media type of the file that an operation takes; undefined when it takes none. */
function uploadOf({ operationId }: Node): string | undefined {
  return (PATHS as Readonly<Record<string, OperationPath>>)[String(operationId)]?.upload;
}

function isFile(schema: unknown): boolean {
  return (schema as { readonly format?: string }).format === 'binary';
}

/** A schema as JSON; what has a name in it goes to `schemas`, and a reference takes its place. */
function share(value: unknown, schemas: Node): unknown {
  if (Array.isArray(value)) return value.map((each) => share(each, schemas));
  if (value === null || typeof value !== 'object') return value;
  const { $id, ...rest } = value as Node;
  const copy = Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, share(each, schemas)]));
  if (typeof $id !== 'string') return copy;
  schemas[$id] = copy;
  return { $ref: `#/components/schemas/${$id}` };
}
