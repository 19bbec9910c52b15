// SPDX-License-Identifier: BSD-2-Clause
/** One session of `sel4scope boot`. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { HartName } from '../../../emulator/machine/boot/hart-names.ts';
import type { PlatformName } from '../../../emulator/machine/devices/platform-names.ts';
import type { Machine } from '../../../emulator/machine/boot/machine.ts';
import type { KernelImage } from '../../../emulator/machine/image/kernel-image.ts';
import type { SymbolTable } from '../../../emulator/machine/image/symbols.ts';
import { platformOf } from '../../../emulator/machine/image/kernel-platform.ts';
import { saveMachine } from '../../../emulator/machine/boot/snapshot.ts';
import { diagnosticText } from '../../../emulator/machine/devices/bus.ts';
import { OutOfFrames } from '../../../emulator/machine/memory/sparse-memory.ts';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { readKernelElf, symbolsIn } from '../kernel-file.ts';
import { commitOf } from '../origin.ts';
import { note, printJson } from '../output.ts';
import type { RecordOptions } from '../recording.ts';
import type { ServiceOptions } from '../service-access.ts';
import { interruption } from '../signals.ts';
import { runUnderDebugger } from './debugger.ts';
import { machineFromFiles } from './machine-from-files.ts';
import { bootReport, exitCodeOf, printReport } from './report.ts';
import { ExpectedText, runMachine, type BootOutcome } from './session.ts';
import { GuestConsole, TypedInput } from './terminal.ts';
import { BootTrace } from './tracing.ts';

/** Options of `sel4scope boot`, as its help describes them. */
export interface BootOptions extends ServiceOptions, RecordOptions {
  readonly kernel?: string;
  readonly root?: string;
  readonly dtb?: string;
  readonly hart?: HartName;
  readonly platform?: PlatformName;
  readonly nsPerInstruction?: number;
  readonly resident?: number;
  readonly realtime?: boolean;
  readonly save?: string;
  readonly restore?: string;
  readonly expect?: string;
  readonly timeLimit?: number;
  readonly instructions?: number;
  readonly stuckAfter?: number;
  readonly trace?: string | true;
  /** Release of seL4 that the kernel is of. */
  readonly release?: string;
  readonly interfaces?: string;
  readonly registersOnly?: boolean;
  readonly config?: Scheduling;
  readonly tag: readonly string[];
  readonly gdb?: number;
  readonly symbols?: string;
  readonly json?: boolean;
}

const MIB = 2 ** 20;
/** More than any kernel entry and any start of a system takes. */
const STUCK_AFTER = 400_000_000;
const NS_PER_MS = 1_000_000n;

/** Boots, runs, reports and saves; returns the exit code. */
export async function boot(image: string | undefined, options: BootOptions): Promise<number> {
  refuseContradictions(options);
  const watch = new ExpectedText(options.expect ?? '', () => machine.pause());
  // With --json standard output is for the report alone.
  const guest = new GuestConsole(options.json === true ? process.stderr : process.stdout);
  const machine = machineFromFiles({ ...options, ...(image === undefined ? {} : { image }) }, {
    ...(options.hart === undefined ? {} : { hart: options.hart }),
    ...platformFor(options),
    ...(options.nsPerInstruction === undefined ? {} : { nsPerInstruction: options.nsPerInstruction }),
    ...(options.resident === undefined ? {} : { frameBytes: options.resident * MIB }),
    // What a person types comes from outside, and may come late.
    ...(options.realtime === true ? {} : { stuckAfter: options.stuckAfter ?? STUCK_AFTER }),
    onConsole: (byte) => {
      guest.push(byte);
      watch.push(byte);
    },
    onDiagnostic: (diagnostic) => note(`sel4scope: ${diagnosticText(diagnostic)}`),
  });

  const program = image ?? options.root ?? options.restore ?? '';
  const trace = options.trace === undefined ? undefined : await BootTrace.begin(machine, {
    ...options, trace: options.trace, program: basename(program), origin: { release: options.release ?? '', commit: await commitOf(program), tags: options.tag },
  });
  const before = machine.instructions;
  const start = performance.now();
  const outcome = await run(machine, watch, guest, options, trace);
  const report = bootReport(machine, outcome, machine.instructions - before, (performance.now() - start) / 1000, kernelSymbols(options));
  const exitCode = exitCodeOf(report, options.expect);
  if (options.json === true) printJson(report);
  else printReport(report, exitCode === EXIT.crashed);
  if (options.save !== undefined) save(machine, options.save);
  return exitCode;
}

async function run(machine: Machine, watch: ExpectedText, guest: GuestConsole, options: BootOptions, trace: BootTrace | undefined): Promise<BootOutcome> {
  const interrupted = new AbortController();
  interruption().addEventListener('abort', () => interrupted.abort());
  const input = options.realtime === true ? new TypedInput(() => interrupted.abort()) : undefined;
  const limits = {
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    ...(options.timeLimit === undefined ? {} : { until: BigInt(options.timeLimit) * NS_PER_MS }),
  };
  const progress = guest.progressOf(machine);
  let outcome: BootOutcome | undefined;
  const runFree = (interrupt: AbortSignal): Promise<BootOutcome> => runMachine(machine, watch, limits, {
    interrupt, progress, ...(input === undefined ? {} : { realtime: input }), ...(trace === undefined ? {} : { run: trace.run, room: trace.room }),
  });
  try {
    outcome = await (options.gdb === undefined ? runFree(interrupted.signal) : runUnderDebugger(machine, {
      port: options.gdb, image: symbolsOf(options), interrupt: interrupted.signal, progress,
    }, runFree));
    return outcome;
  } catch (error) {
    if (!(error instanceof OutOfFrames)) throw error;
    throw new CommandError(EXIT.crashed, 'the guest fills more of its RAM than the machine has memory for', 'raise --resident');
  } finally {
    input?.close();
    guest.close();
    try {
      await trace?.end(outcome);
    } finally {
      await trace?.close();
    }
  }
}

function refuseContradictions({ gdb, trace, realtime, registersOnly, record }: BootOptions): void {
  if (registersOnly === true && trace === undefined) throw new CommandError(EXIT.usage, '--registers-only goes with --trace');
  if (record !== undefined && trace === undefined) throw new CommandError(EXIT.usage, '--record keeps what --trace sees: give both');
  const other = trace !== undefined ? '--trace' : realtime === true ? '--realtime' : undefined;
  if (gdb !== undefined && other !== undefined) throw new CommandError(EXIT.usage, `--gdb and ${other} exclude each other`, 'save the machine where the trace gets interesting, and restore it under the debugger');
}

/** The platform that is asked for, or that a kernel was built for whose file is given; a saved machine has its own. */
function platformFor(options: BootOptions): { readonly platform?: PlatformName } {
  if (options.platform !== undefined) return { platform: options.platform };
  const symbols = options.restore === undefined ? kernelSymbols(options) : undefined;
  return symbols === undefined ? {} : { platform: platformOf(symbols) };
}

/** The kernel whose threads the debugger names. */
function symbolsOf({ kernel, symbols, ...advice }: BootOptions): KernelImage | undefined {
  const file = symbols ?? kernel;
  return file === undefined ? undefined : readKernelElf(file, advice);
}

/** Symbols of the kernel, if its file is given. */
function kernelSymbols({ kernel, symbols, trace }: BootOptions): SymbolTable | undefined {
  const file = symbols ?? (trace === undefined || trace === true ? kernel : trace);
  return file === undefined ? undefined : symbolsIn(file);
}

function save(machine: Machine, file: string): void {
  if (machine.ended !== undefined) {
    note(`${file} is not written: the run is over`);
    return;
  }
  writeFileSync(file, saveMachine(machine));
  note(`saved to ${file}`);
}
