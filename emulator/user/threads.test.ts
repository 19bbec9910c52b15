// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { FAULT_LABELS, SLOT, STATE } from '../../schema/abi/index.ts';
import { Message, RootTask } from '../../stubs/index.ts';
import { ModelKernel, type ModelOptions } from '../kernel/model.ts';
import { ThreadError, UserThreads, type RunEnd, type UserThreadsOptions } from './threads.ts';

interface Options extends UserThreadsOptions {
  readonly model?: Partial<ModelOptions>;
}

async function run(main: (task: RootTask, host: ModelKernel, threads: UserThreads) => Promise<void>, { model, ...options }: Options = {}): Promise<RunEnd> {
  const host = new ModelKernel({ configuration: 'riscv64-mcs', ...model });
  const threads = new UserThreads(host, options);
  return threads.run('root', (context, bootInfo) => main(new RootTask(context, bootInfo), host, threads));
}

describe('threads take turns', () => {
  it('as the kernel schedules them: a server of higher priority runs as soon as it is called', async () => {
    const order: string[] = [];
    await run(async (task) => {
      const endpoint = await task.untyped.create('Endpoint');
      const reply = await task.untyped.create('Reply');
      await task.startThread({
        name: 'server',
        run: async (self) => {
          const [service, answer] = [self.use(endpoint), self.use(reply)];
          let request = await service.recv(answer);
          for (;;) {
            order.push(`server got ${request.get(0)}`);
            request = await service.replyRecv(Message.of(request.get(0) * 2n), answer);
          }
        },
      });
      for (const n of [1n, 2n]) {
        const answer = await endpoint.call(Message.of(n));
        order.push(`client got ${answer.get(0)}`);
      }
    });
    expect(order).toEqual(['server got 1', 'client got 2', 'server got 2', 'client got 4']);
  });

  it('and a system call of a thread that is not running is refused', async () => {
    await run(async (task) => {
      const endpoint = await task.untyped.create('Endpoint');
      let other: RootTask['runtime'] | undefined;
      await task.startThread({
        name: 'low', priority: 1, run: async (self) => { other = self.runtime as RootTask['runtime']; await self.use(endpoint).send(); },
      });
      await endpoint.recv();
      expect(() => other!.context.trap()).toThrow(/is not running/);
    });
  });
});

describe('a preempted operation', () => {
  it('is executed again until it is done', async () => {
    const restarted: number[] = [];
    const end = await run(async (task, host) => {
      host.observe({ ...SILENT_OBSERVER, preempted: () => restarted.push(host.time) });
      await task.startThread({ name: 'rival', priority: 255, maxControlledPriority: 255, budgetUs: 1000, run: async (self) => { for (;;) await self.compute(10_000_000); } });
      const untyped = await task.untyped.create('Untyped', { sizeBits: 16 });
      const first = task.slots.allocateRange(256);
      await untyped.retype(2, 0, task.cnode, 0, 0, first, 256);
      await task.cnode.revoke(untyped.cptr, 64);
      await untyped.retype(2, 0, task.cnode, 0, 0, first, 1);
    }, { model: { timing: { workUnit: 50_000 } } });
    expect(end).toBe('completed');
    expect(restarted.length).toBeGreaterThan(0);
  });
});

describe('an illegal instruction', () => {
  it('is raised again until the handler moves the thread behind it', async () => {
    let goneOn = false;
    await run(async (task) => {
      const handler = await task.untyped.create('Endpoint');
      const reply = await task.untyped.create('Reply');
      await task.startThread({ name: 'faulter', faultEndpoint: handler, run: async (self) => { await self.illegalInstruction(); goneOn = true; } });
      const first = await handler.recv(reply);
      expect([first.label, first.length, first.get(2), first.get(3)]).toEqual([FAULT_LABELS.mcs.UserException, 4, 2n, 0n]);
      const again = await handler.replyRecv(Message.of(), reply);
      expect(again.words()).toEqual(first.words());
      await task.startThread({ name: 'last', priority: 1, run: (self) => self.use(handler).send() });
      await handler.replyRecv(Message.of(first.get(0) + 4n), reply);
    });
    expect(goneOn).toBe(true);
  });
});

describe('the end of a thread', () => {
  it('without suspending itself is a fetch from its return address', async () => {
    await run(async (task) => {
      const handler = await task.untyped.create('Endpoint');
      await task.startThread({ name: 'returns', run: () => {}, suspendAtEnd: false, faultEndpoint: handler });
      const fault = await handler.recv();
      expect(fault.label).toBe(FAULT_LABELS.mcs.VMFault);
      // IP, address, prefetch, status: instruction fault at 0.
      expect(fault.words()).toEqual([0n, 0n, 1n, 1n]);
    });
  });

  it('comes too when somebody moves its pc while it waits', async () => {
    await run(async (task) => {
      const handler = await task.untyped.create('Endpoint');
      const never = await task.untyped.create('Endpoint');
      let goneOn = false;
      const { tcb } = await task.startThread({
        name: 'moved', faultEndpoint: handler, priority: 255, maxControlledPriority: 255, run: async (self) => { await self.use(never).send(); goneOn = true; },
      });
      await task.yield();
      await tcb.writeRegisters(true, 0, 1, { pc: 0x7777_0000n });
      const fault = await handler.recv();
      expect(fault.words()).toEqual([0x7777_0000n, 0x7777_0000n, 1n, 1n]);
      expect(goneOn).toBe(false);
    });
  });

  it('by an exception is the end of the run', async () => {
    await expect(run(async (task) => {
      await task.startThread({ name: 'broken', run: () => { throw new Error('no luck'); } });
      const never = await task.untyped.create('Endpoint');
      await never.recv();
    })).rejects.toThrow(ThreadError);
  });

  it('leaves the others running', async () => {
    await run(async (task, host) => {
      const { tcb } = await task.startThread({ name: 'short', run: () => {}, priority: 255, maxControlledPriority: 255 });
      await task.yield();
      const ids = [...host.kernel.allObjects()].filter((object) => object.name === 'short');
      expect(ids).toHaveLength(1);
      expect(host.threadState(ids[0]!.id)).toBe(STATE.Inactive);
      await tcb.suspend();
    });
  });
});

describe('a run ends', () => {
  it('completed when the root task returns', async () => {
    expect(await run(async () => {})).toBe('completed');
  });

  it('stalled when nothing can run any more', async () => {
    expect(await run(async (task) => {
      const never = await task.untyped.create('Endpoint');
      await never.recv();
    })).toBe('stalled');
  });

  it('halted by DebugHalt', async () => {
    expect(await run(async (task) => { await task.debug.halt(); })).toBe('halted');
  });

  it('at its limit of virtual time', async () => {
    expect(await run(async (task) => { for (;;) await task.yield(); }, { timeLimit: 1_000_000 })).toBe('timeLimit');
  });

  it('at its limit of virtual time when a thread returns to its own start for ever', async () => {
    const end = await run(async (task) => {
      await task.startThread({
        name: 'ring', suspendAtEnd: false,
        run: ({ runtime: { registers } }) => { registers[2 * SLOT.ra] = registers[2 * SLOT.NextIP]! & ~0xffff; },
      });
      await task.tcb.suspend();
    }, { timeLimit: 1_000_000 });
    expect(end).toBe('timeLimit');
  });

  it('when somebody stops it', async () => {
    expect(await run(async (task, _host, threads) => {
      threads.stop();
      await task.yield();
    })).toBe('interrupted');
  });
});

describe('computing', () => {
  it('passes virtual time, and is charged to the scheduling context', async () => {
    await run(async (task) => {
      await task.yield();
      await task.schedContext.consumed();
      const before = task.now();
      await task.compute(3_000_000);
      expect(task.now() - before).toBeGreaterThanOrEqual(3_000_000);
      // Time is committed to the context when the scheduler leaves it, not at each kernel entry.
      await task.yield();
      const consumed = await task.schedContext.consumed();
      expect(consumed).toBeGreaterThanOrEqual(3000n);
      expect(consumed).toBeLessThan(3010n);
    });
  });

  it('longer than the budget lets others of the same priority run in between', async () => {
    const order: string[] = [];
    await run(async (task) => {
      await task.startThread({
        name: 'other', priority: 255, maxControlledPriority: 255, budgetUs: 1000, run: async (self) => { await self.compute(500_000); order.push('other'); },
      });
      await task.compute(20_000_000);
      order.push('root');
    });
    expect(order).toEqual(['other', 'root']);
  });
});

const nothing = (): void => {};
const SILENT_OBSERVER = {
  subject: nothing, destroyed: nothing, entry: nothing, invocation: nothing, delivery: nothing, slotWritten: nothing, bufferWordWritten: nothing,
  orphaned: () => {}, stateWritten: nothing, faulted: nothing, strayAccess: nothing, preempted: nothing, outOfBudget: nothing, yieldPending: nothing, exit: nothing,
};
