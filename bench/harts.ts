// SPDX-License-Identifier: BSD-2-Clause
/**
 * Instructions per second of the two harts. `harts.js` prints the table, `harts.js HART PROGRAM INSTRUCTIONS` one figure.
 * The clock is CPU time of the process, which other work on the machine disturbs least.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createHart, HART_NAMES, type HartName } from '../emulator/machine/boot/harts.ts';
import { assemble } from '../emulator/machine/isa/assemble.ts';
import { HART, RAM_BASE } from '../emulator/machine/memory/layout.ts';
import { SparseMemory } from '../emulator/machine/memory/sparse-memory.ts';
import { HART_PROGRAMS } from './hart-programs.ts';

const ROUNDS = 3;
/** Instructions that are measured; as many run before, so that compiled code is measured. */
const COUNTS: Readonly<Record<HartName, number>> = { wasm: 100_000_000, typescript: 500_000 };
const MIB = 2 ** 20;

/** Million instructions per second of CPU time. Throws for a program that does not run on. */
function rateOf(hartName: HartName, program: string, count: number): number {
  const memory = new SparseMemory({ ramBytes: 16 * MIB, frameBytes: 16 * MIB });
  const hart = createHart(hartName, memory, { load: () => undefined, store: () => false, stopRequested: () => false });
  memory.write(RAM_BASE, assemble(program, BigInt(RAM_BASE)).bytes);
  const state = new DataView(memory.memory.buffer);
  state.setBigUint64(HART.pc, BigInt(RAM_BASE), true);
  state.setBigUint64(HART.nsPerInstruction, 8n, true);
  state.setBigUint64(HART.nsPerTick, 100n, true);
  const run = (): number => {
    const before = process.cpuUsage();
    const stop = hart.run(count);
    if (stop !== 'budget' || state.getBigUint64(HART.mcause, true) !== 0n) throw new Error(`stopped for ${stop} at 0x${state.getBigUint64(HART.pc, true).toString(16)}`);
    const { user, system } = process.cpuUsage(before);
    return count / (user + system);
  };
  run();
  return run();
}

function measured(hartName: HartName, program: string): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), hartName, program, String(COUNTS[hartName])], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${hartName}, ${program}: ${stderr}`);
  return Number(stdout);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Prints a row for each program: median of fresh processes that alternate. */
export function printHarts(): void {
  process.stdout.write(`\nmillion instructions per second of CPU time\n\n| program | ${HART_NAMES.join(' | ')} |\n|---|${'---|'.repeat(HART_NAMES.length)}\n`);
  for (const program of Object.keys(HART_PROGRAMS)) {
    const rates = Array.from({ length: ROUNDS }, () => HART_NAMES.map((hartName) => measured(hartName, program)));
    process.stdout.write(`| ${program} | ${HART_NAMES.map((_, hart) => median(rates.map((round) => round[hart]!)).toFixed(2)).join(' | ')} |\n`);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [hartName, program, count] = process.argv.slice(2);
  if (hartName === undefined) printHarts();
  else process.stdout.write(`${rateOf(hartName as HartName, HART_PROGRAMS[program ?? '']!, Number(count))}\n`);
}
