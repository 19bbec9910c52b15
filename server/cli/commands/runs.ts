// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import type { RunList, RunSummary } from '../../../schema/api/index.ts';
import { printJson, printLine, printTable, virtualTime } from '../output.ts';
import { accessService, withServiceOptions, type ServiceOptions } from '../service-access.ts';

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
    .option('--json', 'print JSON')
    .action(async (options: ServiceOptions & { json?: boolean }) => {
      const service = await accessService(options);
      try {
        const list = await service.get<RunList>('/api/runs');
        if (options.json === true) return printJson(list);
        if (list.runs.length === 0) return printLine('no runs yet: `sel4scope run PROGRAM.ts` makes one');
        printTable(list.runs, [
          { title: 'run', text: (run) => run.run },
          { title: 'program', text: (run) => run.program },
          { title: 'kernel', text: (run) => `${run.kernel} ${run.kernelVersion} ${run.configuration}` },
          { title: 'defects', text: (run) => run.defects.join(' ') || '-' },
          { title: 'state', text: (run) => run.end ?? run.state },
          { title: 'records', text: (run) => String(run.records), right: true },
          { title: 'virtual time', text: (run) => virtualTime(run.time), right: true },
          { title: 'anomalies', text: anomalyText },
        ]);
      } finally {
        await service.close();
      }
    });
}
