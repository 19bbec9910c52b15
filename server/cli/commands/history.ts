// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import type { HistoryLine, MethodHistory, ReleaseHistory, Turn } from '../../../schema/api/index.ts';
import { ruleInfo } from '../../../schema/rules/catalogue.ts';
import { bold, dim, green, note, printJson, printLine, red } from '../output.ts';
import { accessService, withServiceOptions, type ServiceOptions } from '../service-access.ts';

/** Characters of a bar. */
const BAR = 20;

/** `sel4scope history RULE METHOD`: which release broke or mended it. */
export function historyCommand(): Command {
  return withServiceOptions(new Command('history'))
    .description('show which release broke or mended a rule at a method, from the runs of all releases')
    .argument('<rule>', 'rule, e.g. K05 or reply-short')
    .argument('<method>', 'method, system call or cause of a trap, e.g. SchedContextConsumed')
    .option('--json', 'print JSON')
    .addHelpText('after', `
A bar is the share of the method's records that break the rule. Releases between tested ones that no run tested are shown
as such. A run on the embedded kernel has the release that --release made it show; a real kernel has that of its symbols, or
of --release where they leave it open.

Example: the same program on two releases, then what the second of them mended
  sel4scope run ipc.ts --release 13.0.0 && sel4scope run ipc.ts --release 14.0.0
  sel4scope history K05 SchedContextConsumed`)
    .action(async (rule: string, method: string, options: ServiceOptions & { readonly json?: boolean }) => {
      const service = await accessService(options);
      try {
        const history = await service.get<MethodHistory>('/api/history', { rule: ruleInfo(rule)?.id ?? rule.toUpperCase(), method });
        if (options.json === true) printJson(history);
        else print(history);
      } finally {
        await service.close();
      }
    });
}

function print({ rule, title, method, lines }: MethodHistory): void {
  printLine(bold(`${rule} ${title}: ${method}`));
  if (lines.length === 0) return printLine('no run invoked it');
  for (const line of lines) printHistory(line);
  const outdated = lines.flatMap(({ releases }) => releases).reduce((sum, release) => sum + release.outdated, 0);
  if (outdated > 0) note(dim(`${outdated} runs were judged by another revision of the rules: \`sel4scope recheck --outdated\` judges them again`));
}

function printHistory({ kernel, configuration, releases, turns }: HistoryLine): void {
  printLine(`${kernel === 'model' ? 'embedded kernel' : 'real kernel'}, ${configuration}`);
  const width = Math.max(...releases.map(({ release }) => nameOf(release).length));
  for (const release of releases) {
    const turn = turns.find((each) => each.release === release.release);
    printLine(`  ${nameOf(release.release).padEnd(width)}  ${bar(release)}  ${figures(release)}${turn === undefined ? '' : `  ${mark(turn)}`}`.trimEnd());
  }
  for (const turn of turns) printLine(`  ${sentence(turn)}`);
}

function nameOf(release: string): string {
  return release === '' ? 'unknown' : release;
}

function bar({ verdict, count, records }: ReleaseHistory): string {
  if (verdict === 'untested') return ' '.repeat(BAR);
  const share = Math.min(1, count / Math.max(1, records));
  const filled = count === 0 ? 0 : Math.max(1, Math.round(share * BAR));
  return `${red('█'.repeat(filled))}${dim('·'.repeat(BAR - filled))}`;
}

function figures({ verdict, count, records, runs, badRuns }: ReleaseHistory): string {
  if (verdict === 'untested') return dim('not tested');
  const of = verdict === 'bad' ? `${count} in ${records} records, ${badRuns} of ${plural(runs, 'run')}` : `none in ${records} records, ${plural(runs, 'run')}`;
  return `${verdict === 'bad' ? red('bad ') : green('good')}  ${of}`;
}

function mark({ kind }: Turn): string {
  return kind === 'broke' ? red('◀ broke') : green('◀ mended');
}

function sentence({ kind, release, after, untested }: Turn): string {
  const gap = untested.length === 0 ? '' : `; ${untested.join(', ')} not tested`;
  return kind === 'broke' ? `broke with ${release}: ${after} was good${gap}` : `mended with ${release}: ${after} was bad${gap}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
