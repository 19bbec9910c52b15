// SPDX-License-Identifier: BSD-2-Clause
import { Command, InvalidArgumentError } from 'commander';
import type { Access } from '../../access.ts';
import { newToken, parseAccess, tokenLine, tokenOf } from '../../safety/tokens.ts';
import { note, printJson, printLine } from '../output.ts';

interface TokenOptions {
  readonly name: string;
  readonly access: readonly Access[];
  readonly json?: boolean;
}

/** `sel4scope token new`: a token for a service that others can reach. */
export function tokenCommand(): Command {
  const make = new Command('new')
    .description('make a token and show it once, with the line by which a service knows it')
    .requiredOption('--name <name>', 'whose it is, e.g. ci; the service logs it')
    .requiredOption('--access <list>', 'what it is for: read, ingest, admin (which may do everything), with commas between them', accessList)
    .option('--json', 'print JSON')
    .addHelpText('after', `
Examples:
  sel4scope token new --name ci --access ingest,read
  sel4scope token new --name alice --access admin`)
    .action(({ name, access, json }: TokenOptions) => {
      const token = newToken();
      const line = tokenLine(tokenOf(token, name, access));
      if (json === true) return printJson({ token, line });
      note('The token, shown this once: for SEL4SCOPE_TOKEN, a file for --token-file, or the dashboard.');
      printLine(token);
      note('The line for the file that `sel4scope serve --token-file` reads:');
      printLine(line);
    });
  return new Command('token').description('tokens for a service that others can reach').addCommand(make);
}

function accessList(text: string): Access[] {
  try {
    return parseAccess(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
