// SPDX-License-Identifier: BSD-2-Clause
/** Many random programs, one after the other, until one fails: then the smallest that fails in the same way. */
import fc from 'fast-check';
import type { DefectName } from '../../../emulator/kernel/defects.ts';
import { fuzzPrograms } from '../../../examples/fuzz/generator.ts';
import type { FuzzProgram } from '../../../examples/fuzz/program.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { Scheduling } from '../../../schema/abi/index.ts';
import { runFuzzProgram, type FuzzFailure } from './run-program.ts';

export interface CampaignOptions {
  readonly scheduling: Scheduling;
  readonly seed: number;
  readonly programs: number;
  readonly defects?: readonly DefectName[];
  /** Ends the campaign between two batches when it aborts. */
  readonly interrupt?: AbortSignal;
  /** Told now and then how many programs have run. */
  readonly onProgress?: (programs: number) => void;
}

export interface CampaignResult {
  readonly programs: number;
  readonly traps: number;
  /** The shrunk program and how it fails; nothing when all programs were fine. */
  readonly failing: { readonly program: FuzzProgram; readonly failure: FuzzFailure; readonly shrinks: number } | undefined;
}

/** Programs between two looks at the interruption. */
const BATCH = 200;

/** The same seed and number give the same programs and the same result. */
export async function fuzzCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const arbitrary = fuzzPrograms(interfacesOf(`riscv64-${options.scheduling}`));
  let programs = 0;
  let traps = 0;
  /** The first failure: shrinking must not wander off to another one. */
  let first: FuzzFailure | undefined;
  let smallest: FuzzFailure | undefined;
  const property = fc.asyncProperty(arbitrary, async (program) => {
    const run = await runFuzzProgram(program, options.defects);
    if (first === undefined) {
      programs++;
      traps += run.traps;
    }
    const { failure } = run;
    if (failure === undefined) return true;
    first ??= failure;
    if (failure.kind !== first.kind || failure.name !== first.name) return true;
    smallest = failure;
    return false;
  });
  for (let batch = 0; programs < options.programs && options.interrupt?.aborted !== true; batch++) {
    const numRuns = Math.min(BATCH, options.programs - programs);
    const details = await withoutStackTraces(() => fc.check(property, { seed: batchSeed(options.seed, batch), numRuns }));
    options.onProgress?.(programs);
    if (details.counterexample !== null) {
      const [program] = details.counterexample;
      // Once more, for the stack trace.
      const { failure = smallest! } = await runFuzzProgram(program, options.defects);
      return { programs, traps, failing: { program, failure, shrinks: details.numShrinks } };
    }
    await new Promise((resolve) => { setImmediate(resolve); });
  }
  return { programs, traps, failing: undefined };
}

/** Most invocations of a random program are refused: without stack traces of the errors that nobody looks at it is faster. */
async function withoutStackTraces<T>(run: () => Promise<T>): Promise<T> {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return await run();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** A seed of its own for each batch: 32 bits, mixed so that neighbouring seeds share no batch. */
function batchSeed(seed: number, batch: number): number {
  return (Math.imul(seed ^ (seed / 0x1_0000_0000), 0x9e37_79b1) + Math.imul(batch, 0x85eb_ca6b)) | 0;
}
