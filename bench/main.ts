// SPDX-License-Identifier: BSD-2-Clause
/**
 * `npm run bench`: operations per second of user programs on the model, untraced, with the probe alone, traced, and traced
 * into the service; ingest and queries of the service; random programs per second; instructions per second of the harts.
 * Every figure is the median of fresh processes that alternate; ratios count, absolute rates are a hint.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printHarts } from './harts.ts';
import { printRealKernel } from './real-kernel.ts';
import { printIngest } from './ingest.ts';
import { WORKLOADS } from './programs.ts';
import { printQueries } from './queries.ts';
import { printRandomPrograms } from './random-programs.ts';

const MODES = ['untraced', 'probe', 'traced', 'service'] as const;
const ROUNDS = 3;
const COUNT = Number(process.env['BENCH_COUNT'] ?? 400_000);

const built = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A service of its own process. Resolves when it listens. */
function startService(data: string): Promise<{ process: ChildProcess; ingestUrl: string }> {
  const child = spawn(process.execPath, [built('../server/cli/main.js'), 'serve', '--port', '0', '--data', data], { stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      said += text;
      const url = /http:\/\/(\S+?);/.exec(said);
      if (url !== null) resolve({ process: child, ingestUrl: `ws://${url[1]}/ingest` });
    });
    child.on('exit', (code) => reject(new Error(`the service ended with ${code}: ${said}`)));
  });
}

function measure(mode: string, workload: string, ingestUrl: string): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, [built('measure.js'), mode, workload, String(COUNT), ingestUrl], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${mode} ${workload}: ${stderr}`);
  return Number(stdout);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const thousands = (rate: number): string => `${Math.round(rate / 1000)} k/s`;

const data = mkdtempSync(join(tmpdir(), 'sel4scope-bench-'));
const service = await startService(data);
try {
  process.stdout.write(`median of ${ROUNDS} alternating fresh processes, ${COUNT} operations each; Node ${process.version}\n\n`);
  process.stdout.write('| operation | untraced | with probe | traced | with service | probe : untraced | traced : untraced | service : untraced |\n|---|---|---|---|---|---|---|---|\n');
  for (const workload of Object.keys(WORKLOADS)) {
    const rates: Record<string, number[]> = Object.fromEntries(MODES.map((mode) => [mode, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const mode of MODES) rates[mode]!.push(measure(mode, workload, service.ingestUrl));
    }
    const [untraced, ...others] = MODES.map((mode) => median(rates[mode]!)) as [number, ...number[]];
    process.stdout.write(`| ${workload} | ${[untraced, ...others].map(thousands).join(' | ')} | ${others.map((rate) => (rate / untraced).toFixed(2)).join(' | ')} |\n`);
  }
} finally {
  service.process.kill('SIGTERM');
  await new Promise((resolve) => { service.process.removeAllListeners('exit').on('exit', resolve); });
  rmSync(data, { recursive: true, force: true });
}
await printIngest();
await printQueries();
printRandomPrograms();
printHarts();
printRealKernel();
