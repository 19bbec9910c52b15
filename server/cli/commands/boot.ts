// SPDX-License-Identifier: BSD-2-Clause
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { HART_NAMES, type HartName } from '../../../emulator/machine/boot/hart-names.ts';
import { diagnosticText } from '../../../emulator/machine/devices/bus.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { note, printJson } from '../output.ts';
import { interruption } from '../signals.ts';
import { parsePositive, wholeNumber } from './options.ts';

interface BootOptions {
  readonly kernel?: string;
  readonly root?: string;
  readonly dtb?: string;
  readonly hart?: HartName;
  readonly nsPerInstruction?: number;
  readonly resident?: number;
  readonly realtime?: boolean;
  readonly save?: string;
  readonly restore?: string;
  readonly expect?: string;
  readonly timeLimit?: number;
  readonly instructions?: number;
  readonly json?: boolean;
}

/** `sel4scope boot`: a real kernel in the RV64 machine. */
export function bootCommand(): Command {
  return new Command('boot')
    .description('boot a real seL4 image for qemu-riscv-virt in the embedded machine; its console goes to standard output')
    .argument('[image]', 'complete image: an elfloader, with its firmware or without')
    .option('--kernel <file>', 'kernel.elf, booted without an elfloader; needs --root')
    .option('--root <file>', 'ELF file of the root task')
    .option('--dtb <file>', 'device tree blob for the guest; the machine\'s own if not given')
    .addOption(new Option('--hart <name>', 'which hart executes: the fast one or the readable one').choices([...HART_NAMES]))
    .option('--ns-per-instruction <number>', 'virtual time that an instruction takes, 8 to 32 ns; 8 if not given', parseNsPerInstruction)
    .option('--resident <MiB>', 'how much of the 3 GiB of RAM may be non-zero; 1024 if not given', parseMib)
    .option('--realtime', 'let virtual time follow the wall\'s and standard input be typed at the console; the run is not reproducible')
    .option('--save <file>', 'save the machine when the session stops at a limit, at the expected text or by an interrupt')
    .option('--restore <file>', 'go on from a saved machine')
    .option('--expect <text>', 'stop, successfully, once the console shows this text')
    .option('--time-limit <ms>', 'virtual milliseconds since power on after which the session ends with exit code 5', parsePositive)
    .option('--instructions <number>', 'instructions after which the session ends with exit code 5', parsePositive)
    .option('--json', 'print a report as JSON; the console goes to standard error')
    .addHelpText('after', `
Examples:
  sel4scope boot images/sel4test-driver-image-riscv-qemu-riscv-virt --expect "All is well in the universe"
  sel4scope boot --kernel kernel.elf --root root.elf --time-limit 5000
  sel4scope boot image --instructions 100000000 --save later.machine
  sel4scope boot --restore later.machine`)
    .action(async (image: string | undefined, options: BootOptions) => { process.exitCode = await boot(image, options); });
}

async function boot(image: string | undefined, options: BootOptions): Promise<number> {
  const { machineFromFiles } = await import('../boot/machine-from-files.ts');
  const { ExpectedText, runMachine } = await import('../boot/session.ts');
  const { bootReport, exitCodeOf, printReport } = await import('../boot/report.ts');
  const { ProgressLine, TypedInput } = await import('../boot/terminal.ts');
  const { saveMachine } = await import('../../../emulator/machine/boot/snapshot.ts');
  const { OutOfFrames } = await import('../../../emulator/machine/memory/sparse-memory.ts');

  const output = options.json === true ? process.stderr : process.stdout;
  let written: number[] = [];
  const watch = new ExpectedText(options.expect ?? '', () => machine.pause());
  const machine = machineFromFiles({ ...options, ...(image === undefined ? {} : { image }) }, {
    ...(options.hart === undefined ? {} : { hart: options.hart }),
    ...(options.nsPerInstruction === undefined ? {} : { nsPerInstruction: options.nsPerInstruction }),
    ...(options.resident === undefined ? {} : { frameBytes: options.resident * 2 ** 20 }),
    onConsole: (byte) => {
      written.push(byte);
      watch.push(byte);
    },
    onDiagnostic: (diagnostic) => note(`sel4scope: ${diagnosticText(diagnostic)}`),
  });
  const interrupted = new AbortController();
  interruption().addEventListener('abort', () => interrupted.abort());
  const input = options.realtime === true ? new TypedInput(() => interrupted.abort()) : undefined;
  const line = new ProgressLine(machine);
  const progress = (): void => {
    if (written.length > 0) {
      line.clear();
      output.write(Buffer.from(written));
      written = [];
    }
    line.update();
  };

  const before = machine.instructions;
  const start = performance.now();
  const outcome = await runMachine(machine, watch, {
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    ...(options.timeLimit === undefined ? {} : { until: BigInt(options.timeLimit) * 1_000_000n }),
  }, { interrupt: interrupted.signal, progress, ...(input === undefined ? {} : { realtime: input }) })
    .catch((error: unknown) => { throw error instanceof OutOfFrames ? new CommandError(EXIT.crashed, 'the guest fills more of its RAM than the machine has memory for', 'raise --resident') : error; })
    .finally(() => { input?.close(); line.clear(); });
  const report = bootReport(machine, outcome, machine.instructions - before, (performance.now() - start) / 1000);
  const exitCode = exitCodeOf(report, options.expect);
  if (options.json === true) printJson(report);
  else printReport(report, exitCode === EXIT.crashed);
  if (options.save !== undefined && machine.ended === undefined) {
    writeFileSync(options.save, saveMachine(machine));
    note(`saved to ${options.save}`);
  }
  return exitCode;
}

function parseNsPerInstruction(text: string): number {
  return wholeNumber(text, 8, 32);
}

function parseMib(text: string): number {
  return wholeNumber(text, 1, 3072);
}
