// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreError } from '../errors.ts';
import { openWriter } from '../store/open.ts';
import { TraceStore } from '../store/trace-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { SAMPLE_RUN } from '../testing/sample-records.ts';
import { QueryClient } from './query-client.ts';

function clientOf(directory: string, limitMs = 30_000): QueryClient {
  const client = new QueryClient(directory, limitMs);
  onTestFinished(() => client.close());
  return client;
}

function storeWithRun(): string {
  const directory = temporaryDirectory();
  const { db, close } = openWriter(directory);
  new TraceStore(db).insertRun(SAMPLE_RUN, 0);
  close();
  return directory;
}

describe('the query worker', () => {
  it('answers many questions at once, each its own', async () => {
    const client = clientOf(storeWithRun());
    const answers = await Promise.all([client.ask('totals'), client.ask('findRun', 'latest'), client.ask('findRun', 'other'), client.ask('threads', 'sample-run')]);
    expect(answers).toMatchObject([{ runs: 1 }, { run: 'sample-run' }, undefined, { threads: [] }]);
  });

  it('passes errors on as what they are', async () => {
    await expect(clientOf(storeWithRun()).ask('run', 'other')).rejects.toMatchObject({ name: 'RequestError', fault: 'unknown-run', hint: 'GET /api/runs lists them' });
    await expect(clientOf(temporaryDirectory()).ask('totals')).rejects.toThrow(StoreError);
  });

  it('tells a store that is damaged from a mistake of its own', async () => {
    const directory = storeWithRun();
    const { db, close } = openWriter(directory);
    db.exec(`INSERT INTO chunk (run, first_seq, count, first_time, last_time, body) VALUES (1, 1, 1, 0, 0, x'ff')`);
    close();
    await expect(clientOf(directory).ask('recordInFull', 'latest', 1)).rejects.toMatchObject({ name: 'StoreError', fault: 'damaged', message: expect.stringContaining('malformed batch') });
  });

  it('is ended when a question takes too long, and so is the next one', async () => {
    const client = clientOf(storeWithRun(), 1);
    // Not even a thread starts in a millisecond.
    const slow = [client.ask('totals'), client.ask('totals')].map((each) => expect(each).rejects.toMatchObject({ fault: 'timeout', message: expect.stringContaining('0.001 s') }));
    await Promise.all(slow);
  });

  it('refuses what waits when it is closed, and what comes later', async () => {
    const client = clientOf(storeWithRun());
    const waiting = [client.ask('totals'), client.ask('totals')].map((each) => expect(each).rejects.toMatchObject({ fault: 'unavailable' }));
    await client.close();
    await Promise.all(waiting);
    await expect(client.ask('totals')).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('does not let a queue grow for ever', async () => {
    const client = clientOf(storeWithRun());
    const asked = Array.from({ length: 400 }, () => client.ask('totals').then(() => 'answered', (error: { fault: string }) => error.fault));
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter((outcome) => outcome === 'unavailable').length).toBeGreaterThan(100);
    expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeGreaterThan(200);
  });
});
