// SPDX-License-Identifier: BSD-2-Clause
import { Command, Option } from 'commander';
import type { RunList, RunQuery, RunSummary } from '../../../schema/api/index.ts';
import { MAX_PAGE, RUN_STATES } from '../../../schema/api/index.ts';
import { dim, note, printJson, printLine, printTable, virtualTime, type Column } from '../output.ts';
import { accessService, withServiceOptions, type ServiceAccess, type ServiceOptions } from '../service-access.ts';
import { parseNatural, parseTag } from './options.ts';

interface RunsOptions extends ServiceOptions, Omit<RunQuery, 'after' | 'limit'> {
  readonly limit: number;
  readonly json?: boolean;
}

/** Anomalies of a run in one cell: `2 errors, 1 warning`. */
export function anomalyText({ anomalies }: RunSummary): string {
  const parts = ([['error', anomalies.error], ['warning', anomalies.warning], ['note', anomalies.info]] as const)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}${count === 1 ? '' : 's'}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** `sel4scope runs`: the runs that are kept, newest first. */
export function runsCommand(): Command {
  return withServiceOptions(new Command('runs'))
    .description('list the runs that are kept, newest first')
    .option('--tag <tag>', 'only with this tag', parseTag)
    .option('--program <name>', 'only of this program or image')
    .option('--release <version>', 'only on kernels that are, or show, this release of seL4')
    .addOption(new Option('--kernel <kind>', 'only on the embedded kernel, or only on real ones').choices(['model', 'image']))
    .option('--configuration <name>', 'only of this configuration, e.g. riscv64-mcs')
    .addOption(new Option('--state <state>', 'only in this state').choices(RUN_STATES))
    .option('--limit <rows>', 'most rows, 0 for all', parseNatural, 100)
    .option('--json', 'print JSON')
    .action(async (options: RunsOptions) => {
      const service = await accessService(options);
      try {
        const { runs, more } = await fetchRuns(service, options);
        if (options.json === true) return printJson({ runs, more });
        if (runs.length === 0) return printLine('no such run: `sel4scope run PROGRAM.ts` makes one');
        printTable(runs, columnsFor(runs));
        if (more) note(dim(`there are more: raise --limit (${options.limit})`));
      } finally {
        await service.close();
      }
    });
}

async function fetchRuns(service: ServiceAccess, { tag, program, release, kernel, configuration, state, limit }: RunsOptions): Promise<{ runs: RunSummary[]; more: boolean }> {
  const most = limit === 0 ? Infinity : limit;
  const runs: RunSummary[] = [];
  let after: string | null | undefined;
  while (after !== null && runs.length < most) {
    const page: RunList = await service.get<RunList>('/api/runs', { tag, program, release, kernel, configuration, state, after, limit: Math.min(MAX_PAGE, most - runs.length) });
    runs.push(...page.runs);
    after = page.next;
  }
  return { runs, more: after !== null };
}

/** What no run of the list has gets no column. */
function columnsFor(runs: readonly RunSummary[]): Column<RunSummary>[] {
  const columns: (Column<RunSummary> & { readonly shown?: boolean })[] = [
    { title: 'run', text: (run) => run.run },
    { title: 'started', text: (run) => run.startedAt.slice(0, 16).replace('T', ' ') },
    { title: 'program', text: (run) => run.program, cut: true },
    { title: 'kernel', text: (run) => `${run.kernel} ${run.kernel === 'model' && run.release !== '' ? run.release : run.kernelVersion} ${run.configuration}`, cut: true },
    { title: 'defects', text: (run) => run.defects.join(' ') || '-', cut: true, shown: runs.some((run) => run.defects.length > 0) },
    { title: 'tags', text: (run) => run.tags.join(' ') || '-', cut: true, shown: runs.some((run) => run.tags.length > 0) },
    { title: 'commit', text: (run) => commitText(run.commit), shown: runs.some((run) => run.commit !== '') },
    { title: 'state', text: (run) => run.end ?? run.state },
    { title: 'records', text: (run) => `${run.records}${run.recordsDroppedAt === null ? '' : ' dropped'}`, right: true },
    { title: 'virtual time', text: (run) => virtualTime(run.time), right: true },
    { title: 'anomalies', text: anomalyText },
  ];
  return columns.filter(({ shown }) => shown !== false);
}

/** As git shortens it; `+` stands for `-dirty`. */
function commitText(commit: string): string {
  return commit === '' ? '-' : `${commit.slice(0, 10)}${commit.endsWith('-dirty') ? '+' : ''}`;
}
