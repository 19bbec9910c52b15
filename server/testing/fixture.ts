// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createService, type Address, type Service, type ServiceOptions } from '../app.ts';
import { TestProducer } from './producer.ts';

/** An empty directory that goes away after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sel4scope-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface RunningService {
  readonly service: Service;
  readonly address: Address;
  readonly directory: string;
  producer(): Promise<TestProducer>;
}

/** A service on a port of the system's choice, closed after the test. */
export async function runningService(options: Partial<ServiceOptions> = {}): Promise<RunningService> {
  const directory = options.dataDirectory ?? temporaryDirectory();
  const service = await createService({ dataDirectory: directory, ...options });
  let closed = false;
  onTestFinished(async () => { if (!closed) await service.close(); });
  const address = await service.listen({ port: 0 });
  const close = async (): Promise<void> => {
    closed = true;
    await service.close();
  };
  return { service: { ...service, close }, address, directory, producer: () => TestProducer.connect(address.ingestUrl) };
}
