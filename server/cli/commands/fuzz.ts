// SPDX-License-Identifier: BSD-2-Clause
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { DefectName } from '../../../emulator/kernel/defects.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { bold, green, note, printJson, printLine, red } from '../output.ts';
import { interruption } from '../signals.ts';
import { parseNatural, parsePositive, withDefectOption } from './options.ts';

interface FuzzOptions {
  readonly seed: number;
  readonly programs: number;
  readonly config: 'mcs' | 'classic';
  readonly defect: readonly DefectName[];
  readonly output?: string;
  readonly json?: boolean;
}

/** `sel4scope fuzz`: random user programs on the embedded kernel, invariants and rules on. */
export function fuzzCommand(): Command {
  return withDefectOption(new Command('fuzz'))
    .description('run random user programs on the embedded kernel, its invariants checked after every trap, until one fails')
    .option('--seed <number>', 'the same seed gives the same programs', parseNatural, 0)
    .option('--programs <number>', 'how many', parsePositive, 1000)
    .addOption(new Option('--config <name>', 'kernel configuration').choices(['mcs', 'classic']).default('mcs'))
    .option('-o, --output <file>', 'write the smallest failing program here, to be run by `sel4scope run`; default: to standard output')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `
A program fails when an invariant of the model breaks, the model throws, or a rule of severity error or warning fires.
Exit code 1 with the smallest program that fails in the same way, 0 when none does.

Examples:
  sel4scope fuzz --programs 100000
  sel4scope fuzz --config classic --seed 7 -o failing.ts
  sel4scope fuzz --defect sc-consumed`)
    .action(async (options: FuzzOptions) => {
      const { fuzzCampaign } = await import('../fuzz/campaign.ts');
      const { printProgram } = await import('../../../examples/fuzz/print.ts');
      const interrupt = interruption();
      const start = performance.now();
      const rateOf = (programs: number): number => Math.round(programs / ((performance.now() - start) / 1000));
      const { programs, traps, failing } = await fuzzCampaign({
        scheduling: options.config, seed: options.seed, programs: options.programs, defects: options.defect, interrupt,
        ...(process.stderr.isTTY ? { onProgress: (done: number) => { process.stderr.write(`\r${done} programs, ${rateOf(done)}/s `); } } : {}),
      });
      if (process.stderr.isTTY) note('');
      const failure = failing?.failure;
      const source = failing === undefined ? '' : printProgram(failing.program, [
        `${failing.failure.kind}: ${failing.failure.name}`, ...failing.failure.detail.split('\n'),
        `Found by sel4scope fuzz --config ${options.config} --seed ${options.seed}${options.defect.map((name) => ` --defect ${name}`).join('')}, program ${programs}.`,
      ]);
      if (failing !== undefined && options.output !== undefined) writeProgram(options.output, source);
      if (options.json === true) {
        printJson({ configuration: `riscv64-${options.config}`, seed: options.seed, programs, traps, perSecond: rateOf(programs), failure: failure ?? null, source });
      } else if (failure === undefined) {
        printLine(`${bold(`${programs} random programs`)} on riscv64-${options.config}, ${traps} traps, ${rateOf(programs)} programs/s: ${green('none failed')}`);
      } else {
        printLine(`${bold(`program ${programs}`)} on riscv64-${options.config}: ${red(`${failure.kind} ${failure.name}`)}`);
        printLine(failure.detail);
        printLine();
        printLine(options.output === undefined ? source : `the smallest program that fails in this way is in ${options.output}`);
      }
      process.exitCode = failure !== undefined ? EXIT.findings : interrupt.aborted ? EXIT.interrupted : EXIT.fine;
    });
}

function writeProgram(file: string, source: string): void {
  try {
    writeFileSync(file, source);
  } catch (error) {
    throw new CommandError(EXIT.usage, `cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
