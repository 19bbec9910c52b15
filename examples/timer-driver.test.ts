// SPDX-License-Identifier: BSD-2-Clause
import { expect, it, vi } from 'vitest';
import { stopOnViolation } from '../emulator/kernel/invariants/index.ts';
import { ModelKernel } from '../emulator/kernel/model.ts';
import { UserThreads } from '../emulator/user/threads.ts';
import { ClassicRootTask, RootTask } from '../stubs/index.ts';
import main from './timer-driver.ts';

it.each(['mcs', 'classic'] as const)('sleeps as long as it is told to on %s, without a finding of the stubs', async (scheduling) => {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => { lines.push(line); });
  const host = new ModelKernel({ configuration: `riscv64-${scheduling}`, afterTrap: stopOnViolation() });
  const end = await new UserThreads(host).run('root', (context, bootInfo) => {
    const task = scheduling === 'mcs' ? new RootTask(context, bootInfo) : new ClassicRootTask(context, bootInfo);
    return main(task as RootTask);
  });
  expect(end).toBe('completed');
  const slept = lines.map((line) => /^slept (\d+) ms: the clock shows (\d+) ns, (\d+) ns have passed$/.exec(line)!.slice(1).map(Number));
  expect(slept.map(([ms]) => ms)).toEqual([1, 20, 3_600_000]);
  for (const [ms, , passed] of slept) {
    expect(passed).toBeGreaterThanOrEqual(ms! * 1e6);
    expect(passed! - ms! * 1e6).toBeLessThan(50_000);
  }
  expect(host.time).toBeGreaterThan(3.6e12);
  log.mockRestore();
});
