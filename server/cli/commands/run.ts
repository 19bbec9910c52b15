// SPDX-License-Identifier: BSD-2-Clause
import { Command, Option } from 'commander';
import type { ReplyPolicy } from '../../../stubs/index.ts';
import { commitOf } from '../origin.ts';
import { printJson } from '../output.ts';
import { exitCodeOf, printReport, reportOf, type FailOn } from '../run-report.ts';
import { traceDestination, withRecordOption, type RecordOptions } from '../recording.ts';
import { withServiceOptions, type ServiceOptions } from '../service-access.ts';
import { interruption } from '../signals.ts';
import { askedConfiguration, wantsKernel, withKernelOption, type KernelOptions } from './kernel-options.ts';
import { chosenDefects, parseNatural, parsePositive, shownRelease, withDefectOption, withTagOption, type DefectOptions } from './options.ts';

interface RunOptions extends ServiceOptions, RecordOptions, DefectOptions, KernelOptions {
  readonly config: 'mcs' | 'classic';
  readonly policy: ReplyPolicy;
  readonly seed: number;
  readonly failOn: FailOn;
  readonly timeLimit?: number;
  readonly tag: readonly string[];
  readonly checkInvariants?: boolean;
  readonly json?: boolean;
}

/** `sel4scope run PROGRAM.ts`: a user program on the embedded kernel or on a real one, traced, checked and kept. */
export function runCommand(): Command {
  return withRecordOption(withTagOption(withKernelOption(withDefectOption(withServiceOptions(new Command('run'))))))
    .description('run a user program on the embedded kernel, or on a real one; its replies are checked and kept')
    .argument('<program>', 'TypeScript file whose default export is `async function main(task: RootTask)`')
    .addOption(new Option('--config <name>', 'kernel configuration; with --kernel it is the kernel\'s').choices(['mcs', 'classic']).default('mcs'))
    .addOption(new Option('--policy <policy>', 'what the stubs do with a reply that breaks the protocol').choices(['throw', 'warn', 'off']).default('throw'))
    .option('--seed <number>', 'seed of the run', parseNatural, 0)
    .option('--time-limit <ms>', 'virtual milliseconds after which the run ends with exit code 5', parsePositive)
    .option('--check-invariants', 'check the invariants of the kernel model after every trap; a broken one ends the run with exit code 4')
    .addOption(new Option('--fail-on <findings>', 'which findings end the command with exit code 1: any; or open, without those that are acknowledged, expected or fixed in a later release').choices(['any', 'open']).default('any'))
    .option('--json', 'print the report as JSON')
    .addHelpText('after', `
Examples:
  sel4scope run hello.ts
  sel4scope run hello.ts --config classic --policy warn
  sel4scope run hello.ts --defect sc-consumed
  sel4scope run hello.ts --release 12.1.0
  sel4scope run hello.ts --record hello.s4trace
  sel4scope run hello.ts --kernel build/kernel/kernel.elf
  sel4scope run hello.ts --kernel old/kernel.elf --release 13.0.0`)
    .action(async (file: string, options: RunOptions, command: Command) => {
      // With --json standard output is for the report alone.
      const output = options.json === true ? process.stderr : process.stdout;
      globalThis.console = new console.Console(output, process.stderr);
      const { loadProgram } = await import('../program-loader.ts');
      const { runSession } = await import('../session.ts');
      const { readKernelFile, schedulingOf } = await import('../kernel-file.ts');
      const kernel = wantsKernel(options) ? readKernelFile(options) : undefined;
      const config = kernel === undefined ? options.config : schedulingOf(kernel, askedConfiguration(command));
      const defects = kernel === undefined ? chosenDefects(options, config) : [];
      const program = await loadProgram(file);
      const service = await traceDestination(options);
      try {
        const session = await runSession(program, {
          configuration: `riscv64-${config}`,
          defects,
          ...(kernel === undefined ? {} : { kernel }),
          policy: options.policy,
          seed: options.seed,
          origin: { release: kernel === undefined ? shownRelease(options) : '', commit: await commitOf(file), tags: options.tag },
          checkInvariants: options.checkInvariants ?? false,
          timeLimit: (options.timeLimit ?? Infinity) * 1e6,
          ingestUrl: await service.ingestUrl(),
          traceOptions: service.traceOptions,
          console: (text) => output.write(text),
          interrupt: interruption(),
        });
        const report = await reportOf(service, session);
        if (options.json === true) printJson(report);
        else printReport(report);
        process.exitCode = exitCodeOf(report, options.failOn);
      } finally {
        await service.close();
      }
    });
}
