// SPDX-License-Identifier: BSD-2-Clause
/** The service as somebody meets it who may not do everything. */
import { request, type IncomingHttpHeaders } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as secureConnect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import type { SessionInfo } from '../schema/api/index.ts';
import { createService } from './app.ts';
import { serviceLog } from './plugins/request-log.ts';
import { TICKET_LIFE } from './safety/tickets.ts';
import { TokenList } from './safety/token-list.ts';
import { newToken, tokenOf } from './safety/tokens.ts';
import { runningService, temporaryDirectory, type RunningService } from './testing/fixture.ts';
import { TestProducer } from './testing/producer.ts';
import { sampleBatch } from './testing/sample-records.ts';
import { selfSigned } from './testing/self-signed.ts';

const secrets = { reader: newToken(), producer: newToken(), admin: newToken(), ci: newToken() };
const tokens = [
  tokenOf(secrets.reader, 'reader', ['read']), tokenOf(secrets.producer, 'producer', ['ingest']),
  tokenOf(secrets.admin, 'admin', ['admin']), tokenOf(secrets.ci, 'ci', ['read', 'ingest']),
];
type Who = keyof typeof secrets;

const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

/** Status of the answer to an upgrade; 101 when the WebSocket opens. */
async function upgrade(url: string, options: ClientOptions = {}): Promise<{ status: number; body: { error?: string; message?: string } }> {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
  onTestFinished(() => socket.terminate());
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve({ status: 101, body: {} }));
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (part: Buffer) => { text += part.toString(); }).on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as object }));
    });
    socket.once('error', reject);
  });
}

function socketUrl({ address }: RunningService, path: string): string {
  return `${address.url.replace('http', 'ws')}${path}`;
}

async function ask({ service }: RunningService, url: string, headers: Record<string, string> = {}, method: 'GET' | 'POST' | 'PATCH' = 'GET', payload?: object): Promise<{ status: number; headers: IncomingHttpHeaders; body: Record<string, unknown> }> {
  const response = await service.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  const json = String(response.headers['content-type']).includes('json');
  return { status: response.statusCode, headers: response.headers as IncomingHttpHeaders, body: json ? response.json() : {} };
}

describe('with tokens', () => {
  it.each<[string, 'GET' | 'PATCH' | 'POST', Who[]]>([
    ['/api/status', 'GET', ['reader', 'ci', 'admin']],
    ['/api/runs/run/records', 'GET', ['reader', 'ci', 'admin']],
    ['/api/live-ticket', 'POST', ['reader', 'ci', 'admin']],
    ['/api/session', 'GET', ['reader', 'ci', 'admin', 'producer']],
    ['/api/runs/run/tags', 'PATCH', ['admin']],
  ])('%s is for %s of %j', async (url, method, allowed) => {
    const running = await runningService({ tokens });
    const payload = method === 'PATCH' ? {} : undefined;
    expect(await ask(running, url, {}, method, payload)).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="sel4scope"' }, body: { error: 'unauthorized', hint: expect.stringContaining('Bearer') as string } });
    for (const who of Object.keys(secrets) as Who[]) {
      const { status, body } = await ask(running, url, bearer(secrets[who]), method, payload);
      if (allowed.includes(who)) expect([who, [200, 404].includes(status)]).toEqual([who, true]);
      else expect([who, status, body]).toMatchObject([who, 403, { error: 'forbidden-access', message: expect.stringContaining(`"${who}"`) as string }]);
    }
  });

  it('no route under /api and no WebSocket answers without one', async () => {
    const running = await runningService({ tokens });
    const document = (await ask(running, '/api/openapi.json')).body as { paths: Record<string, Record<string, unknown>> };
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const { status } = await ask(running, path.replace('{configuration}', 'riscv64-mcs').replace(/\{\w+\}/g, '1'), {}, method.toUpperCase() as 'GET');
        expect([method, path, status]).toEqual([method, path, 401]);
      }
    }
    for (const path of ['/live', '/ingest']) expect(await upgrade(socketUrl(running, path))).toMatchObject({ status: 401, body: { error: 'unauthorized' } });
  });

  it('files of the package are for anyone', async () => {
    const running = await runningService({ tokens });
    expect((await ask(running, '/')).status).toBe(503);
    expect((await ask(running, '/api/openapi.json')).status).toBe(200);
  });

  it('the session says who one is', async () => {
    const running = await runningService({ tokens });
    const session = async (who: Who): Promise<SessionInfo> => (await ask(running, '/api/session', bearer(secrets[who]))).body as SessionInfo;
    expect(await session('reader')).toEqual({ tokens: true, name: 'reader', access: ['read'] });
    expect(await session('ci')).toEqual({ tokens: true, name: 'ci', access: ['read', 'ingest'] });
    expect(await session('admin')).toEqual({ tokens: true, name: 'admin', access: ['read', 'ingest', 'admin'] });
    const open = await runningService();
    expect((await ask(open, '/api/session')).body).toEqual({ tokens: false, name: '', access: ['read', 'ingest', 'admin'] });
  });

  it.each([
    'Bearer', 'Bearer ', `Basic ${secrets.admin}`, secrets.admin, `Bearer ${secrets.admin.slice(0, -1)}`, `Bearer ${secrets.admin}x`, `Bearer ${secrets.admin} ${secrets.admin}`,
    `Bearer ${secrets.admin.toUpperCase()}`, `Bearer "${secrets.admin}"`, `Bearer ${'x'.repeat(300)}`, 'Bearer null', `Bearer ${tokens[2]!.digest.toString('hex')}`,
  ])('not with %s', async (authorization) => {
    const running = await runningService({ tokens });
    expect(await ask(running, '/api/status', { authorization })).toMatchObject({ status: 401, body: { error: 'unauthorized', message: 'the token is not valid' } });
  });

  it('one that is taken away ends its connections, and no others', async () => {
    const list = new TokenList(tokens);
    const running = await runningService({ tokens: list });
    const address = running.address.url.replace('http', 'ws');
    const open = async (path: string, headers: Record<string, string>): Promise<WebSocket> => {
      const socket = new WebSocket(`${address}${path}`, { headers });
      onTestFinished(() => socket.terminate());
      socket.on('error', () => undefined);
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      return socket;
    };
    const ticketOf = async (token: string): Promise<string> => ((await (await fetch(`${running.address.url}/api/live-ticket`, { method: 'POST', headers: bearer(token) })).json()) as { ticket: string }).ticket;
    const revoked = [await open('/live', bearer(secrets.reader)), await open(`/live?ticket=${await ticketOf(secrets.reader)}`, {}), await open('/ingest', bearer(secrets.producer))];
    const kept = [await open('/live', bearer(secrets.ci)), await open(`/live?ticket=${await ticketOf(secrets.admin)}`, {}), await open('/ingest', bearer(secrets.ci))];
    const late = await ticketOf(secrets.reader);
    list.replace(tokens.filter(({ name }) => name !== 'reader' && name !== 'producer'));
    await expect.poll(() => revoked.map(({ readyState }) => readyState), { timeout: 20_000 }).toEqual([WebSocket.CLOSED, WebSocket.CLOSED, WebSocket.CLOSED]);
    expect(kept.map(({ readyState }) => readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN, WebSocket.OPEN]);
    expect((await ask(running, '/api/status', bearer(secrets.reader))).status).toBe(401);
    expect((await ask(running, '/api/status', bearer(secrets.ci))).status).toBe(200);
    await expect(open(`/live?ticket=${late}`, {})).rejects.toThrow('401');
    list.replace(tokens);
    expect((await ask(running, '/api/status', bearer(secrets.reader))).status).toBe(200);
  });

  it('a token in the address is none', async () => {
    const running = await runningService({ tokens });
    for (const name of ['token', 'access_token', 'ticket', 'authorization']) expect((await ask(running, `/api/status?${name}=${secrets.admin}`)).status).toBe(401);
  });

  it('producers need ingest, and pages read or a ticket', async () => {
    const running = await runningService({ tokens });
    const opens = async (path: string, who: Who): Promise<number> => (await upgrade(socketUrl(running, path), { headers: bearer(secrets[who]) })).status;
    expect([await opens('/ingest', 'reader'), await opens('/ingest', 'producer'), await opens('/ingest', 'admin')]).toEqual([403, 101, 101]);
    expect([await opens('/live', 'reader'), await opens('/live', 'producer'), await opens('/live', 'admin')]).toEqual([101, 403, 101]);

    const producer = await TestProducer.connect(running.address.ingestUrl, { headers: bearer(secrets.producer) });
    producer.hello();
    await producer.next('welcome');
    producer.batch(sampleBatch(1, 10));
    await producer.acknowledged(10);
    expect((await ask(running, '/api/runs/latest', bearer(secrets.reader))).body).toMatchObject({ summary: { records: 10 } });
  });

  it('a ticket opens the live feed once, and nothing else', async () => {
    const running = await runningService({ tokens });
    const issue = async (): Promise<string> => (await ask(running, '/api/live-ticket', bearer(secrets.reader), 'POST')).body['ticket'] as string;
    const ticket = await issue();
    expect((await ask(running, `/api/status?ticket=${ticket}`)).status).toBe(401);
    expect((await upgrade(socketUrl(running, `/ingest?ticket=${ticket}`))).status).toBe(401);
    expect((await upgrade(socketUrl(running, `/live?run=latest&ticket=${ticket}`))).status).toBe(101);
    expect(await upgrade(socketUrl(running, `/live?ticket=${ticket}`))).toMatchObject({ status: 401, body: { message: 'the ticket is not valid' } });
    const twice = await issue();
    expect((await upgrade(socketUrl(running, `/live?ticket=${twice}&ticket=${twice}`))).status).toBe(401);
  });

  it('a ticket is too old after a while', async () => {
    let now = 0;
    const running = await runningService({ tokens, now: () => now });
    const { ticket } = (await ask(running, '/api/live-ticket', bearer(secrets.reader), 'POST')).body;
    now = TICKET_LIFE;
    expect((await upgrade(socketUrl(running, `/live?ticket=${String(ticket)}`))).status).toBe(401);
  });

  it('too many wrong ones are not looked at for a while', async () => {
    let now = 0;
    const running = await runningService({ tokens, now: () => now });
    const as = (token: string) => ask(running, '/api/rules', bearer(token));
    expect((await as(secrets.ci)).status).toBe(200);
    const answers: number[] = [];
    for (let i = 0; i < 25; i++) answers.push((await as(newToken())).status);
    expect(answers).toEqual([...Array<number>(20).fill(401), ...Array<number>(5).fill(429)]);
    expect(await as(secrets.reader)).toMatchObject({ status: 429, headers: { 'retry-after': '60' }, body: { error: 'too-many-failures' } });
    expect((await as(secrets.ci)).status).toBe(200);
    expect((await ask(running, '/api/rules')).status).toBe(401);
    expect((await upgrade(socketUrl(running, '/live'), { headers: bearer(secrets.reader) })).status).toBe(429);
    now = 60_000;
    expect((await as(secrets.reader)).status).toBe(200);
  });
});

describe('beyond loopback', () => {
  it('the service does not listen without tokens, nor unencrypted unless told to', async () => {
    const open = await createService({ dataDirectory: temporaryDirectory() });
    onTestFinished(() => open.close());
    await expect(open.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow('no tokens');
    await expect(open.listen({ host: '::', port: 0 })).rejects.toThrow('no tokens');
    const plain = await createService({ dataDirectory: temporaryDirectory(), tokens });
    onTestFinished(() => plain.close());
    await expect(plain.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow('unencrypted');
    await expect(createService({ dataDirectory: temporaryDirectory(), allowHosts: ['http://traces'] })).rejects.toThrow('no host name');
  });

  it('it answers as the names that it was given', async () => {
    const running = await runningService({ allowHosts: ['traces.example.org', '10.1.2.3', '2001:db8::1'] });
    const as = async (host: string, origin?: string): Promise<number> => (await ask(running, '/api/rules', { host, ...(origin === undefined ? {} : { origin }) })).status;
    for (const host of ['traces.example.org', 'TRACES.example.org:7474', '10.1.2.3', '[2001:db8::1]:7474', 'localhost']) expect([host, await as(host)]).toEqual([host, 200]);
    for (const host of ['example.org', 'x.traces.example.org', 'traces.example.org.evil.example', '10.1.2.4', '2001:db8::1']) expect([host, await as(host)]).toEqual([host, 403]);
    expect(await as('traces.example.org', 'http://traces.example.org')).toBe(200);
    // Behind a proxy that does the encryption.
    expect(await as('traces.example.org', 'https://traces.example.org')).toBe(200);
    expect(await as('localhost', 'https://localhost')).toBe(403);
    expect(await as('traces.example.org', 'https://evil.example')).toBe(403);
  });

  it.each(['POST', 'PATCH'] as const)('writes of other pages are refused: %s', async (method) => {
    const running = await runningService();
    const url = method === 'POST' ? '/api/live-ticket' : '/api/runs/run/tags';
    expect(await ask(running, url, { origin: 'http://evil.example' }, method, method === 'POST' ? undefined : {})).toMatchObject({ status: 403, body: { error: 'forbidden-origin' } });
  });
});

describe('with a certificate', () => {
  it('the service speaks HTTPS and WSS, from TLS 1.2 on', async () => {
    const certificate = selfSigned();
    const running = await runningService({ certificate, tokens });
    const { url, ingestUrl, port } = running.address;
    expect([url, ingestUrl]).toEqual([`https://127.0.0.1:${port}`, `wss://127.0.0.1:${port}/ingest`]);
    const response = await new Promise<{ status: number; headers: IncomingHttpHeaders }>((resolve, reject) => {
      secureRequest(`${url}/api/status`, { ca: certificate.cert, headers: { ...bearer(secrets.reader), origin: url } }, (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
      }).once('error', reject).end();
    });
    expect(response).toMatchObject({ status: 200, headers: { 'strict-transport-security': expect.stringContaining('max-age') as string } });
    expect((await upgrade(ingestUrl, { ca: certificate.cert, headers: bearer(secrets.producer) })).status).toBe(101);
    await expect(upgrade(ingestUrl, { headers: bearer(secrets.producer) })).rejects.toThrow(/self-signed/);
    await expect(new Promise((resolve, reject) => {
      secureConnect({ host: '127.0.0.1', port, ca: certificate.cert, maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, () => resolve('connected')).once('error', reject);
    })).rejects.toThrow(/protocol version|no protocols available|handshake/i);
  });

  it('and without one nothing is said of HTTPS', async () => {
    const running = await runningService();
    expect((await ask(running, '/api/rules')).headers['strict-transport-security']).toBeUndefined();
  });
});

it('every answer tells browsers to keep what it holds to itself', async () => {
  const running = await runningService();
  for (const url of ['/', '/api/rules', '/api/runs/nothing', '/nothing', '/docs/', '/docs/static/swagger-ui.css']) {
    const { headers } = await ask(running, url);
    expect([url, headers]).toMatchObject([url, {
      'content-security-policy': expect.stringMatching(/^default-src 'self';.* frame-ancestors 'none'$/) as string,
      'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'permissions-policy': expect.stringContaining('camera=()') as string,
      'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin',
    }]);
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    if (url.startsWith('/api/r')) expect(headers['cache-control']).toBe('no-store');
  }
});

describe('limits', () => {
  it('of an address, of headers, of a body', async () => {
    const running = await runningService();
    expect(await ask(running, `/api/rules?x=${'y'.repeat(8200)}`)).toMatchObject({ status: 414, body: { error: 'too-large' } });
    expect(await ask(running, '/api/rules', Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`x-${i}`, 'y'])))).toMatchObject({ status: 431, body: { error: 'too-large' } });
    expect(await ask(running, '/api/runs/run/tags', {}, 'PATCH', { add: ['x'.repeat(300_000)] })).toMatchObject({ status: 413, body: { error: 'too-large' } });
    expect(await ask(running, `/api/runs/${'r'.repeat(128)}`)).toMatchObject({ status: 404, body: { error: 'unknown-run' } });
  });

  it('of the bytes of all headers', async () => {
    const { address } = await runningService();
    const status = await new Promise<number>((resolve, reject) => {
      request(`${address.url}/api/rules`, { headers: { x: 'y'.repeat(20_000) } }, (answer) => resolve(answer.resume().statusCode ?? 0)).once('error', reject).end();
    });
    expect(status).toBe(431);
  });

  it.each([['headers', 'GET /api/rules HTTP/1.1\r\nHost: localhost\r\nX: '], ['a body', 'PATCH /api/runs/run/tags HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{']])('of the time for %s', async (_, text) => {
    const { address } = await runningService({ limits: { headersTime: 100, requestTime: 200 } });
    const [said, socket] = await raw(address.port);
    socket.write(text);
    await new Promise((resolve) => { socket.once('close', resolve); });
    expect(said()).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('what is no HTTP is told so', async () => {
    const { address } = await runningService();
    const [said, socket] = await raw(address.port);
    socket.write('hello\r\n\r\n');
    await new Promise((resolve) => { socket.once('close', resolve); });
    expect(said()).toMatch(/^HTTP\/1\.1 400 [^]*"bad-request"/);
  });

  it('of connections', async () => {
    const { address } = await runningService({ limits: { connections: 3 } });
    const kept = await Promise.all([raw(address.port), raw(address.port), raw(address.port)]);
    const [, refused] = await raw(address.port);
    await new Promise((resolve) => { refused.once('close', resolve); });
    for (const [said, socket] of kept) {
      socket.write('GET /api/rules HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await expect.poll(said).toMatch(/^HTTP\/1\.1 200 /);
    }
  });

  it.each(['/live', '/ingest'])('of WebSockets at %s of one network, and one that closes makes room', async (path) => {
    const running = await runningService({ limits: { socketsOfNetwork: 2 } });
    const first = new WebSocket(socketUrl(running, path));
    await new Promise((resolve) => { first.once('open', resolve); });
    expect((await upgrade(socketUrl(running, path))).status).toBe(101);
    expect(await upgrade(socketUrl(running, path))).toMatchObject({ status: 503, body: { error: 'too-many-connections' } });
    expect((await upgrade(socketUrl(running, path === '/live' ? '/ingest' : '/live'))).status).toBe(101);
    first.close();
    await expect.poll(async () => (await upgrade(socketUrl(running, path))).status).toBe(101);
  });

  it('a refused WebSocket takes no room', async () => {
    const running = await runningService({ limits: { socketsOfNetwork: 1 } });
    for (let i = 0; i < 3; i++) expect((await upgrade(socketUrl(running, '/live?run=nothing'))).status).toBe(404);
    await expect.poll(async () => (await upgrade(socketUrl(running, '/live'))).status).toBe(101);
  });

  /** A plain connection; what came over it so far. */
  async function raw(port: number): Promise<[said: () => string, socket: Socket]> {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => { socket.destroy(); });
    let text = '';
    socket.on('data', (part: Buffer) => { text += part.toString(); });
    await new Promise((resolve) => { socket.once('connect', resolve); });
    return [() => text, socket];
  }
});

it('the log says who asked for what, and no secret', async () => {
  let log = '';
  const logger = serviceLog('trace', { write: (line: string) => { log += line; } });
  const running = await runningService({ tokens, logger });
  const wrong = newToken();
  await ask(running, '/api/rules?cookie=1', { ...bearer(secrets.reader), cookie: 'session=cookie-secret' });
  await ask(running, '/api/runs/run/tags', bearer(secrets.reader), 'PATCH', {});
  await ask(running, '/api/status', bearer(wrong));
  await ask(running, `/api/status?token=${wrong}`);
  const { ticket } = (await ask(running, '/api/live-ticket', bearer(secrets.reader), 'POST')).body as { ticket: string };
  expect((await upgrade(socketUrl(running, `/live?ticket=${ticket}`))).status).toBe(101);
  expect((await upgrade(socketUrl(running, `/live?ticket=${ticket}`))).status).toBe(401);
  expect((await upgrade(socketUrl(running, '/ingest'), { headers: bearer(secrets.producer) })).status).toBe(101);
  logger.info({ req: { method: 'GET', url: `/live?ticket=${ticket}`, headers: bearer(secrets.admin) }, headers: { ...bearer(secrets.admin), cookie: 'cookie-secret', 'sec-websocket-protocol': secrets.admin }, token: wrong, query: { ticket } }, 'all of it');
  for (const secret of [...Object.values(secrets), wrong, ticket, 'cookie-secret']) expect(log).not.toContain(secret);
  expect(log).toContain('"path":"/api/rules","status":400');
  expect(log).toContain('"caller":"reader"');
  expect(log).toContain('"a wrong token"');
  expect(log).toContain('"a wrong ticket"');
});
