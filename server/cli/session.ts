// SPDX-License-Identifier: BSD-2-Clause
/** Runs a user program on the model or on a real kernel, its records streaming into a trace service. */
import { randomUUID } from 'node:crypto';
import type { DefectName } from '../../emulator/kernel/defects.ts';
import { stopOnViolation } from '../../emulator/kernel/invariants/index.ts';
import { ModelKernel } from '../../emulator/kernel/model.ts';
import { BatchingSink } from '../../emulator/probe/batching-sink.ts';
import { Probe } from '../../emulator/probe/probe.ts';
import { TraceClient, type TraceClientOptions } from '../../emulator/probe/trace-client.ts';
import { UserThreads, type RunEnd } from '../../emulator/user/threads.ts';
import type { BundledConfigurationName } from '../../schema/idl/model.ts';
import { UNKNOWN_ORIGIN } from '../../schema/trace/names.ts';
import type { RunEnd as WireRunEnd } from '../../schema/trace/wire.ts';
import { ClassicRootTask, RootTask, type ReplyPolicy, type ReplyStatistics } from '../../stubs/index.ts';
import { packageVersion } from '../package-version.ts';
import { hostOf, identityOf, type KernelFile } from './kernel-file.ts';
import type { Origin } from './origin.ts';
import type { LoadedProgram } from './program-loader.ts';

export interface SessionOptions {
  readonly configuration: BundledConfigurationName;
  /** Of the model. */
  readonly defects: readonly DefectName[];
  /** A real kernel of that configuration, in place of the model. */
  readonly kernel?: KernelFile;
  readonly seed: number;
  readonly origin?: Origin;
  /** What the stubs do with a reply that breaks the protocol. */
  readonly policy: ReplyPolicy;
  /** Virtual time at which the run ends, ns; Infinity for never. */
  readonly timeLimit: number;
  /** Whether the model's invariants are checked after every trap; a broken one ends the run. */
  readonly checkInvariants?: boolean;
  /** Ends the run when it aborts. */
  readonly interrupt?: AbortSignal;
  readonly ingestUrl: string;
  /** A token, where the service asks for one. */
  readonly traceOptions?: TraceClientOptions;
  /** Receives what the program prints through the kernel. */
  readonly console: (text: string) => void;
}

export interface SessionReport {
  readonly run: string;
  readonly end: RunEnd | 'crashed';
  /** What the program threw. */
  readonly error: unknown;
  /** Of the stubs. */
  readonly replies: ReplyStatistics;
}

const END_ON_WIRE: Readonly<Record<RunEnd | 'crashed', WireRunEnd>> = {
  completed: 'completed', stalled: 'stalled', halted: 'completed', timeLimit: 'interrupted', interrupted: 'interrupted', crashed: 'failed',
};

/** A program that waits for something outside leaves no record behind for longer. Changes how records are cut into batches, not the records. */
const FLUSH_INTERVAL_MS = 200;

/** Traps between two turns of the event loop, so that signals, acknowledgements and pages are not kept waiting. */
const TRAPS_PER_TURN = 8192;

/** Runs the program to its end. Everything is committed by the service when this resolves. */
export async function runSession(program: LoadedProgram, options: SessionOptions): Promise<SessionReport> {
  const { configuration, defects, kernel } = options;
  const run = randomUUID();
  const client = await TraceClient.connect(options.ingestUrl, {
    id: run, program: program.name, configuration, seed: options.seed, defects, ...options.origin ?? UNKNOWN_ORIGIN,
    ...(kernel === undefined ? { kernel: 'model', kernelVersion: `sel4scope ${packageVersion()}`, build: '', machine: '' } : identityOf(kernel)),
  }, options.traceOptions);
  const sink = new BatchingSink((batch) => client.send(batch));
  const host = kernel === undefined ? modelOf(options) : hostOf(kernel, options.console);
  new Probe(host, sink);
  const threads = new UserThreads(host, { timeLimit: options.timeLimit, pause: pauses(client) });
  options.interrupt?.addEventListener('abort', () => threads.stop(), { once: true });

  const flushing = setInterval(() => {
    try {
      sink.flush();
    } catch {
      // The trace was given up: the threads hear of it from the client when they ask for room.
    }
  }, FLUSH_INTERVAL_MS);
  let replies: ReplyStatistics = { checked: 0, findings: new Map() };
  let end: RunEnd | 'crashed' = 'crashed';
  let error: unknown;
  try {
    end = await threads.run('root', async (context, bootInfo) => {
      // A release build has no system call for names: hints to the host serve.
      const taskOptions = { replies: { policy: options.policy }, debugNames: kernel === undefined || kernel.image.debug };
      const task = configuration === 'riscv64-mcs'
        ? new RootTask(context, bootInfo, taskOptions)
        : new ClassicRootTask(context, bootInfo, taskOptions);
      try {
        await (program.main as (task: RootTask | ClassicRootTask) => Promise<void> | void)(task);
      } finally {
        replies = task.replies.statistics;
      }
    });
  } catch (thrown) {
    error = thrown;
  }
  clearInterval(flushing);
  sink.end();
  await client.close(END_ON_WIRE[end], error instanceof Error ? error.message : '');
  return { run, end, error, replies };
}

function modelOf({ configuration, defects, console, checkInvariants }: SessionOptions): ModelKernel {
  return new ModelKernel({ configuration, defects, console, ...(checkInvariants === true ? { afterTrap: stopOnViolation() } : {}) });
}

/** When the threads wait: for room in the trace window, and now and then for one turn of the event loop. */
function pauses(client: TraceClient): () => Promise<void> | undefined {
  let traps = 0;
  return () => {
    if (++traps < TRAPS_PER_TURN) return client.ready();
    traps = 0;
    return new Promise((resolve) => { setImmediate(resolve); });
  };
}
