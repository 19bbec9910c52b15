#!/usr/bin/env node
// SPDX-License-Identifier: BSD-2-Clause
/** The `sel4scope` command: reads arguments, runs one command, sets the exit code. */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../package-version.ts';
import { anomaliesCommand } from './commands/anomalies.ts';
import { auditCommand } from './commands/audit.ts';
import { bootCommand } from './commands/boot.ts';
import { defectsCommand } from './commands/defects.ts';
import { dbCommand } from './commands/db.ts';
import { diffCommand } from './commands/diff.ts';
import { explainCommand } from './commands/explain.ts';
import { exportCommand } from './commands/export.ts';
import { findingsCommand } from './commands/findings.ts';
import { fuzzCommand } from './commands/fuzz.ts';
import { generateCommand } from './commands/generate.ts';
import { historyCommand } from './commands/history.ts';
import { importCommand } from './commands/import.ts';
import { mergeCommand } from './commands/merge.ts';
import { openCommand } from './commands/open.ts';
import { recheckCommand } from './commands/recheck.ts';
import { hangCommand } from './commands/hang.ts';
import { recordsCommand } from './commands/records.ts';
import { runCommand } from './commands/run.ts';
import { runsCommand } from './commands/runs.ts';
import { serveCommand } from './commands/serve.ts';
import { sqlCommand } from './commands/sql.ts';
import { startCommand } from './commands/start.ts';
import { tagCommand } from './commands/tag.ts';
import { tailCommand } from './commands/tail.ts';
import { threadCommand } from './commands/thread.ts';
import { tokenCommand } from './commands/token.ts';
import { EXIT } from './exit-codes.ts';
import { asCommandError } from './failures.ts';
import { allowUnreadOutput, note } from './output.ts';

function program(): Command {
  const command = new Command('sel4scope')
    .description('Shows and checks every reply that an seL4 kernel gives its user threads.')
    .version(packageVersion())
    .showHelpAfterError('(--help shows what there is)')
    // What stands behind the name of a command or subcommand is its own: both may have an option of one name.
    .enablePositionalOptions()
    .addHelpText('after', `
Examples:
  sel4scope run hello.ts                     run a user program on the embedded kernel, its replies checked and kept
  sel4scope boot image --expect "All is well in the universe"   a real image in the embedded machine
  sel4scope serve                            the trace service and its dashboard, on loopback
  sel4scope anomalies                        what was found in the last run
  sel4scope records --method SchedContextConsumed --json
  sel4scope explain K05

Exit codes: 0 fine, 1 findings or a failed expectation, 2 usage, 3 unreadable input, 4 the program or guest failed,
5 timeout, 130 interrupted.`);
  const makers = [
    startCommand, auditCommand, fuzzCommand, runCommand, bootCommand, serveCommand, runsCommand, tagCommand, openCommand, importCommand, mergeCommand, dbCommand,
    recordsCommand, anomaliesCommand,
    findingsCommand, historyCommand, recheckCommand, diffCommand, sqlCommand, threadCommand, hangCommand, tailCommand, explainCommand, exportCommand, defectsCommand, generateCommand, tokenCommand,
  ];
  for (const make of makers) {
    command.addCommand(make());
  }
  // Subcommands inherit these only when they are set on each.
  for (const each of withSubcommands(command)) each.exitOverride().configureOutput({ writeErr: (text) => process.stderr.write(text) });
  return command;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

async function main(): Promise<void> {
  allowUnreadOutput();
  try {
    await program().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.usage;
      return;
    }
    const failure = asCommandError(error);
    note(`sel4scope: ${failure.message}`);
    if (failure.hint !== undefined) note(`  ${failure.hint}`);
    process.exitCode = failure.exitCode;
  }
}

await main();
