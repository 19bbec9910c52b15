// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModelKernel } from '../../../emulator/kernel/model.ts';
import { Probe } from '../../../emulator/probe/probe.ts';
import { UserThreads } from '../../../emulator/user/threads.ts';
import { fuzzPrograms } from '../../../examples/fuzz/generator.ts';
import { STUB_METHODS, interpret, type FuzzTask } from '../../../examples/fuzz/interpreter.ts';
import { printProgram } from '../../../examples/fuzz/print.ts';
import { SCENE, type FuzzProgram } from '../../../examples/fuzz/program.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { Scheduling } from '../../../schema/abi/index.ts';
import * as sdk from '../../../stubs/index.ts';
import { packageFile } from '../../package-paths.ts';
import { loadProgram } from '../program-loader.ts';
import { fuzzCampaign } from './campaign.ts';
import { runFuzzProgram } from './run-program.ts';

const OFF = { replies: { policy: 'off' } } as const;
const BOTH: readonly Scheduling[] = ['mcs', 'classic'];

function sample(scheduling: Scheduling, seed: number, numRuns: number): FuzzProgram[] {
  return fc.sample(fuzzPrograms(interfacesOf(`riscv64-${scheduling}`)), { seed, numRuns });
}

describe.each(BOTH)('random programs on %s', (scheduling) => {
  it('are the same for the same seed, and others for another', () => {
    expect(sample(scheduling, 5, 20)).toEqual(sample(scheduling, 5, 20));
    expect(sample(scheduling, 5, 20)).not.toEqual(sample(scheduling, 6, 20));
  });

  it('invoke every method of the object API', () => {
    const methods = new Set<string>();
    for (const { steps } of sample(scheduling, 1, 300)) {
      for (const { action } of steps) if (action.kind === 'invoke') methods.add(action.method);
    }
    expect([...methods].sort()).toEqual(interfacesOf(`riscv64-${scheduling}`).methods.map(({ id }) => id).sort());
  });

  it('find nothing wrong with the kernel, and give the same run twice', async () => {
    const options = { scheduling, seed: 11, programs: 150 };
    const [first, second] = [await fuzzCampaign(options), await fuzzCampaign(options)];
    expect(first.failing?.failure).toBeUndefined();
    expect(first).toEqual(second);
    expect(first).toMatchObject({ programs: 150 });
    expect(first.traps).toBeGreaterThan(150 * 30);
  });

  it('print as programs that name what they use', () => {
    for (const program of sample(scheduling, 3, 50)) {
      const source = printProgram(program, ['a remark']);
      expect(source).toMatch(/^\/\/ a remark\n/);
      expect(source).not.toMatch(/undefined|\[object/);
      for (const { action } of program.steps) {
        if (action.kind === 'invoke') expect(source).toContain(STUB_METHODS[scheduling].get(action.method)!.name);
      }
    }
  });
});

describe('a campaign', () => {
  it('finds a defect and shrinks the program to a few steps', async () => {
    const { failing, programs } = await fuzzCampaign({ scheduling: 'mcs', seed: 0, programs: 1000, defects: ['sc-consumed'] });
    expect(programs).toBeLessThan(1000);
    expect(failing?.failure).toMatchObject({ kind: 'finding', name: expect.stringContaining('SchedContextConsumed') as string });
    expect(failing?.program.steps.length).toBeLessThanOrEqual(4);
    const found = failing!.program.steps.map(({ action }) => (action.kind === 'invoke' ? action.method : ''));
    expect(found).toContain('SchedContextConsumed');
    expect((await runFuzzProgram(failing!.program)).failure).toBeUndefined();
  });

  it('ends when it is interrupted', async () => {
    const { programs, failing } = await fuzzCampaign({ scheduling: 'mcs', seed: 0, programs: 1000, interrupt: AbortSignal.abort() });
    expect({ programs, failing }).toEqual({ programs: 0, failing: undefined });
  });
});

describe('the scene', () => {
  it.each(BOTH)('can be made whole on %s', async (scheduling) => {
    const steps = Object.keys(SCENE[scheduling]).map((cap) => ({ thread: 0, action: { kind: 'send', by: 'NBSend', cap, message: { label: 0, words: [], caps: [] } } as const }));
    const { failure, end } = await runFuzzProgram({ scheduling, rootPriority: 1, workers: [], steps });
    expect({ failure, end }).toEqual({ failure: undefined, end: 'stalled' });
  });
});

describe('a printed program', () => {
  it.each(BOTH)('makes the same traps on %s as the one that was generated', async (scheduling) => {
    const folder = mkdtempSync(join(tmpdir(), 'sel4scope-fuzz-'));
    try {
      for (const [i, program] of sample(scheduling, 9, 12).entries()) {
        const file = join(folder, `program-${i}.ts`);
        writeFileSync(file, printProgram(program));
        const { main } = await loadProgram(file);
        const printed = await traceOf(scheduling, await built, (task) => (main as (task: FuzzTask) => Promise<void>)(task));
        expect(printed).toEqual(await traceOf(scheduling, sdk, (task) => interpret(task, program, { stepLimit: Infinity })));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  /** Programs that are loaded from a file use the built package, and so must what they are given. */
  const built = import(packageFile('dist/stubs/index.js').href) as Promise<typeof sdk>;

  /** What every trap was and came to. */
  async function traceOf(scheduling: Scheduling, { ClassicRootTask, RootTask }: typeof sdk, main: (task: FuzzTask) => Promise<void>): Promise<string[]> {
    const trace: string[] = [];
    const host = new ModelKernel({ configuration: `riscv64-${scheduling}`, afterTrap: () => { if (trace.length >= 400) threads.stop(); } });
    new Probe(host, {
      subject: () => {},
      record: ({ entryTime, thread, cause, syscall, cptrLo, tagLo, method, outcome }) => { trace.push([entryTime, thread, cause, syscall, cptrLo, tagLo, method, outcome].join(' ')); },
    });
    const threads = new UserThreads(host, { timeLimit: 5_000_000 });
    await threads.run('root', (context, bootInfo) => main(scheduling === 'mcs' ? new RootTask(context, bootInfo, OFF) : new ClassicRootTask(context, bootInfo, OFF)));
    return trace;
  }
});
