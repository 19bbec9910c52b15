// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import { MOST_SEGMENTS, type StateSegment, type ThreadStory, type Waker } from '../../../schema/api/index.ts';
import { bold, dim, printJson, printLine, printTable, red, virtualTime, yellow } from '../output.ts';
import { accessService, withServiceOptions, type ServiceOptions } from '../service-access.ts';
import { threadByName } from '../thread-names.ts';
import { parsePositive, wholeNumber } from './options.ts';

interface ThreadOptions extends ServiceOptions {
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
  readonly json?: boolean;
}

/** `sel4scope thread NAME|ID [RUN]`: the story of a thread. */
export function threadCommand(): Command {
  return withServiceOptions(new Command('thread'))
    .description('the story of a thread: its states over time, what it waits for, who could wake it')
    .argument('<thread>', 'name or id')
    .argument('[run]', 'run id', 'latest')
    .option('--from <seq>', 'first record of the story', parsePositive)
    .option('--to <seq>', 'last record: what is said holds after it', parsePositive)
    .option('--limit <segments>', 'most states, the last ones', (text) => wholeNumber(text, 1, MOST_SEGMENTS), 20)
    .option('--json', 'print JSON')
    .action(async (thread: string, run: string, options: ThreadOptions) => {
      const service = await accessService(options);
      try {
        const id = await threadByName(service, run, thread);
        const story = await service.get<ThreadStory>(`/api/runs/${encodeURIComponent(run)}/threads/${id}`, { from: options.from, to: options.to, limit: options.limit });
        if (options.json === true) printJson(story);
        else print(story);
      } finally {
        await service.close();
      }
    });
}

function print(story: ThreadStory): void {
  const { thread, state, waits, couldWake } = story;
  printLine(`${bold(thread.name)} (thread ${thread.id}) of run ${story.run}, after record ${story.to}: ${story.destroyed ? 'destroyed' : state}`);
  if (waits !== null) printLine(`${yellow(waits.text)}${waits.seq === 0 ? '' : dim(` (record ${waits.seq}${waits.syscall === '' ? '' : `, ${waits.syscall} of ${waits.cptr ?? '?'}`})`)}`);
  for (const waker of couldWake) printLine(`  ${wakerText(waker)}`);
  if (waits !== null && couldWake.length === 0 && waits.for !== 'processor') printLine(red('  nobody was seen who could wake it'));
  printFacts(story);
  printLine();
  if (story.earlier > 0) printLine(dim(`${story.earlier} earlier states; raise --limit to see more`));
  printTable(story.segments, [
    { title: 'from', text: (segment) => virtualTime(segment.from), right: true },
    { title: 'for', text: (segment) => virtualTime(segment.to - segment.from), right: true },
    { title: 'state', text: (segment) => segment.state },
    { title: 'record', text: (segment) => (segment.fromSeq === 0 ? '' : String(segment.fromSeq)), right: true },
    { title: 'by', text: (segment) => causeText(segment, thread.id) },
  ]);
}

function printFacts({ totals, ran, methods, faults, schedContext, schedContextKnown, faultHandler }: ThreadStory): void {
  printLine(`time: ${totals.map(({ state, time }) => `${state} ${virtualTime(time)}`).join(', ') || 'none'}; ran ${virtualTime(ran)}`);
  if (schedContext !== null) {
    const budget = schedContext.budgetUs === null ? 'no budget configured in the trace' : `${schedContext.budgetUs} µs every ${schedContext.periodUs} µs`;
    printLine(`scheduling context: ${schedContext.object?.name ?? 'bound'} (record ${schedContext.seq}), ${budget}`);
  } else if (schedContextKnown) printLine('scheduling context: none');
  if (faultHandler !== null) printLine(`fault handler: ${faultHandler.object?.name ?? `the endpoint behind ${faultHandler.cptr}`} (record ${faultHandler.seq})`);
  if (methods.length > 0) printLine(`calls: ${methods.slice(0, 12).map(({ method, outcome, records }) => `${records} ${method} ${outcome}`).join(', ')}`);
  for (const { seq, time, fault } of faults.slice(-5)) printLine(red(`${fault} at ${virtualTime(time)} (record ${seq})`));
}

function wakerText({ thread, state, how, seq }: Waker): string {
  const did: Readonly<Record<Waker['how'], string>> = {
    sends: 'sent there', signals: 'signalled it', receives: 'received there', answers: 'has its message', faults: 'has its fault handler there', resumes: 'used its TCB', interrupts: 'interrupts signal it',
  };
  return `${thread.name} (${state}) ${did[how]}${seq === 0 ? '' : dim(`, record ${seq}`)}`;
}

function causeText({ by, what }: StateSegment, self: number): string {
  return what === '' ? '' : by.id === self ? what : `${what} of ${by.name}`;
}
