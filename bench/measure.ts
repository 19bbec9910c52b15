// SPDX-License-Identifier: BSD-2-Clause
/** One measurement in a process of its own: `measure.js MODE WORKLOAD COUNT [INGEST_URL]`, prints operations per second. */
import { readFileSync } from 'node:fs';
import { ModelKernel } from '../emulator/kernel/model.ts';
import { ImageKernel } from '../emulator/machine/host/image-kernel.ts';
import { readKernelImage } from '../emulator/machine/image/kernel-image.ts';
import { BatchingSink } from '../emulator/probe/batching-sink.ts';
import { Probe } from '../emulator/probe/probe.ts';
import { UserThreads } from '../emulator/user/threads.ts';
import { runSession } from '../server/cli/session.ts';
import { RootTask } from '../stubs/index.ts';
import { WORKLOADS, type Workload } from './programs.ts';

/** Operations done before the clock starts, so that compiled code is measured. */
const WARM_UP = 30_000;
const ON_KERNEL = 'kernel-';

function realKernel(): ImageKernel {
  const file = process.env['SEL4SCOPE_KERNEL_MCS'] ?? '';
  return new ImageKernel(readKernelImage(file, readFileSync(file)));
}

/**
 * `untraced`: nobody watches the kernel. `probe`: every record is made, and dropped. `traced`: it is encoded, too. The
 * clock is CPU time of the process, which other work on the machine disturbs least. `kernel-untraced` and `kernel-traced`
 * are the same on the kernel.elf that `SEL4SCOPE_KERNEL_MCS` names; its stores are watched in both.
 */
async function alone(workload: Workload, count: number, mode: string): Promise<number> {
  const host = mode.startsWith(ON_KERNEL) ? realKernel() : new ModelKernel({ configuration: 'riscv64-mcs' });
  if (mode === 'probe') new Probe(host, { subject: () => {}, record: () => {} });
  else if (mode.endsWith('-traced') || mode === 'traced') new Probe(host, new BatchingSink(() => {}));
  let start = process.cpuUsage();
  await new UserThreads(host).run('root', async (context, bootInfo) => {
    const task = new RootTask(context, bootInfo);
    await workload(task, WARM_UP, () => {});
    await workload(task, count, () => { start = process.cpuUsage(); });
  });
  const { user, system } = process.cpuUsage(start);
  return count / ((user + system) / 1e6);
}

/** Every record goes to a service in another process; the clock stops when it has committed the last one. */
async function withService(workload: Workload, count: number, ingestUrl: string): Promise<number> {
  let start = 0;
  const main = async (task: RootTask): Promise<void> => {
    await workload(task, WARM_UP, () => {});
    await workload(task, count, () => { start = performance.now(); });
  };
  const { error } = await runSession({ name: 'bench', main }, {
    configuration: 'riscv64-mcs', defects: [], policy: 'throw', seed: 0, timeLimit: Infinity, ingestUrl, console: () => {},
  });
  if (error !== undefined) throw error;
  return count / ((performance.now() - start) / 1000);
}

const [mode, name, countText, ingestUrl] = process.argv.slice(2);
const workload = WORKLOADS[name ?? ''];
if (workload === undefined) throw new Error(`no workload ${name}`);
const count = Number(countText);
const rate = mode === 'service' ? await withService(workload, count, ingestUrl!) : await alone(workload, count, mode ?? '');
process.stdout.write(`${rate}\n`);
