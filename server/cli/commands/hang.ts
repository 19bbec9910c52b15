// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import type { HangReport, HungThread, SubjectRef } from '../../../schema/api/index.ts';
import { EXIT } from '../exit-codes.ts';
import { bold, dim, green, printJson, printLine, red, virtualTime, yellow } from '../output.ts';
import { accessService, withServiceOptions, type ServiceOptions } from '../service-access.ts';
import { namesOfThreads } from '../thread-names.ts';
import { parsePositive } from './options.ts';

interface HangOptions extends ServiceOptions {
  readonly at?: number;
  readonly json?: boolean;
}

/** `sel4scope hang [RUN]`: threads that can never run again, and why. Exit code 1 when there are any. */
export function hangCommand(): Command {
  return withServiceOptions(new Command('hang'))
    .description('name the threads that can never run again, and why')
    .argument('[run]', 'run id', 'latest')
    .option('--at <seq>', 'look after this record instead of at the end', parsePositive)
    .option('--json', 'print JSON')
    .addHelpText('after', `
"certain" is what the state of the kernel says. "seen" is drawn from who was seen to use what: a thread that holds a
capability and never used it would not be seen. Exit code 1 when a thread is named.

Listed apart, as nothing is wrong with them: threads that came to their end, that others stopped, that nobody started, and,
once the program came to its end, servers that wait for a message or a signal.`)
    .action(async (run: string, options: HangOptions) => {
      const service = await accessService(options);
      try {
        const report = await service.get<HangReport>(`/api/runs/${encodeURIComponent(run)}/hang`, { at: options.at });
        if (report.hung.length > 0) process.exitCode = EXIT.findings;
        if (options.json === true) printJson(report);
        else print(report);
      } finally {
        await service.close();
      }
    });
}

function print(report: HangReport): void {
  const { run, at, time, stalled, alive, hung, cycles } = report;
  printLine(`${bold(`run ${run}`)} after record ${at}, at ${virtualTime(time)}${stalled ? red(': stalled, the kernel had nothing left to run') : ''}`);
  if (hung.length === 0) printLine(green(`no thread is known to hang: ${alive} can go on`));
  for (const thread of hung) printThread(thread);
  for (const cycle of cycles) printLine(`${red('deadlock')}: ${[...cycle, cycle[0]!].map(({ name }: SubjectRef) => name).join(' → ')}`);
  printThreads('came to their end', report.finished);
  printThreads('were stopped by others', report.stopped);
  printThreads('idle, with the program at its end', report.idle);
  printThreads('never started', report.neverStarted);
}

function printThreads(what: string, threads: readonly SubjectRef[]): void {
  if (threads.length > 0) printLine(dim(`${what}: ${namesOfThreads(threads)}`));
}

function printThread({ thread, state, sinceSeq, since, reason, certainty, text }: HungThread): void {
  const paint = certainty === 'certain' ? red : yellow;
  printLine(`${paint(thread.name)} ${text}`);
  printLine(dim(`  ${reason}, ${certainty}; ${state}${sinceSeq === 0 ? '' : ` since record ${sinceSeq}, ${virtualTime(since)}`}; \`sel4scope thread ${thread.id}\` tells its story`));
}
