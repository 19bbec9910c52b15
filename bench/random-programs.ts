// SPDX-License-Identifier: BSD-2-Clause
/**
 * Random programs per second, invariants and rules on, as `sel4scope fuzz` runs them. `random-programs.js` prints the
 * table, `random-programs.js CONFIGURATION` one figure. The clock is CPU time of the process.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Scheduling } from '../schema/abi/syscalls.ts';
import { fuzzCampaign } from '../server/cli/fuzz/campaign.ts';

const ROUNDS = 3;
const WARM_UP = 500;
const PROGRAMS = 2000;
const CONFIGURATIONS: readonly Scheduling[] = ['mcs', 'classic'];

/** Programs and traps per second. Throws when a program fails. */
async function ratesOf(scheduling: Scheduling): Promise<{ programs: number; traps: number }> {
  await fuzzCampaign({ scheduling, seed: 1, programs: WARM_UP });
  const before = process.cpuUsage();
  const { traps, failing } = await fuzzCampaign({ scheduling, seed: 2, programs: PROGRAMS });
  if (failing !== undefined) throw new Error(`a program failed: ${failing.failure.name}`);
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  return { programs: PROGRAMS / seconds, traps: traps / seconds };
}

function measured(scheduling: Scheduling): { programs: number; traps: number } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), scheduling], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`random programs, ${scheduling}: ${stderr}`);
  return JSON.parse(stdout) as { programs: number; traps: number };
}

/** Prints a row for each configuration: median of fresh processes that alternate. */
export function printRandomPrograms(): void {
  process.stdout.write('\nrandom programs per second of CPU time, invariants and rules on\n\n| configuration | programs | traps |\n|---|---|---|\n');
  const rounds = Array.from({ length: ROUNDS }, () => CONFIGURATIONS.map(measured));
  for (const [i, scheduling] of CONFIGURATIONS.entries()) {
    const middle = rounds.map((round) => round[i]!).sort((a, b) => a.programs - b.programs)[Math.floor(ROUNDS / 2)]!;
    process.stdout.write(`| ${scheduling} | ${Math.round(middle.programs)}/s | ${(middle.traps / 1000).toFixed(1)} k/s |\n`);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [scheduling] = process.argv.slice(2);
  if (scheduling === undefined) printRandomPrograms();
  else process.stdout.write(`${JSON.stringify(await ratesOf(scheduling as Scheduling))}\n`);
}
