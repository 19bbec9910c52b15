// SPDX-License-Identifier: BSD-2-Clause
/** Runs one random program on the model, with the invariants and the rules watching. */
import { InvariantError, stopOnViolation } from '../../../emulator/kernel/invariants/index.ts';
import type { DefectName } from '../../../emulator/kernel/defects.ts';
import { ModelKernel } from '../../../emulator/kernel/model.ts';
import { Probe } from '../../../emulator/probe/probe.ts';
import { HostError, UserThreads, type RunEnd } from '../../../emulator/user/threads.ts';
import { interpret } from '../../../examples/fuzz/interpreter.ts';
import type { FuzzProgram } from '../../../examples/fuzz/program.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import { RuleEngine } from '../../../schema/rules/engine.ts';
import { ClassicRootTask, RootTask } from '../../../stubs/index.ts';

/** Why a program is a case. */
export interface FuzzFailure {
  /** A broken invariant of the model, an exception in it, a finding of severity error or warning, or an exception in the program. */
  readonly kind: 'invariant' | 'crash' | 'finding' | 'program';
  /** Which: two failures of the same kind and name are taken for the same fault. */
  readonly name: string;
  readonly detail: string;
}

export interface FuzzRun {
  readonly end: RunEnd | 'failed';
  readonly traps: number;
  readonly failure: FuzzFailure | undefined;
}

/** Virtual time after which a program is stopped, ns. */
const TIME_LIMIT = 10_000_000;
/** Traps after which a program is stopped: threads can fault or run out of budget for ever. */
const TRAP_LIMIT = 500;
/** Steps of all threads together. */
const STEP_LIMIT = 200;
const ROOT_CNODE_BITS = 8;
/** Rules that find fault with what a program does, not with what the kernel answers. */
const ABOUT_THE_PROGRAM: ReadonlySet<string> = new Set(['N04', 'S10']);

export async function runFuzzProgram(program: FuzzProgram, defects: readonly DefectName[] = []): Promise<FuzzRun> {
  const configuration = `riscv64-${program.scheduling}` as const;
  const check = stopOnViolation();
  let failure: FuzzFailure | undefined;
  let traps = 0;
  let started = false;
  const host = new ModelKernel({
    configuration, defects, rootCNodeBits: ROOT_CNODE_BITS,
    afterTrap: (kernel) => {
      traps++;
      // The way to the first step is the same for all programs: what breaks there shows there.
      if (started) check(kernel);
      if (traps >= TRAP_LIMIT) threads.stop();
    },
  });
  const rules = new RuleEngine(interfacesOf(configuration), ({ rule, severity, method, detail, seq }) => {
    if (severity === 'info' || ABOUT_THE_PROGRAM.has(rule)) return;
    failure ??= { kind: 'finding', name: `${rule} ${method}`, detail: `record ${seq}: ${detail}` };
    threads.stop();
  });
  new Probe(host, { subject: (subject) => rules.subject(subject), record: (record) => rules.apply(record) });
  const threads = new UserThreads(host, { timeLimit: TIME_LIMIT });
  try {
    const end = await threads.run('root', async (context, bootInfo) => {
      // Stubs do not know that another thread wrote registers while they waited: the rules do.
      const options = { replies: { policy: 'off' as const } };
      const task = program.scheduling === 'mcs' ? new RootTask(context, bootInfo, options) : new ClassicRootTask(context, bootInfo, options);
      await interpret(task, program, { started: () => { started = true; }, stepLimit: STEP_LIMIT });
    });
    return { end: failure === undefined ? end : 'failed', traps, failure };
  } catch (error) {
    return { end: 'failed', traps, failure: failureOf(error) };
  }
}

function failureOf(error: unknown): FuzzFailure {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof InvariantError) return { kind: 'invariant', name: cause.invariant, detail: cause.message };
  const detail = cause instanceof Error ? cause.stack ?? cause.message : String(cause);
  const name = cause instanceof Error ? cause.name : 'exception';
  return { kind: error instanceof HostError ? 'crash' : 'program', name, detail };
}
