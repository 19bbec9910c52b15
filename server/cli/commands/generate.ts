// SPDX-License-Identifier: BSD-2-Clause
import { Command, Option } from 'commander';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationOf, parseConfigurationName } from '../../../schema/idl/configuration.ts';
import { loadInterfaces } from '../../../schema/idl/load.ts';
import type { ConfigurationName } from '../../../schema/idl/model.ts';
import { generateAll, generateStubs } from '../../../stubs/generate/generate.ts';
import { packageFile } from '../../package-paths.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { note } from '../output.ts';

interface GenerateOptions {
  readonly interfaces?: string;
  readonly arch: string;
  readonly config: string;
  readonly runtime: string;
  readonly output: string;
  readonly checkedIn?: boolean;
  readonly check?: boolean;
}

/** `sel4scope generate`: checked stubs from interface XML, the project's own or that of any seL4 release. */
export function generateCommand(): Command {
  return new Command('generate')
    .description('generate checked stubs from the interface files of an seL4 release')
    .option('--interfaces <dir>', 'an seL4 source tree, its libsel4, or a folder with the three interface files')
    .option('--arch <arch>', 'architecture', 'riscv64')
    .option('--config <name>', 'mcs or classic', 'mcs')
    .option('--runtime <module>', 'module the stubs import their runtime from', 'sel4scope/stubs')
    .option('-o, --output <file>', 'file to write, - for standard output', '-')
    .addOption(new Option('--checked-in', 'regenerate the modules in stubs/generated').conflicts('interfaces'))
    .option('--check', 'with --checked-in: write nothing, fail when they are not current')
    .addHelpText('after', `
Example:
  sel4scope generate --interfaces seL4/libsel4 --arch riscv64 --config mcs -o stubs.ts`)
    .action((options: GenerateOptions) => {
      if (options.checkedIn === true) generateCheckedIn(options.check === true);
      else generateFrom(options);
    });
}

function generateFrom(options: GenerateOptions): void {
  if (options.interfaces === undefined) throw new CommandError(EXIT.usage, 'which interface files? give --interfaces DIR');
  const model = loadInterfaces(options.interfaces, configurationOf(configurationName(options)));
  const text = generateStubs(model, { runtime: options.runtime });
  if (options.output === '-') process.stdout.write(text);
  else {
    writeFile(options.output, text);
    note(`${options.output}: ${model.methods.length} methods of ${model.name}`);
  }
}

function configurationName(options: GenerateOptions): ConfigurationName {
  try {
    return parseConfigurationName(options.config, options.arch);
  } catch (error) {
    throw new CommandError(EXIT.usage, (error as RangeError).message);
  }
}

function generateCheckedIn(check: boolean): void {
  const stale: string[] = [];
  for (const { path, text } of generateAll()) {
    const file = fileURLToPath(packageFile(path));
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    stale.push(path);
    if (!check) writeFile(file, text);
  }
  if (!check) return note(stale.length === 0 ? 'generated files are current' : `wrote ${stale.join(', ')}`);
  if (stale.length > 0) {
    throw new CommandError(EXIT.findings, `not current: ${stale.join(', ')}`, 'run `npm run generate` and commit the result');
  }
}

function writeFile(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(EXIT.unreadable, `cannot write ${file}: ${(error as Error).message}`);
  }
}
