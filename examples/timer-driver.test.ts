// SPDX-License-Identifier: BSD-2-Clause
import { expect, it, vi } from 'vitest';
import { stopOnViolation } from '../emulator/kernel/invariants/index.ts';
import { ModelKernel } from '../emulator/kernel/model.ts';
import { UserThreads } from '../emulator/user/threads.ts';
import { RootTask } from '../stubs/index.ts';
import main from './timer-driver.ts';

it('sleeps as long as it is told to, without a finding of the stubs', async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => { lines.push(line); });
  const host = new ModelKernel({ configuration: 'riscv64-mcs', afterTrap: stopOnViolation() });
  expect(await new UserThreads(host).run('root', (context, bootInfo) => main(new RootTask(context, bootInfo)))).toBe('completed');
  const slept = lines.map((line) => /^slept (\d+) ms: the clock shows (\d+) ns, (\d+) ns have passed$/.exec(line)!.slice(1).map(Number));
  expect(slept.map(([ms]) => ms)).toEqual([1, 20, 3_600_000]);
  for (const [ms, , passed] of slept) {
    expect(passed).toBeGreaterThanOrEqual(ms! * 1e6);
    expect(passed! - ms! * 1e6).toBeLessThan(50_000);
  }
  expect(host.time).toBeGreaterThan(3.6e12);
});
