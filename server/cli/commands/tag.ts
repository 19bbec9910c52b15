// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import type { RunSummary } from '../../../schema/api/index.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { printJson, printLine } from '../output.ts';
import { accessService, withServiceOptions, type ServiceOptions } from '../service-access.ts';
import { parseTag } from './options.ts';

interface TagOptions extends ServiceOptions {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly json?: boolean;
}

/** `sel4scope tag RUN`: changes the tags of a run, also of one that is running. */
export function tagCommand(): Command {
  const collect = (text: string, earlier: readonly string[]): string[] => [...earlier, parseTag(text)];
  return withServiceOptions(new Command('tag'))
    .description('add tags to a run, or take them away, and show what it has')
    .argument('<run>', 'run id, or latest')
    .option('--add <tag>', 'add a tag (may be repeated)', collect, [])
    .option('--remove <tag>', 'take a tag away (may be repeated)', collect, [])
    .option('--json', 'print the run as JSON')
    .addHelpText('after', `
Examples:
  sel4scope tag latest --add nightly --add board:spike
  sel4scope tag latest --remove nightly
  sel4scope runs --tag board:spike`)
    .action(async (run: string, options: TagOptions) => {
      const both = options.add.find((tag) => options.remove.includes(tag));
      if (both !== undefined) throw new CommandError(EXIT.usage, `tag ${both} cannot be added and removed at once`);
      const service = await accessService(options);
      try {
        const summary = await service.send<RunSummary>('PATCH', `/api/runs/${encodeURIComponent(run)}/tags`, { add: options.add, remove: options.remove });
        if (options.json === true) return printJson(summary);
        printLine(`${summary.run}: ${summary.tags.length === 0 ? 'no tags' : summary.tags.join(' ')}`);
      } finally {
        await service.close();
      }
    });
}
