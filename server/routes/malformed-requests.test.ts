// SPDX-License-Identifier: BSD-2-Clause
/**
 * Requests that are made of the API's own description and mostly malformed: each is answered, wrong ones with an error body that
 * says what is wrong. `SEL4SCOPE_MALFORMED` is how many are sent, 2000 unless set.
 */
import { connect } from 'node:net';
import type { InjectOptions } from 'fastify';
import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';
import { ErrorBody } from '../../schema/api/index.ts';
import type { Below } from '../../schema/trace/random-record.ts';
import { seeded } from '../../schema/trace/testing/seeded.ts';
import { runningService } from '../testing/fixture.ts';
import { sampleBatch } from '../testing/sample-records.ts';

const REQUESTS = Number(process.env['SEL4SCOPE_MALFORMED'] ?? 2000);

interface Operation {
  readonly method: NonNullable<InjectOptions['method']>;
  readonly path: string;
  readonly parameters: readonly string[];
  readonly hasBody: boolean;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly parameters?: readonly { name: string; in: string }[]; readonly requestBody?: unknown }>>>>;
}

const TEXTS = [
  '', '0', '1', '-1', '1e3', '1.5', '9007199254740991', '9007199254740992', '18446744073709551616', 'latest', 'sample-run', 'nobody', 'NaN', 'null', 'true', 'K05', 'k05', 'Z99',
  'TCBResume', 'Call', 'replied', 'only', 'words', 'riscv64-mcs', '../../etc/passwd', '..%2f..%2fetc%2fpasswd', "' OR 1=1 --", '"; DROP TABLE run; --', '%', '%00', '%ff%fe', '\u0000', '💥', 'a'.repeat(300),
  '__proto__', 'constructor', 'toString', '0x10', ' 1', '+1', 'select * from run', '{"a":1}', '[]',
];
const NAMES = ['limit', 'from', 'to', 'run', 'thread', 'Limit', 'limit[]', '__proto__', 'x', ''];

function text(below: Below): string {
  return below(3) === 0 ? String(below(100)) : TEXTS[below(TEXTS.length)]!;
}

function value(below: Below, depth = 0): unknown {
  switch (below(depth > 2 ? 5 : 8)) {
    case 0: return text(below);
    case 1: return below(1000) - 500;
    case 2: return null;
    case 3: return below(2) === 0;
    case 4: return 2 ** below(64);
    case 5: return Array.from({ length: below(4) }, () => value(below, depth + 1));
    default: return Object.fromEntries(Array.from({ length: below(4) }, () => [text(below), value(below, depth + 1)]));
  }
}

function request({ method, path, parameters, hasBody }: Operation, below: Below): InjectOptions {
  const filled = path.replace(/\{[^}]*\}/g, () => (below(3) === 0 ? 'sample-run' : escaped(text(below), below)));
  const query = Array.from({ length: below(4) }, () => {
    const name = parameters.length > 0 && below(5) !== 0 ? parameters[below(parameters.length)]! : NAMES[below(NAMES.length)]!;
    return `${escaped(name, below)}${below(20) === 0 ? '' : '='}${escaped(text(below), below)}`;
  });
  const url = `${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  if (!hasBody && below(10) !== 0) return { method, url };
  const payload = below(6) === 0 ? text(below) : JSON.stringify(value(below)) ?? '';
  return { method, url, payload, headers: { 'content-type': ['application/json', 'application/json', 'application/json', 'text/plain', 'application/x-protobuf', ''][below(6)]! } };
}

/** Mostly as a client would; sometimes as it comes, as far as a request line can carry it. */
function escaped(part: string, below: Below): string {
  return below(4) === 0 ? part.replace(/[\u0000-\u0020\u007f-\u{10ffff}/?#]/gu, '') : encodeURIComponent(part);
}

it('malformed requests are answered with what is wrong', async () => {
  const running = await runningService();
  const producer = await running.producer();
  producer.hello();
  await producer.next('welcome');
  producer.batch(sampleBatch(1, 100));
  await producer.acknowledged(100);

  const { app } = running.service;
  const { paths } = (await app.inject('/api/openapi.json')).json<OpenApi>();
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { parameters = [], requestBody }]): Operation => ({
    method: method.toUpperCase() as Operation['method'], path, parameters: parameters.filter((each) => each.in === 'query').map(({ name }) => name), hasBody: requestBody !== undefined,
  })));
  const body = Compile(ErrorBody);
  const below = seeded(5);
  const statuses = new Map<number, number>();
  for (let i = 0; i < REQUESTS; i++) {
    const asked = request(operations[below(operations.length)]!, below);
    const response = await app.inject(asked);
    const { statusCode } = response;
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
    const said = `${JSON.stringify(asked)}: ${statusCode} ${response.body.slice(0, 300)}`;
    if (statusCode >= 400) {
      expect(body.Check(parsed(response.body)), said).toBe(true);
      expect(response.json<ErrorBody>().message, said).toMatch(/\w+ \w+/);
    }
    expect(statusCode < 500, said).toBe(true);
  }
  process.stderr.write(`${REQUESTS} requests to ${operations.length} operations: ${[...statuses].sort().map(([status, count]) => `${status} ${count} times`).join(', ')}\n`);
  expect(statuses.get(200)).toBeGreaterThan(0);
  expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 10);
}, 3_600_000);

it.each([
  ['no HTTP', 'hello\r\n\r\n'],
  ['a request line without end', `GET /${'a'.repeat(100_000)}`],
  ['a header without end', `GET /api/status HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(100_000)}`],
  ['two lengths', 'POST /api/status HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
  ['an upgrade to something else', 'GET /ingest HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\nsec-websocket-version: 99\r\n\r\n'],
])('%s is refused', async (_, bytes) => {
  const running = await runningService();
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(running.address.port, '127.0.0.1', () => { socket.write(bytes); });
    let said = '';
    socket.setEncoding('utf8').on('data', (data: string) => {
      said += data;
      if (said.includes('\r\n')) socket.destroy();
    });
    socket.on('close', () => resolve(said));
    socket.on('error', reject);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect((await running.service.app.inject('/api/status')).statusCode).toBe(200);
});

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
