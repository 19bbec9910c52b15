// SPDX-License-Identifier: BSD-2-Clause
/** What looks like a hung thread and is none, beside the like of it that is one: small programs on the model. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BundledConfigurationName } from '../../schema/idl/model.ts';
import type { HangReport } from '../../schema/api/index.ts';
import { Message, type Program, type RootTask } from '../../stubs/index.ts';
import { createService, type Address, type Service } from '../app.ts';
import { runSession } from './session.ts';

let directory: string;
let service: Service;
let address: Address;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sel4scope-hang-'));
  service = await createService({ dataDirectory: directory });
  address = await service.listen({ port: 0 });
});
afterAll(async () => {
  await service.close();
  rmSync(directory, { recursive: true });
});

/** Above the priorities of what a program starts, so that its threads run when it waits. */
const BUSY = 10;
const IRQ = 5;

async function hangOf(main: (task: RootTask) => Promise<void>, configuration: BundledConfigurationName = 'riscv64-mcs'): Promise<HangReport> {
  const { run } = await runSession({ name: 'causes.ts', main: main as Program }, {
    configuration, defects: [], seed: 0, policy: 'throw', timeLimit: 5_000_000, ingestUrl: address.ingestUrl, console: () => undefined,
  });
  return (await service.app.inject(`/api/runs/${run}/hang`)).json<HangReport>();
}

/** The root task never ends, and others run before it. */
async function spin(task: RootTask): Promise<never> {
  await task.tcb.setPriority(task.tcb, BUSY);
  for (;;) await task.yield();
}

/** A server without a scheduling context of its own, and a client that calls it. */
async function passiveServer(task: RootTask, how: 'replyRecv' | 'reply'): Promise<never> {
  const service = await task.untyped.create('Endpoint', { name: 'service' });
  const reply = await task.untyped.create('Reply');
  const ready = await task.untyped.create('Notification');
  const server = await task.startThread({
    name: 'server', run: async (self) => {
      const [requests, answer] = [self.use(service), self.use(reply)];
      await self.use(ready).signal();
      let request = await requests.recv(answer);
      for (;;) {
        if (how === 'replyRecv') {
          request = await requests.replyRecv(request, answer);
        } else {
          await answer.send(Message.of(1));
          request = await requests.recv(answer);
        }
      }
    },
  });
  await ready.wait();
  await task.tcb.setPriority(task.tcb, 1);
  await task.tcb.setPriority(task.tcb, 255);
  await server.schedContext.unbind();
  await task.startThread({ name: 'client', run: async (self) => { for (;;) await self.use(service).call(); } });
  return spin(task);
}

const namesOf = (threads: HangReport['idle']): string[] => threads.map(({ name }) => name);
const hungOf = ({ hung }: HangReport): string[] => hung.map(({ thread, reason, certainty }) => `${thread.name}: ${reason}, ${certainty}`);

it('a passive server runs on what its clients lend', async () => {
  expect(hungOf(await hangOf((task) => passiveServer(task, 'replyRecv')))).toEqual([]);
});

it('and cannot go on when it answers before it waits', async () => {
  const report = await hangOf((task) => passiveServer(task, 'reply'));
  expect(hungOf(report)).toEqual(['server: noSchedContext, seen', 'client: waitsForHung, seen']);
  expect(report.hung[0]!.text).toMatch(/it ran on those of its callers until record \d+, and it gave the last one back in record \d+$/);
});

it('a thread that waits for its next period will run', async () => {
  expect(hungOf(await hangOf(async (task) => {
    await task.startThread({ name: 'slow', budgetUs: 100, periodUs: 1_000_000, run: async (self) => { for (;;) await self.compute(50_000); } });
    await spin(task);
  }))).toEqual([]);
});

it('a thread that others keep from running does not hang, on MCS as on classic kernels', async () => {
  for (const configuration of ['riscv64-mcs', 'riscv64-classic'] as const) {
    const report = await hangOf(async (task) => {
      await task.startThread({ name: 'starved', priority: 3, run: () => undefined });
      await spin(task);
    }, configuration);
    expect(report).toMatchObject({ hung: [], neverStarted: [], alive: 2 });
  }
});

it('an interrupt wakes who waits for it; without the interrupt nobody does', async () => {
  const waits = async (task: RootTask, hasInterrupt: boolean): Promise<never> => {
    const bell = await task.untyped.create('Notification', { name: 'bell' });
    if (hasInterrupt) await (await task.irqHandler(IRQ)).setNotification(bell);
    await task.startThread({ name: 'driver', run: async (self) => { await self.use(bell).wait(); } });
    return spin(task);
  };
  expect(hungOf(await hangOf((task) => waits(task, true)))).toEqual([]);
  expect(hungOf(await hangOf((task) => waits(task, false)))).toEqual(['driver: nobodySignals, seen']);
});

it('a system that waits for interrupts alone stalled when none was to come', async () => {
  const { stalled, hung } = await hangOf(async (task) => {
    const bell = await task.untyped.create('Notification', { name: 'bell' });
    await (await task.irqHandler(IRQ)).setNotification(bell);
    await bell.wait();
  });
  expect(stalled).toBe(true);
  expect(hung).toMatchObject([{ reason: 'nobodySignals', text: 'waits for a signal on bell, which interrupts signal, and none was to come' }]);
});

it('who is signalled now and then does not hang', async () => {
  expect(hungOf(await hangOf(async (task) => {
    const bell = await task.untyped.create('Notification', { name: 'bell' });
    await task.startThread({ name: 'waiter', run: async (self) => { for (;;) await self.use(bell).wait(); } });
    await task.tcb.setPriority(task.tcb, BUSY);
    await bell.signal();
    for (;;) await task.yield();
  }))).toEqual([]);
});

it('a caller that somebody suspends is stopped, no orphan', async () => {
  const report = await hangOf(async (task) => {
    const service = await task.untyped.create('Endpoint', { name: 'service' });
    const caller = await task.startThread({ name: 'caller', run: async (self) => { await self.use(service).call(); } });
    await service.recv(await task.untyped.create('Reply'));
    await caller.tcb.suspend();
    await (await task.untyped.create('Notification', { name: 'done' })).wait();
  });
  expect([hungOf(report), namesOf(report.stopped)]).toEqual([['root: nobodySignals, certain'], ['caller']]);
});

it('a thread whose function returned came to its end, also where that is a fault that its handler never receives', async () => {
  const report = await hangOf(async (task) => {
    const faults = await task.untyped.create('Endpoint', { name: 'faults' });
    await task.startThread({ name: 'done', faultEndpoint: faults, run: () => undefined });
    await spin(task);
  });
  expect([hungOf(report), namesOf(report.finished)]).toEqual([[], ['done']]);
});
