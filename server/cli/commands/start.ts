// SPDX-License-Identifier: BSD-2-Clause
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { CommandError, EXIT } from '../exit-codes.ts';
import { commitOf } from '../origin.ts';
import { bold, note, printLine } from '../output.ts';
import { packageFile } from '../../package-paths.ts';
import type { LoadedProgram } from '../program-loader.ts';
import { exitCodeOf, printReport, reportOf } from '../run-report.ts';
import { newToken, tokenOf } from '../../safety/tokens.ts';
import { inProcess, ownService } from '../service-access.ts';
import { interruption, untilInterrupted } from '../signals.ts';
import { listenOptions, withListenOptions, type ListenOptions } from './listen-options.ts';
import { chosenDefects, shownRelease, withDataOption, withDefectOption, withTagOption, type DefectOptions } from './options.ts';

/** The bundled audit, as built. */
const REPLY_AUDIT = packageFile('dist/examples/reply-audit.js');

interface StartOptions extends DefectOptions, ListenOptions {
  readonly once?: boolean;
  readonly data?: string;
  readonly tag: readonly string[];
}

/** `sel4scope start`: the service, the reply audit on the embedded kernel, and the dashboard to look at it. */
export function startCommand(): Command {
  return withListenOptions(withTagOption(withDefectOption(withDataOption(new Command('start')))))
    .description('start the service, run the reply audit on the embedded kernel, and stay up')
    .option('--once', 'exit after the audit: 0 without anomalies, 1 with some')
    .action(async (options: StartOptions) => {
      const defects = chosenDefects(options, 'mcs');
      const { runSession } = await import('../session.ts');
      // The audit is a producer of the service like any other.
      const token = newToken();
      const service = await ownService(options.data, listenOptions(options, [tokenOf(token, 'start', ['read', 'ingest'])]));
      try {
        const { url, ingestUrl } = await service.listen({ host: options.host, port: options.port });
        const session = await runSession(await replyAudit(), {
          configuration: 'riscv64-mcs', defects, policy: 'warn', seed: 0, timeLimit: Infinity,
          origin: { release: shownRelease(options), commit: await commitOf(fileURLToPath(REPLY_AUDIT)), tags: options.tag },
          ingestUrl, traceOptions: { token, unverified: true }, console: (text) => process.stdout.write(text), interrupt: interruption(),
        });
        const report = await reportOf(inProcess(service, url, ingestUrl, token), session);
        printReport(report);
        process.exitCode = exitCodeOf(report);
        if (options.once === true || process.exitCode === EXIT.interrupted) return;
        printLine();
        printLine(`dashboard: ${bold(`${url}/`)}`);
        note('stop with Ctrl-C');
        await untilInterrupted();
      } finally {
        await service.close();
      }
    });
}

async function replyAudit(): Promise<LoadedProgram> {
  const module = await import(REPLY_AUDIT.href) as { readonly default?: LoadedProgram['main'] };
  if (module.default === undefined) throw new CommandError(EXIT.unreadable, 'the reply audit is not built', 'run `npm run build`');
  return { name: 'reply-audit.ts', main: module.default };
}
