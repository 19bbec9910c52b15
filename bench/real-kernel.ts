// SPDX-License-Identifier: BSD-2-Clause
/**
 * Operations per second of TypeScript programs on a real MCS kernel in the machine, untraced and traced, beside the same
 * programs on the model. `SEL4SCOPE_KERNEL_MCS` names the kernel.elf; without it there is nothing to measure.
 * `node dist/bench/real-kernel.js` prints the table alone.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WORKLOADS } from './programs.ts';

const MODES = ['kernel-untraced', 'kernel-traced', 'untraced', 'traced'] as const;
const MEASURED = ['Page_GetAddress', 'Signal', 'CNode_Copy + CNode_Delete', 'SchedContext_YieldTo', 'Call + ReplyRecv'];
const ROUNDS = 3;
const COUNT = Number(process.env['BENCH_COUNT'] ?? 100_000);

function measured(mode: string, workload: string): number {
  const program = fileURLToPath(new URL('measure.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, mode, workload, String(COUNT)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${mode} ${workload}: ${stderr}`);
  return Number(stdout);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Prints a row for each program: median of fresh processes that alternate. */
export function printRealKernel(): void {
  if (process.env['SEL4SCOPE_KERNEL_MCS'] === undefined) {
    process.stdout.write('\nprograms on a real kernel are NOT measured: SEL4SCOPE_KERNEL_MCS names no kernel.elf\n');
    return;
  }
  process.stdout.write('\noperations per second of CPU time on a real kernel\n\n| operation | kernel untraced | kernel traced | model untraced | model traced | kernel traced : untraced | kernel : model, traced |\n|---|---|---|---|---|---|---|\n');
  for (const workload of Object.keys(WORKLOADS).filter((name) => MEASURED.includes(name))) {
    const rounds = Array.from({ length: ROUNDS }, () => MODES.map((mode) => measured(mode, workload)));
    const [kernel, kernelTraced, model, modelTraced] = MODES.map((_, i) => median(rounds.map((round) => round[i]!))) as [number, number, number, number];
    const rates = [kernel, kernelTraced, model, modelTraced].map((rate) => `${Math.round(rate / 1000)} k/s`).join(' | ');
    process.stdout.write(`| ${workload} | ${rates} | ${(kernelTraced / kernel).toFixed(2)} | ${(kernelTraced / modelTraced).toFixed(3)} |\n`);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) printRealKernel();
