// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import { note } from '../output.ts';
import { DEFAULT_PORT, ownService } from '../service-access.ts';
import { untilInterrupted } from '../signals.ts';
import { parsePort, withDataOption } from './options.ts';

/** `sel4scope serve`: the trace service and its dashboard until interrupted. */
export function serveCommand(): Command {
  return withDataOption(new Command('serve'))
    .description('run the trace service and its dashboard on loopback')
    .option('--port <port>', 'port to listen on, 0 for any free one', parsePort, DEFAULT_PORT)
    .action(async (options: { port: number; data?: string }) => {
      const service = await ownService(options.data);
      try {
        const { url } = await service.listen({ port: options.port });
        note(`dashboard and API at ${url}; stop with Ctrl-C`);
        await untilInterrupted();
      } finally {
        await service.close();
      }
    });
}
