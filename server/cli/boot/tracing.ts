// SPDX-License-Identifier: BSD-2-Clause
/** `sel4scope boot --trace`: every trap of the guest's user threads is recorded, checked and kept. */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import type { Machine } from '../../../emulator/machine/boot/machine.ts';
import { ImageObserver } from '../../../emulator/machine/host/image-observer.ts';
import { RegisterObserver } from '../../../emulator/machine/host/register-observer.ts';
import { ImageError } from '../../../emulator/machine/image/image-error.ts';
import type { KernelImage } from '../../../emulator/machine/image/kernel-image.ts';
import { BatchingSink } from '../../../emulator/probe/batching-sink.ts';
import { Probe } from '../../../emulator/probe/probe.ts';
import { TraceClient } from '../../../emulator/probe/trace-client.ts';
import type { AnomalyGroup, RunDetail } from '../../../schema/api/index.ts';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import type { RunDescription } from '../../../schema/trace/names.ts';
import type { RunEnd } from '../../../schema/trace/wire.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { configurationIn, identityOf, readKernelElf, type KernelAdvice } from '../kernel-file.ts';
import type { Origin } from '../origin.ts';
import { lastRecords } from '../last-records.ts';
import { note } from '../output.ts';
import { traceDestination, type RecordOptions } from '../recording.ts';
import type { ServiceAccess, ServiceOptions } from '../service-access.ts';
import type { BootOutcome } from './session.ts';

export interface BootTraceOptions extends ServiceOptions, KernelAdvice, RecordOptions {
  /** Value of `--trace`: kernel.elf, or true for the one that is booted. */
  readonly trace: string | true;
  readonly kernel?: string;
  /** Records registers alone, of a kernel that need not be known. */
  readonly registersOnly?: boolean;
  /** Configuration of that kernel, where its file does not tell. */
  readonly config?: Scheduling;
  /** What runs, for people. */
  readonly program: string;
  readonly origin: Origin;
}

/** The trace of one session, from before the machine's first instruction to its end. */
export class BootTrace {
  private readonly service: ServiceAccess;
  private readonly client: TraceClient;
  private readonly sink: BatchingSink;
  private readonly observer: ImageObserver | RegisterObserver;
  private readonly id: string;
  private readonly machine: Machine;

  private constructor(service: ServiceAccess, client: TraceClient, id: string, machine: Machine, watched: Watched) {
    this.service = service;
    this.client = client;
    this.id = id;
    this.machine = machine;
    this.sink = new BatchingSink((batch) => {
      client.send(batch);
      // The session waits for room before the next slice.
      if (client.ready() !== undefined) machine.pause();
    });
    this.observer = watched.image === undefined ? new RegisterObserver(machine, watched.scheduling) : new ImageObserver(machine, watched.image);
    new Probe(this.observer, this.sink);
  }

  /** Connects to the service. Throws {@link CommandError} for a kernel that cannot be observed. */
  static async begin(machine: Machine, options: BootTraceOptions): Promise<BootTrace> {
    const watched = options.registersOnly === true ? registersOf(options, machine) : imageOf(options, machine);
    for (const text of watched.notes) note(`sel4scope: ${text}`);
    const service = await traceDestination(options);
    const id = randomUUID();
    const client = await TraceClient.connect(await service.ingestUrl(), {
      id, program: options.program, ...watched.identity, configuration: `riscv64-${watched.scheduling}`, seed: 0, defects: [],
    }, service.traceOptions);
    return new BootTrace(service, client, id, machine, watched);
  }

  /** As `Machine.run`. */
  readonly run: Machine['run'] = (instructions, options) => {
    try {
      return this.observer.run(instructions, options);
    } catch (error) {
      if (error instanceof ImageError) throw new CommandError(EXIT.unreadable, error.message);
      throw error;
    }
  };

  /** A promise to wait for while the service is behind. */
  readonly room = (): Promise<void> | undefined => this.client.ready();

  /** Waits until everything is kept; says where, and what the rules found. */
  async end(outcome: BootOutcome | undefined): Promise<void> {
    this.sink.end();
    await this.client.close(endOf(outcome), this.observer.failure);
    const { summary, anomalies } = await this.service.get<RunDetail>(`/api/runs/${this.id}`);
    if (this.observer.failure !== '') note(`the kernel ${this.observer.failure}`);
    const verdict = this.observer instanceof RegisterObserver ? 'no rules asked' : verdictOn(this.id, anomalies);
    note(`trace: run ${this.id}${this.service.traceFile === undefined ? '' : ` in ${this.service.traceFile}`}, ${summary.records} records, ${verdict}`);
    if (endOf(outcome) !== 'failed' && this.machine.console.panic === undefined) return;
    note('last records:');
    for (const line of await lastRecords(this.service, this.id, summary.records)) note(`  ${line}`);
  }

  close(): Promise<void> {
    return this.service.close();
  }
}

/** The kernel that is watched, and how. */
interface Watched {
  /** undefined: only registers are. */
  readonly image: KernelImage | undefined;
  readonly scheduling: Scheduling;
  readonly identity: Omit<RunDescription, 'id' | 'program' | 'configuration' | 'seed' | 'defects'>;
  /** For people. */
  readonly notes: readonly string[];
}

function imageOf(options: BootTraceOptions, { platform }: Machine): Watched {
  const { trace, kernel, release, interfaces, origin } = options;
  const file = trace === true ? kernel : trace;
  if (file === undefined) throw new CommandError(EXIT.usage, '--trace of a complete image needs the kernel.elf of its build: --trace kernel.elf', WITHOUT);
  const image = readKernelElf(file, { ...(release === undefined ? {} : { release }), ...(interfaces === undefined ? {} : { interfaces }) }, WITHOUT);
  return { image, scheduling: image.scheduling, identity: { ...origin, ...identityOf({ image, platform: platform.name }) }, notes: image.notes.map((text) => `${image.name}: ${text}`) };
}

/** What to do about a kernel that cannot be read. */
const WITHOUT = '--registers-only records what the hart shows without it: causes and registers, no states, objects or methods';

function registersOf({ trace, kernel, config, origin }: BootTraceOptions, { platform }: Machine): Watched {
  const file = trace === true ? kernel : trace;
  const scheduling = config ?? (file === undefined ? undefined : configurationIn(file));
  if (scheduling === undefined) throw new CommandError(EXIT.usage, '--registers-only needs --config mcs or --config classic: nothing else tells what system call numbers mean');
  const name = file === undefined ? 'kernel' : basename(file);
  return {
    image: undefined, scheduling, notes: ['only registers are recorded: no states, objects or methods, and no rules are asked'],
    identity: { ...origin, kernel: 'image', kernelVersion: `${name} (registers only)`, build: '', machine: platform.name, tags: [...new Set([...origin.tags, 'registers-only'])] },
  };
}

function endOf(outcome: BootOutcome | undefined): RunEnd {
  if (outcome === undefined) return 'failed';
  if (outcome.kind === 'ended') return outcome.end.kind === 'shutdown' || outcome.end.kind === 'reset' ? 'completed' : 'failed';
  return outcome.kind === 'expected' ? 'completed' : 'interrupted';
}

function verdictOn(run: string, groups: readonly AnomalyGroup[]): string {
  const notes = groups.reduce((sum, { severity, count }) => (severity === 'info' ? sum + count : sum), 0);
  const findings = groups.reduce((sum, { count }) => sum + count, 0) - notes;
  const said = `${findings === 0 ? 'no' : findings} anomalies${notes === 0 ? '' : `, ${notes} notes`}`;
  return findings + notes === 0 ? said : `${said}: sel4scope anomalies --run ${run}`;
}
