// SPDX-License-Identifier: BSD-2-Clause
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import * as api from '../../schema/api/index.ts';
import { RULES } from '../../schema/rules/catalogue.ts';
import { createService, type Service } from '../app.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { TestProducer } from '../testing/producer.ts';
import { batchOf, sampleRecord, SAMPLE_SUBJECTS, shortReplyRecord } from '../testing/sample-records.ts';

let directory: string;
let service: Service;
let empty: Service;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sel4scope-'));
  service = await createService({ dataDirectory: join(directory, 'data') });
  empty = await createService({ dataDirectory: join(directory, 'empty') });
  const { ingestUrl } = await service.listen({ port: 0 });
  for (const id of ['first', 'second']) {
    const producer = await TestProducer.connect(ingestUrl);
    producer.hello({ id });
    await producer.next('welcome');
    producer.batch(batchOf([sampleRecord(1), sampleRecord(2), sampleRecord(3), sampleRecord(4), shortReplyRecord(5), sampleRecord(6)], SAMPLE_SUBJECTS));
    await producer.acknowledged(6);
    producer.bye(6);
    await producer.next('ack');
  }
});

afterAll(async () => {
  await service.close();
  await empty.close();
  rmSync(directory, { recursive: true });
});

/** The body of an answer that keeps to its schema. */
async function get<T>(url: string, schema: TSchema): Promise<T> {
  const response = await service.app.inject(url);
  expect([url, response.statusCode, response.statusCode === 200 ? '' : response.body]).toEqual([url, 200, '']);
  expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
  const body: unknown = response.json();
  const validator = Compile(schema);
  expect(validator.Check(body) || validator.Errors(body)).toBe(true);
  return body as T;
}

describe('every route answers in its schema', () => {
  it('status', async () => {
    expect(await get('/api/status', api.ServiceStatus)).toMatchObject({ runs: 2, records: 12, anomalies: 2, watchers: 0, pendingBatches: 0, dataFile: join(directory, 'data', 'traces.db') });
  });

  it('runs, newest first', async () => {
    const { runs } = await get<api.RunList>('/api/runs', api.RunList);
    expect(runs.map(({ run, state, records }) => [run, state, records])).toEqual([['second', 'ended', 6], ['first', 'ended', 6]]);
  });

  it('one run, by id or as the latest', async () => {
    const first = await get<api.RunDetail>('/api/runs/first', api.RunDetail);
    expect(first).toMatchObject({ summary: { run: 'first' }, replies: 3, anomalies: [{ rule: 'K05', count: 1 }] });
    expect(await get('/api/runs/latest', api.RunDetail)).toMatchObject({ summary: { run: 'second' } });
  });

  it('threads', async () => {
    expect(await get('/api/runs/first/threads', api.ThreadList)).toEqual({ threads: [{ id: 1, name: 'alice' }, { id: 2, name: 'bob' }] });
  });

  it.each<[string, number[], number | null]>([
    ['', [1, 2, 3, 4, 5, 6], null],
    ['?limit=2', [1, 2], 3],
    ['?limit=2&from=5', [5, 6], null],
    ['?from=2&to=4', [2, 3, 4], null],
    ['?thread=1', [1, 3, 5], null],
    ['?thread=0', [], null],
    ['?method=TCBResume', [2, 6], null],
    ['?method=Yield', [4], null],
    ['?method=label%209', [], null],
    ['?outcome=replied', [1, 5], null],
    ['?fromTime=2000&toTime=3000', [2, 3], null],
    ['?anomalies=only', [5], null],
    ['?anomalies=only&to=4', [], null],
    ['?anomalies=only&outcome=error', [], null],
    ['?thread=2&outcome=completed&method=TCBResume&limit=1', [2], 3],
  ])('records%s', async (query, expected, next) => {
    const page = await get<api.RecordPage>(`/api/runs/first/records${query}`, api.RecordPage);
    expect([page.rows.map((row) => row.seq), page.next]).toEqual([expected, next]);
  });

  it('one record', async () => {
    expect(await get('/api/runs/first/records/5', api.RecordDetail)).toMatchObject({ run: 'first', configuration: 'riscv64-mcs', row: { seq: 5, anomalies: 1 }, anomalies: [{ rule: 'K05' }] });
  });

  it.each<[string, number[]]>([
    ['', [1, 2]], ['?run=latest', [2]], ['?run=first&rule=K05', [1]], ['?rule=K06', []], ['?method=RISCVPageGetAddress', [1, 2]], ['?method=TCBResume', []],
    ['?thread=1&severity=error', [1, 2]], ['?thread=2', []], ['?severity=warning', []], ['?limit=1', [1]], ['?after=1', [2]], ['?fingerprint=x', []],
  ])('anomalies%s', async (query, expected) => {
    const page = await get<api.AnomalyPage>(`/api/anomalies${query}`, api.AnomalyPage);
    expect(page.anomalies.map((anomaly) => anomaly.id)).toEqual(expected);
    expect(page.next).toBe(query === '?limit=1' ? 1 : null);
  });

  it('findings, one of them, and what is decided about it', async () => {
    const { findings } = await get<api.FindingPage>('/api/findings?state=open,regressed', api.FindingPage);
    expect(findings).toMatchObject([{ rule: 'K05', state: 'open', count: 2, runs: 2, first: { run: 'first', seq: 5 }, last: { run: 'second', seq: 5 } }]);
    const url = `/api/findings/${encodeURIComponent(findings[0]!.fingerprint)}`;
    expect(await get(url, api.FindingDetail)).toMatchObject({ finding: findings[0], changes: [], occurrences: [{ run: 'second' }, { run: 'first' }], example: { href: '/api/runs/second/records/5' } });
    const decided = await service.app.inject({ method: 'PATCH', url, payload: { state: 'acknowledged', reason: 'seL4#846' } });
    expect([decided.statusCode, decided.json()]).toMatchObject([200, { finding: { state: 'acknowledged', reason: 'seL4#846' }, changes: [{ state: 'acknowledged' }] }]);
    expect((await get<api.FindingPage>('/api/findings?state=open', api.FindingPage)).findings).toEqual([]);
  });

  it.each<[payload: object, message: RegExp]>([
    [{ state: 'regressed' }, /"state" must be one of open, acknowledged, expected, fixed/], [{ state: 'expected' }, /expected for a reason/],
    [{ state: 'fixed', release: 'soon' }, /"release" must be a release such as/], [{ state: 'open', release: '13.0.0' }, /goes with "fixed"/],
    [{}, /is missing/], [{ state: 'open', why: 'x' }, /unknown field "why"/], [{ state: 'fixed', reason: 'x'.repeat(2001) }, /"reason" must be text of/],
  ])('no decision %j', async (payload, message) => {
    const response = await service.app.inject({ method: 'PATCH', url: `/api/findings/${encodeURIComponent('K05/RISCVPageGetAddress/Call/replied/rw')}`, payload });
    expect([response.statusCode, response.json()]).toEqual([400, expect.objectContaining({ error: 'bad-request', message: expect.stringMatching(message) as string })]);
  });

  it('history', async () => {
    expect(await get('/api/history?rule=K05&method=RISCVPageGetAddress', api.MethodHistory)).toMatchObject({
      rule: 'K05', lines: [{ kernel: 'model', configuration: 'riscv64-mcs', releases: [{ release: '13.0.0', verdict: 'bad', runs: 2, badRuns: 2, records: 6, count: 2 }], turns: [] }],
    });
  });

  it('rules', async () => {
    const { rules } = await get<api.RuleList>('/api/rules', api.RuleList);
    expect(rules.map((rule) => rule.id)).toEqual([...RULES.keys()]);
    expect(await get('/api/rules/K05', api.RuleDetail)).toMatchObject({ name: 'reply-short' });
  });

  it('interfaces', async () => {
    const { methods } = await get<api.InterfaceDetail>('/api/interfaces/riscv64-mcs', api.InterfaceDetail);
    expect(methods.find((method) => method.id === 'RISCVPageGetAddress')).toMatchObject({ contract: { outWords: 1 } });
    expect((await get<api.InterfaceDetail>('/api/interfaces/riscv64-classic', api.InterfaceDetail)).scheduling).toBe('classic');
  });
});

describe('a request that is wrong is told what is', () => {
  it.each([
    ['/api/findings?state=opened', 400, 'bad-request', '"state" must be one or more of open, acknowledged'],
    ['/api/findings?rule=k05', 400, 'bad-request', '"rule" must be rule id'],
    ['/api/findings?kernel=qemu', 400, 'bad-request', 'one of model, image'],
    ['/api/findings?limit=501', 400, 'bad-request', 'from 1 to 500'],
    ['/api/findings?run=nobody', 404, 'unknown-run', 'no run nobody'],
    ['/api/findings/K05%2Fx', 404, 'unknown-finding', 'no finding K05/x'],
    [`/api/findings/${'%2F'.repeat(200)}`, 404, 'unknown-finding', 'no finding //'],
    [`/api/findings/${'x'.repeat(201)}`, 400, 'bad-request', 'text of 1 to 200 characters'],
    ['/api/history?rule=K05', 400, 'bad-request', 'a query parameter is missing; needed: rule, method'],
    ['/api/history?rule=X99&method=Send', 404, 'unknown-rule', 'no rule X99'],
    ['/api/history?rule=K05&method=Sned', 400, 'bad-request', 'no method "Sned"'],
    ['/api/runs?x=1', 400, 'bad-request', 'unknown query parameter "x"; choose from tag, program'],
    ['/api/status?verbose', 400, 'bad-request', 'unknown query parameter "verbose"'],
    ['/api/runs/first/records?form=1', 400, 'bad-request', 'unknown query parameter "form"; choose from from, to, fromTime'],
    ['/api/runs/first/records?limit=10abc', 400, 'bad-request', '"limit" must be a whole number from 1 to 5000, not "10abc"'],
    ['/api/runs/first/records?limit=', 400, 'bad-request', 'not ""'],
    ['/api/runs/first/records?limit=%2010', 400, 'bad-request', 'not " 10"'],
    ['/api/runs/first/records?limit=1e2', 400, 'bad-request', 'not "1e2"'],
    ['/api/runs/first/records?limit=0x10', 400, 'bad-request', 'not "0x10"'],
    ['/api/runs/first/records?limit=0', 400, 'bad-request', 'from 1 to 5000, not 0'],
    ['/api/runs/first/records?limit=5001', 400, 'bad-request', 'not 5001'],
    ['/api/runs/first/records?limit=1&limit=2', 400, 'bad-request', '"limit" is given 2 times'],
    ['/api/runs/first/records?from=0', 400, 'bad-request', 'from 1 to'],
    ['/api/runs/first/records?from=99999999999999999999', 400, 'bad-request', 'whole number'],
    ['/api/runs/first/records?from=-1', 400, 'bad-request', 'not "-1"'],
    ['/api/runs/first/records?from=3&to=2', 400, 'bad-request', '"from" (3) is above "to" (2)'],
    ['/api/runs/first/records?fromTime=3&toTime=2', 400, 'bad-request', '"fromTime" (3) is above'],
    ['/api/runs/first/records?thread=1.5', 400, 'bad-request', 'whole number'],
    ['/api/runs/first/records?thread=4294967296', 400, 'bad-request', 'not 4294967296'],
    ['/api/runs/first/records?outcome=eror', 400, 'bad-request', 'must be one of completed, replied, error'],
    ['/api/runs/first/records?anomalies=none', 400, 'bad-request', '"anomalies" must be `only`'],
    ['/api/runs/first/records?method=TCBResmue', 400, 'bad-request', 'riscv64-mcs has no method, system call or cause "TCBResmue"'],
    ['/api/runs/first/records?method=', 400, 'bad-request', 'text of 1 to 64 characters'],
    ['/api/runs/first/records?__proto__=1', 400, 'bad-request', 'unknown query parameter "__proto__"'],
    ['/api/runs/first/records?constructor=1', 400, 'bad-request', 'unknown query parameter "constructor"'],
    ['/api/runs/first/records/0', 400, 'bad-request', 'whole number from 1'],
    ['/api/runs/first/records/x', 400, 'bad-request', '"seq" must be a whole number'],
    ['/api/runs/first/records/7', 404, 'unknown-record', 'run first has no record 7'],
    ['/api/runs/third', 404, 'unknown-run', 'there is no run third'],
    ['/api/runs/third/records', 404, 'unknown-run', 'there is no run third'],
    ['/api/runs/third/records/1', 404, 'unknown-run', 'there is no run third'],
    ['/api/runs/third/threads', 404, 'unknown-run', 'there is no run third'],
    ['/api/runs/..%2f..%2fetc', 400, 'bad-request', '"run" must be run id'],
    ['/api/anomalies?run=third', 404, 'unknown-run', 'there is no run third'],
    ['/api/anomalies?rule=k5', 400, 'bad-request', '"rule" must be rule id, e.g. K05'],
    ['/api/anomalies?severity=fatal', 400, 'bad-request', 'one of error, warning, info'],
    ['/api/rules/K99', 404, 'unknown-rule', 'there is no rule "K99"'],
    ['/api/interfaces/riscv32', 404, 'unknown-configuration', 'choose from riscv64-mcs, riscv64-classic'],
    ['/api/nothing', 404, 'not-found', 'nothing here: GET /api/nothing'],
    ['/nothing?secret=1', 404, 'not-found', 'nothing here: GET /nothing'],
    ['/ingest', 426, 'bad-request', 'WebSocket'],
    ['/live', 426, 'bad-request', 'WebSocket'],
  ])('%s', async (url, status, error, message) => {
    const response = await service.app.inject(url);
    expect([response.statusCode, response.json()]).toEqual([status, expect.objectContaining({ error, message: expect.stringContaining(message) as string })]);
    expect(Compile(api.ErrorBody).Check(response.json())).toBe(true);
  });

  it('and so is one for a run while there is none', async () => {
    const response = await empty.app.inject('/api/runs/latest');
    expect([response.statusCode, response.json()]).toMatchObject([404, { error: 'unknown-run', message: 'there are no runs yet' }]);
    expect((await empty.app.inject('/api/anomalies')).json()).toEqual({ anomalies: [], next: null });
  });

  it('tags change', async () => {
    const change = (payload: unknown) => service.app.inject({ method: 'PATCH', url: '/api/runs/second/tags', payload: payload as object });
    expect((await change({ add: ['b', 'a'] })).json()).toMatchObject({ run: 'second', tags: ['a', 'b', 'sample'] });
    expect((await change({ remove: ['a', 'b'] })).json()).toMatchObject({ tags: ['sample'] });
    expect((await change({ add: ['no spaces'] })).statusCode).toBe(400);
  });

  it('other methods than GET do not exist', async () => {
    expect((await service.app.inject({ method: 'DELETE', url: '/api/runs/first' })).statusCode).toBe(404);
  });
});

describe('other pages are kept out', () => {
  it.each(['localhost', 'localhost:7474', '127.0.0.1:7474', '[::1]:7474', 'LOCALHOST'])('not: host %s', async (host) => {
    expect((await service.app.inject({ url: '/api/rules', headers: { host } })).statusCode).toBe(200);
  });

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:7474', '192.168.0.1', 'localhost:7474@evil.example', 'localhost:99999999'])('host %s', async (host) => {
    const response = await service.app.inject({ url: '/api/rules', headers: { host } });
    expect([response.statusCode, response.json()]).toMatchObject([403, { error: 'forbidden-host' }]);
  });

  it.each(['http://evil.example', 'null', 'http://localhost:7475', 'https://localhost:7474', 'file://'])('origin %s', async (origin) => {
    const response = await service.app.inject({ url: '/api/rules', headers: { host: 'localhost:7474', origin } });
    expect([response.statusCode, response.json()]).toMatchObject([403, { error: 'forbidden-origin' }]);
  });

  it('and nothing is loaded from elsewhere', async () => {
    for (const url of ['/', '/api/rules', '/nothing']) {
      const { headers } = await service.app.inject(url);
      expect(headers['content-security-policy']).toContain("default-src 'self'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('the dashboard', () => {
  it('is served where it is built', async () => {
    const pages = temporaryDirectory();
    writeFileSync(join(pages, 'index.html'), '<!doctype html><title>built</title>');
    mkdirSync(join(pages, 'assets'));
    writeFileSync(join(pages, 'assets', 'page.js'), '1;');
    const own = await createService({ dataDirectory: join(pages, 'data'), dashboards: pages });
    onTestFinished(() => own.close());
    expect((await own.app.inject('/')).body).toContain('built');
    const script = await own.app.inject('/assets/page.js');
    expect([script.statusCode, script.headers['content-type']]).toEqual([200, expect.stringContaining('javascript')]);
    expect((await own.app.inject('/assets/%2e%2e/%2e%2e/etc/passwd')).statusCode).toBeGreaterThanOrEqual(400);
    expect((await own.app.inject('/api/runs')).json()).toEqual({ runs: [], next: null });
  });

  it('says how to build it where it is not', async () => {
    const response = await service.app.inject('/');
    expect([response.statusCode, response.body]).toEqual([503, expect.stringContaining('npm run build')]);
  });
});

it('the API is described', async () => {
  const document = (await service.app.inject('/api/openapi.json')).json();
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining([
    '/api/anomalies', '/api/compare', '/api/interfaces/{configuration}', '/api/rules', '/api/rules/{id}', '/api/runs', '/api/runs/{run}', '/api/runs/{run}/records',
    '/api/runs/{run}/records/{seq}', '/api/runs/{run}/threads', '/api/status',
  ]));
  const { parameters, responses } = document.paths['/api/runs/{run}/records'].get;
  expect(parameters.find(({ name }: { name: string }) => name === 'limit')).toMatchObject({ in: 'query', schema: { type: 'integer', minimum: 1, maximum: 5000 } });
  expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '401', '429']));
});

it('a port that is taken is named', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => { other.close(); });
  const { port } = other.address() as AddressInfo;
  await expect(empty.listen({ port })).rejects.toMatchObject({ name: 'PortInUseError', port, message: expect.stringContaining('--port') });
});
