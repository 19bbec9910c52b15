// SPDX-License-Identifier: BSD-2-Clause
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { note } from '../output.ts';
import { ownService } from '../service-access.ts';
import { untilInterrupted } from '../signals.ts';
import { listenOptions, withListenOptions, type ListenOptions } from './listen-options.ts';

/** `sel4scope open FILE`: the dashboard on a trace file, which stays as it is. */
export function openCommand(): Command {
  return withListenOptions(new Command('open'))
    .description('show a trace file in the dashboard; the file is only read')
    .argument('<file>', 'trace file, or data directory')
    .action(async (file: string, options: ListenOptions) => {
      const { readableCopy } = await import('../trace-sources.ts');
      const folder = await mkdtemp(join(tmpdir(), 'sel4scope-open-'));
      try {
        const location = readableCopy(file, folder);
        if (location !== file) note(`${file} is of an earlier version: a copy is shown`);
        const service = await ownService(location, { ...listenOptions(options), readOnly: true });
        try {
          const { url } = await service.listen({ host: options.host, port: options.port });
          note(`dashboard and API of ${file} at ${url}; stop with Ctrl-C`);
          await untilInterrupted();
        } finally {
          await service.close();
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
}
