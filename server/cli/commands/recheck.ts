// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import type { RecheckJob, RecheckRequest, RecheckResult } from '../../../schema/api/index.ts';
import { ruleInfo } from '../../../schema/rules/catalogue.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { followJob } from '../follow-job.ts';
import { dim, note, printJson, printLine, printTable } from '../output.ts';
import { accessService, withServiceOptions, type ServiceOptions } from '../service-access.ts';

interface RecheckOptions extends ServiceOptions {
  readonly all?: boolean;
  readonly outdated?: boolean;
  readonly rule?: string;
  readonly json?: boolean;
}

/** `sel4scope recheck`: the rules judge stored runs again. */
export function recheckCommand(): Command {
  return withServiceOptions(new Command('recheck'))
    .description('run the rules over stored runs again, and put what they find in place of what was found')
    .argument('[run...]', 'run ids, or latest')
    .option('--all', 'all runs')
    .option('--outdated', 'all runs that another revision of the rules has judged')
    .option('--rule <rule>', 'this rule alone, e.g. K05')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `
Anomalies that are found again keep their ids and the time when they were found. A run is exchanged as a whole or not at all,
and traces that come in meanwhile are taken. Runs that are still running, and runs whose records are not kept any more,
keep the anomalies that they have. Ctrl-C ends it; runs that are done stay done.

Examples:
  sel4scope recheck latest
  sel4scope recheck --outdated
  sel4scope recheck --all --rule K05`)
    .action(async (runs: string[], options: RecheckOptions) => {
      const request = requestOf(runs, options);
      const service = await accessService(options);
      try {
        const job = await followJob(service, await service.send<RecheckJob>('POST', '/api/recheck', request));
        if (options.json === true) printJson(job.result);
        else print(job.result);
        if (job.state === 'failed') throw new CommandError(EXIT.unreadable, `the recheck failed: ${job.error}`, 'runs that were done before stay done');
        if (job.state === 'cancelled') process.exitCode = EXIT.interrupted;
        else if (runs.length > 0 && job.result.notChecked.length > 0) process.exitCode = EXIT.unreadable;
      } finally {
        await service.close();
      }
    });
}

function requestOf(runs: readonly string[], { all, outdated, rule }: RecheckOptions): RecheckRequest {
  const wishes = [runs.length > 0, all === true, outdated === true].filter(Boolean).length;
  if (wishes !== 1) throw new CommandError(EXIT.usage, wishes === 0 ? 'which runs?' : 'name runs, or give --all or --outdated, but one of them only', 'sel4scope recheck RUN..., --all or --outdated');
  const id = rule === undefined ? undefined : ruleInfo(rule)?.id;
  if (rule !== undefined && id === undefined) throw new CommandError(EXIT.usage, `there is no rule ${rule}`, '`sel4scope explain` lists them');
  return {
    ...(runs.length > 0 ? { runs: [...runs] } : { select: all === true ? 'all' as const : 'outdated' as const }),
    ...(id === undefined ? {} : { rule: id }),
  };
}

function print({ checked, records, rules, changedRuns, notChecked }: RecheckResult): void {
  printLine(`${records} records of ${checked} ${checked === 1 ? 'run' : 'runs'} checked`);
  for (const { message } of notChecked) note(message);
  if (rules.length > 0) {
    printTable(rules, [
      { title: 'rule', text: ({ rule }) => rule },
      { title: 'gone', text: ({ gone }) => String(gone), right: true },
      { title: 'new', text: ({ added }) => String(added), right: true },
      { title: 'same', text: ({ same }) => String(same), right: true },
      { title: 'what', text: ({ rule }) => ruleInfo(rule)?.title ?? '' },
    ]);
  }
  for (const { run, gone, added } of changedRuns) printLine(dim(`run ${run}: ${gone} gone, ${added} new`));
}
