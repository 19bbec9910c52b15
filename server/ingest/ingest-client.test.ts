// SPDX-License-Identifier: BSD-2-Clause
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { StoreError } from '../errors.ts';
import { dataFile } from '../store/location.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { IngestClient } from './ingest-client.ts';

const silent = { answer: () => undefined, news: () => undefined, problem: () => undefined, stopped: () => undefined };

it('a store that cannot be opened is an error of the start', async () => {
  const directory = temporaryDirectory();
  writeFileSync(dataFile(directory), 'no database '.repeat(100));
  await expect(IngestClient.start(directory, silent)).rejects.toBeInstanceOf(StoreError);
});

it('a worker that breaks down is told, and can be closed', async () => {
  const stopped = await new Promise<[string, IngestClient]>((resolve, reject) => {
    let client: IngestClient;
    IngestClient.start(temporaryDirectory(), { ...silent, stopped: (message) => resolve([message, client]) })
      .then((started) => {
        client = started;
        // What no caller does: the worker has no answer to it.
        (started as unknown as { send(message: object): void }).send({ type: 'frame', connection: 1 });
      })
      .catch(reject);
  });
  expect(stopped[0]).toContain('restart the service');
  await stopped[1].close();
});
