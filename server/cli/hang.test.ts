// SPDX-License-Identifier: BSD-2-Clause
/** The diagnosis of hung threads over small programs on the model: one for each reason, and some in which nothing hangs. */
import { describe, expect, it } from 'vitest';
import { Compile } from 'typebox/compile';
import { HangReport, ThreadStory, type HungThread } from '../../schema/api/index.ts';
import type { Program, RootTask } from '../../stubs/index.ts';
import type { BundledConfigurationName } from '../../schema/idl/model.ts';
import { runningService, type RunningService } from '../testing/fixture.ts';
import { runSession } from './session.ts';

interface Outcome {
  readonly running: RunningService;
  readonly report: HangReport;
  /** What is said of a thread, by its name. */
  readonly of: (name: string) => Pick<HungThread, 'reason' | 'certainty'> & { text: string } | undefined;
}

async function run(main: (task: RootTask) => Promise<void>, timeLimit = Infinity, configuration: BundledConfigurationName = 'riscv64-mcs'): Promise<Outcome> {
  const running = await runningService();
  await runSession({ name: 'hang.ts', main: main as Program }, {
    configuration, defects: [], seed: 0, policy: 'throw', timeLimit, ingestUrl: running.address.ingestUrl, console: () => undefined,
  });
  const response = await running.service.app.inject('/api/runs/latest/hang');
  const report = response.json<HangReport>();
  expect([response.statusCode, Compile(HangReport).Check(report)]).toEqual([200, true]);
  const of = (name: string): ReturnType<Outcome['of']> => {
    const found = report.hung.find(({ thread }) => thread.name === name);
    return found && { reason: found.reason, certainty: found.certainty, text: found.text };
  };
  return { running, report, of };
}

const names = ({ report }: Outcome): string[] => report.hung.map(({ thread }) => thread.name);
const namesOf = (threads: HangReport['idle']): string[] => threads.map(({ name }) => name);

describe('names a thread that', () => {
  it('waits where nobody sends or signals', async () => {
    const outcome = await run(async (task) => {
      const inbox = await task.untyped.create('Endpoint', { name: 'inbox' });
      const bell = await task.untyped.create('Notification', { name: 'bell' });
      const reply = await task.untyped.create('Reply');
      await task.startThread({ name: 'receiver', run: async (self) => { await self.use(inbox).recv(self.use(reply)); } });
      await bell.wait();
    });
    expect(outcome.report).toMatchObject({ stalled: true, alive: 0, cycles: [] });
    expect(outcome.of('receiver')).toEqual({ reason: 'nobodySends', certainty: 'certain', text: 'waits for a message on inbox, where nobody that is left was seen to send' });
    expect(outcome.of('root')).toMatchObject({ reason: 'nobodySignals', text: expect.stringContaining('a signal on bell') as string });
  });

  it('sends where nobody receives, while others go on', async () => {
    const outcome = await run(async (task) => {
      const outbox = await task.untyped.create('Endpoint', { name: 'outbox' });
      await task.startThread({ name: 'sender', run: async (self) => { await self.use(outbox).send(); } });
      await task.tcb.setPriority(task.tcb, 10);
      for (;;) await task.yield();
    }, 5_000_000);
    expect(names(outcome)).toEqual(['sender']);
    expect(outcome.report).toMatchObject({ stalled: false, alive: 1 });
    expect(outcome.of('sender')).toEqual({ reason: 'nobodyReceives', certainty: 'seen', text: 'waits for somebody to receive from outbox, where nobody that is left was seen to receive' });
  });

  it('lost its reply object', async () => {
    const outcome = await run(async (task) => {
      const service = await task.untyped.create('Endpoint', { name: 'service' });
      const reply = await task.untyped.create('Reply', { name: 'reply' });
      await task.startThread({ name: 'caller', run: async (self) => { await self.use(service).call(); } });
      await service.recv(reply);
      await task.cnode.delete(reply.cptr, 64);
    });
    expect(outcome.of('caller')).toMatchObject({ reason: 'orphanCaller', certainty: 'certain', text: expect.stringContaining('reply object was deleted') as string });
    expect(names(outcome)).toEqual(['caller']);
  });

  it('lost its reply capability on a classic kernel', async () => {
    const outcome = await run(async (task) => {
      const service = await task.untyped.create('Endpoint', { name: 'service' });
      await task.startThread({ name: 'first', run: async (self) => { await self.use(service).call(); } });
      await task.startThread({ name: 'second', run: async (self) => { await self.use(service).call(); } });
      await service.recv();
      await service.recv();
    }, Infinity, 'riscv64-classic');
    // The one that was started last runs first.
    expect(outcome.of('second')).toMatchObject({ reason: 'orphanCaller', certainty: 'certain', text: expect.stringContaining('no reply capability leads to it') as string });
    expect(names(outcome)).toEqual(['second']);
  });

  it('has no scheduling context', async () => {
    const outcome = await run(async (task) => {
      const worker = await task.startThread({ name: 'worker', start: false, run: () => undefined });
      await worker.schedContext.unbind();
      await worker.tcb.resume();
      await (await task.untyped.create('Notification', { name: 'done' })).wait();
    });
    expect(outcome.of('worker')).toEqual({
      reason: 'noSchedContext', certainty: 'certain', text: expect.stringMatching(/^could run, but has no scheduling context: it was taken away in record \d+, and TCBResume of root in record \d+ lent it none$/) as string,
    });
  });

  it('has a scheduling context without budget', async () => {
    const outcome = await run(async (task) => {
      const worker = await task.startThread({ name: 'worker', start: false, run: () => undefined });
      await worker.schedContext.unbind();
      const other = await task.untyped.create('SchedContext', { name: 'empty' });
      await other.bind(worker.tcb);
      await worker.tcb.resume();
      await (await task.untyped.create('Notification', { name: 'done' })).wait();
    });
    expect(outcome.of('worker')).toMatchObject({ reason: 'noBudget', certainty: 'certain', text: expect.stringContaining('never given a budget') as string });
  });

  it('had a fault that nobody handles', async () => {
    const outcome = await run(async (task) => {
      await task.startThread({ name: 'clumsy', run: async (self) => { await self.memory.load64(0x1234_5678n); } });
      await (await task.untyped.create('Notification', { name: 'done' })).wait();
    });
    expect(outcome.of('clumsy')).toMatchObject({ reason: 'unhandledFault', text: expect.stringMatching(/^raised VMFault in record \d+, and had no fault handler/) as string });
  });

  it('waits for one that waits for it', async () => {
    const outcome = await run(async (task) => {
      const [front, back] = [await task.untyped.create('Endpoint', { name: 'front' }), await task.untyped.create('Endpoint', { name: 'back' })];
      const [one, two] = [await task.untyped.create('Reply'), await task.untyped.create('Reply')];
      await task.startThread({
        name: 'client', run: async (self) => {
          await self.use(back).recv(self.use(one));
          await self.use(front).call();
        },
      });
      await task.startThread({
        name: 'server', run: async (self) => {
          await self.use(front).recv(self.use(two));
          await self.use(back).call();
        },
      });
      await back.send();
      await (await task.untyped.create('Notification', { name: 'done' })).wait();
    });
    expect(outcome.of('client')).toMatchObject({ reason: 'deadlock', text: expect.stringContaining('waits for a reply of server') as string });
    expect(outcome.of('server')).toMatchObject({ reason: 'deadlock' });
    expect(outcome.report.cycles.map((cycle) => cycle.map(({ name }) => name))).toEqual([['client', 'server']]);
  });

  it('waits for one that hangs', async () => {
    const outcome = await run(async (task) => {
      const service = await task.untyped.create('Endpoint', { name: 'service' });
      const bell = await task.untyped.create('Notification', { name: 'bell' });
      const reply = await task.untyped.create('Reply');
      await task.startThread({
        name: 'server', priority: 200, run: async (self) => {
          await self.use(service).recv(self.use(reply));
          await self.use(bell).wait();
        },
      });
      await task.startThread({ name: 'client', priority: 100, run: async (self) => { await self.use(service).call(); } });
      await task.tcb.setPriority(task.tcb, 10);
      for (;;) await task.yield();
    }, 5_000_000);
    expect(outcome.of('server')).toMatchObject({ reason: 'nobodySignals', certainty: 'seen' });
    expect(outcome.of('client')).toEqual({ reason: 'waitsForHung', certainty: 'seen', text: 'waits for a reply of server; server can never run again' });
    expect(names(outcome)).toEqual(['server', 'client']);
  });

});

describe('names none', () => {
  it('of a program that came to its end: not those that nobody started, servers, or those that are done', async () => {
    const { report } = await run(async (task) => {
      await task.startThread({ name: 'sleeper', start: false, run: () => undefined });
      const inbox = await task.untyped.create('Endpoint', { name: 'inbox' });
      const reply = await task.untyped.create('Reply');
      await task.startThread({ name: 'server', run: async (self) => { await self.use(inbox).recv(self.use(reply)); } });
      await task.startThread({ name: 'done', run: () => undefined });
      await task.tcb.setPriority(task.tcb, 10);
    });
    expect(report).toMatchObject({ completed: true, stalled: false, alive: 1, hung: [] });
    expect([report.neverStarted, report.idle, report.stopped, report.finished].map(namesOf)).toEqual([['sleeper'], ['server'], [], ['done']]);
  });

  it('that was stopped on purpose, as a cause', async () => {
    const outcome = await run(async (task) => {
      const spinner = await task.startThread({ name: 'spinner', priority: 5, run: async (self) => { for (;;) await self.yield(); } });
      await spinner.tcb.suspend();
      await (await task.untyped.create('Notification', { name: 'done' })).wait();
    });
    expect(names(outcome)).toEqual(['root']);
    expect(namesOf(outcome.report.stopped)).toEqual(['spinner']);
  });

  const serve = async (task: RootTask): Promise<void> => {
    const service = await task.untyped.create('Endpoint', { name: 'service' });
    await task.startThread({ name: 'client', run: async (self) => { await self.use(service).call(); } });
    // A classic kernel keeps the caller itself.
    if ('schedContext' in task) {
      const reply = await task.untyped.create('Reply');
      await service.recv(reply);
      await reply.send();
    } else {
      await service.recv();
    }
  };

  it.each<BundledConfigurationName>(['riscv64-mcs', 'riscv64-classic'])('where a server answers its client (%s)', async (configuration) => {
    const { report } = await run(serve, Infinity, configuration);
    expect(report).toMatchObject({ stalled: false, hung: [], cycles: [] });
  });

  it('where a fault waits for a handler that lives', async () => {
    const { report } = await run(async (task) => {
      const faults = await task.untyped.create('Endpoint', { name: 'faults' });
      const reply = await task.untyped.create('Reply');
      await task.startThread({ name: 'clumsy', faultEndpoint: faults, run: async (self) => { await self.memory.load64(0x1234_5678n); } });
      await faults.recv(reply);
    });
    expect(report.hung).toEqual([]);
  });
});

it('tells the story of a thread', async () => {
  const { running } = await run(async (task) => {
    const service = await task.untyped.create('Endpoint', { name: 'service' });
    const reply = await task.untyped.create('Reply', { name: 'reply' });
    await task.startThread({ name: 'client', budgetUs: 2000, periodUs: 10_000, run: async (self) => { for (;;) await self.use(service).call(); } });
    for (let i = 0; i < 3; i++) {
      await service.recv(reply);
      await reply.send();
    }
    await (await task.untyped.create('Notification', { name: 'done' })).wait();
  });
  const { threads } = (await running.service.app.inject('/api/runs/latest/threads')).json<{ threads: { id: number; name: string }[] }>();
  const { id } = threads.find(({ name }) => name === 'client')!;
  const get = async (query = ''): Promise<ThreadStory> => (await running.service.app.inject(`/api/runs/latest/threads/${id}${query}`)).json<ThreadStory>();
  const story = await get();
  expect(Compile(ThreadStory).Check(story)).toBe(true);
  expect(story).toMatchObject({
    thread: { id, name: 'client' }, state: 'BlockedOnSend', destroyed: false,
    waits: { for: 'receiver', object: { name: 'service' }, syscall: 'Call', text: 'waits for somebody to receive from service' },
    couldWake: [{ thread: { name: 'root' }, state: 'BlockedOnNotification', how: 'receives' }],
    schedContext: { budgetUs: 2000, periodUs: 10_000 }, schedContextKnown: true, faultHandler: null, faults: [],
    methods: [{ method: 'Call', outcome: 'blocked', records: 4 }],
  });
  const states = story.segments.map(({ state }) => state);
  expect(states.slice(-3)).toEqual(['BlockedOnReply', 'Running', 'BlockedOnSend']);
  expect(story.segments.every((segment, i) => i === 0 || segment.from === story.segments[i - 1]!.to && segment.state !== story.segments[i - 1]!.state)).toBe(true);
  expect(story.totals.reduce((sum, { time }) => sum + time, 0)).toBe(story.segments.reduce((sum, { from, to }) => sum + to - from, 0));
  expect(story.ran).toBeGreaterThan(0);

  const middle = story.segments[2]!;
  const part = await get(`?to=${middle.fromSeq}&limit=1`);
  expect(part).toMatchObject({ state: middle.state, earlier: 2, segments: [{ fromSeq: middle.fromSeq, toSeq: 0 }] });
  const early = (await running.service.app.inject(`/api/runs/latest/hang?at=${middle.fromSeq}`)).json<HangReport>();
  expect(early).toMatchObject({ at: middle.fromSeq, stalled: false, hung: [] });
});
