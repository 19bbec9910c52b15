// SPDX-License-Identifier: BSD-2-Clause
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RULES_REVISION } from '../../schema/rules/catalogue.ts';
import { KEPT_PER_FINGERPRINT } from '../ingest/limits.ts';
import { dataFile } from '../store/location.ts';
import { Sqlite } from '../store/sqlite.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { TestProducer } from '../testing/producer.ts';
import { batchOf, SAMPLE_SUBJECTS, shortReplyRecord } from '../testing/sample-records.ts';
import { serviceProcess } from '../testing/service-process.ts';

const RECORDS = KEPT_PER_FINGERPRINT + 2000;
const BATCH = 3000;

/** Fills a store with a run whose every reply is short, and takes away what was found in it. */
async function fill(directory: string): Promise<void> {
  const server = await serviceProcess(directory);
  const producer = await TestProducer.connect(`${server.url.replace('http', 'ws')}/ingest`);
  producer.hello({ id: 'flood' });
  await producer.next('welcome');
  for (let first = 1; first <= RECORDS; first += BATCH) {
    const records = Array.from({ length: Math.min(BATCH, RECORDS - first + 1) }, (_, i) => shortReplyRecord(first + i));
    producer.batch(batchOf(records, first === 1 ? SAMPLE_SUBJECTS : []));
    await producer.acknowledged(records.at(-1)!.seq);
  }
  producer.bye(RECORDS);
  await producer.next('ack');
  await server.kill();
  const db = new Sqlite(dataFile(directory));
  db.exec("DELETE FROM anomaly; DELETE FROM anomaly_group; DELETE FROM finding; UPDATE run SET errors = 0, warnings = 0, infos = 0, rules = '0'");
  db.close();
}

/** What the store says of the run. */
function state(directory: string): unknown {
  const db = new Sqlite(dataFile(directory));
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return db.prepare(`SELECT rules, errors, (SELECT count(*) FROM anomaly) AS rows, (SELECT coalesce(sum(found), 0) FROM anomaly_group) AS found,
      (SELECT coalesce(sum(kept), 0) FROM anomaly_group) AS kept, (SELECT count(*) FROM finding) AS findings FROM run`).get();
  } finally {
    db.close();
  }
}

const OLD = { rules: '0', errors: 0, rows: 0, found: 0, kept: 0, findings: 0 };
const NEW = { rules: RULES_REVISION, errors: RECORDS, rows: KEPT_PER_FINGERPRINT, found: RECORDS, kept: KEPT_PER_FINGERPRINT, findings: 1 };

it('a service that is killed during a recheck leaves what was found before or what is found now, and a recheck after it finishes', async () => {
  const directory = temporaryDirectory();
  await fill(directory);
  expect(state(directory)).toEqual(OLD);
  const seen = new Set<string>();
  for (const delay of [0, 40, 80, 120, 160, 200, 250, 300, 400]) {
    const server = await serviceProcess(directory);
    await fetch(`${server.url}/api/recheck`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"select":"outdated"}' });
    await pause(delay);
    await server.kill();
    const now = state(directory);
    expect([OLD, NEW]).toContainEqual(now);
    seen.add(JSON.stringify(now));
    if (seen.has(JSON.stringify(NEW))) break;
  }
  const server = await serviceProcess(directory);
  const started = await (await fetch(`${server.url}/api/recheck`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"select":"all"}' })).json() as { id: string };
  await expect.poll(async () => (await fetch(`${server.url}/api/jobs/${started.id}`)).json(), { timeout: 60_000 }).toMatchObject({ state: 'done', result: { checked: 1 } });
  await server.kill();
  expect(state(directory)).toEqual(NEW);
}, 240_000);
