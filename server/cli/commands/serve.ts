// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import { note } from '../output.ts';
import { ownService } from '../service-access.ts';
import { untilInterrupted } from '../signals.ts';
import { listenOptions, withListenOptions, type ListenOptions } from './listen-options.ts';
import { withDataOption } from './options.ts';
import { retentionOf, withRetentionOptions, type RetentionOptions } from './retention-options.ts';

/** `sel4scope serve`: the trace service and its dashboard until interrupted. */
export function serveCommand(): Command {
  return withRetentionOptions(withListenOptions(withDataOption(new Command('serve'))))
    .description('run the trace service and its dashboard, on loopback or for others')
    .action(async (options: ListenOptions & RetentionOptions & { data?: string }) => {
      const service = await ownService(options.data, { ...listenOptions(options), ...retentionOf(options) });
      try {
        const { url } = await service.listen({ host: options.host, port: options.port });
        note(`dashboard and API at ${url}; stop with Ctrl-C`);
        await untilInterrupted();
      } finally {
        await service.close();
      }
    });
}
