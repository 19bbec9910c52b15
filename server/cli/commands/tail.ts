// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import { WebSocket } from 'ws';
import { LATEST_RUN, type ErrorBody, type LiveMessage, type RecordRow } from '../../../schema/api/index.ts';
import { ERRORS } from '../../../schema/abi/errors.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { bold, dim, note, printLine, red, virtualTime, yellow } from '../output.ts';
import { findService, withServiceOptions, type RemoteAccess, type ServiceOptions } from '../service-access.ts';
import { interruption } from '../signals.ts';
import { threadByName } from '../thread-names.ts';

interface TailOptions extends ServiceOptions {
  readonly thread?: string;
  readonly method?: string;
  readonly outcome?: string;
  readonly anomalous?: boolean;
  readonly rule?: string;
  readonly json?: boolean;
}

/** `sel4scope tail [RUN]`: records as they are stored. */
export function tailCommand(): Command {
  return withServiceOptions(new Command('tail'))
    .description('follow a run live: its records and anomalies as they are stored')
    .argument('[run]', 'run id, until it ends; without one the newest run, and those after it')
    .option('--thread <thread>', 'only of this invoking thread: id or name')
    .option('--method <method>', 'only of this method id, or system call name for traps without a method')
    .option('--outcome <outcome>', 'only with this outcome')
    .option('--anomalous', 'only records with anomalies')
    .option('--rule <id>', 'only records with an anomaly of this rule')
    .option('--json', 'print each message of the feed as a line of JSON')
    .addHelpText('after', `
What comes faster than it can be shown is counted, among what was asked for. Needs a running service.

Example: sel4scope tail --thread server --outcome error`)
    .action(async (run: string | undefined, options: TailOptions) => {
      const service = await findService(options);
      if (service === undefined) throw new CommandError(EXIT.unreadable, 'no service runs that could be followed', 'start one with `sel4scope serve`, or name one with --server');
      try {
        const conditions = {
          run: run ?? LATEST_RUN, method: options.method, outcome: options.outcome, rule: options.rule, anomalies: options.anomalous === true ? 'only' : undefined,
          thread: options.thread === undefined ? undefined : String(await threadByName(service, run ?? LATEST_RUN, options.thread)),
        };
        await follow(service, conditions, run !== undefined, options.json === true ? (message) => printLine(JSON.stringify(message)) : printer());
      } finally {
        await service.close();
      }
    });
}

/** Shows messages until the run ends (`once`), the service goes or somebody interrupts. */
function follow(service: RemoteAccess, conditions: Readonly<Record<string, string | undefined>>, once: boolean, show: (message: LiveMessage) => void): Promise<void> {
  const given = Object.entries(conditions).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { token } = service.traceOptions;
  const socket = new WebSocket(`${service.url.replace(/^http/, 'ws')}/live?${new URLSearchParams(given).toString()}`, {
    perMessageDeflate: false, ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
  interruption().addEventListener('abort', () => {
    process.exitCode = EXIT.interrupted;
    socket.close();
  });
  let isOver = false;
  return new Promise((resolve, reject) => {
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as LiveMessage;
      show(message);
      isOver = once && (message.type === 'run-ended' || (message.type === 'hello' && message.run?.state !== 'running'));
      if (isOver) socket.close();
    });
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (part: Buffer) => { body += part.toString('utf8'); });
      response.on('end', () => reject(refusal(response.statusCode ?? 0, body)));
    });
    socket.on('error', (error) => reject(new CommandError(EXIT.unreadable, `the live feed cannot be read: ${error.message}`)));
    socket.on('close', () => {
      if (isOver || process.exitCode === EXIT.interrupted) resolve();
      else reject(new CommandError(EXIT.unreadable, 'the service ended the live feed'));
    });
  });
}

function refusal(status: number, body: string): CommandError {
  try {
    const { error, message, hint } = JSON.parse(body) as ErrorBody;
    return new CommandError(error === 'bad-request' ? EXIT.usage : EXIT.unreadable, message, hint);
  } catch {
    return new CommandError(EXIT.unreadable, `the live feed was refused with status ${status}`);
  }
}

/** Prints messages for people; names of threads come with the messages. */
function printer(): (message: LiveMessage) => void {
  const names = new Map<number, string>([[0, 'idle']]);
  return (message) => {
    switch (message.type) {
      case 'hello':
        for (const { id, name } of message.threads) names.set(id, name);
        return note(dim(message.run === null ? 'waiting for a run' : `run ${message.run.run}: ${message.run.program}, ${message.run.state} with ${message.run.records} records`));
      case 'run-started': return note(bold(`run ${message.run.run}: ${message.run.program}`));
      case 'threads':
        for (const { id, name } of message.threads) names.set(id, name);
        return;
      case 'records': return message.rows.forEach((row) => printLine(recordLine(row, names)));
      case 'anomalies': return message.anomalies.forEach(({ rule, seq, detail, severity }) => printLine((severity === 'error' ? red : yellow)(`${rule} in record ${seq}: ${detail}`)));
      case 'skipped': return note(dim(`${message.records} records and ${message.anomalies} anomalies were not shown`));
      case 'job': return;
      case 'run-ended': return note(dim(`run ${message.run.run} ${message.run.end ?? message.run.state}, ${message.run.records} records`));
    }
  };
}

function recordLine(row: RecordRow, names: ReadonlyMap<number, string>): string {
  const answer = row.reply === null ? '' : ` (${row.reply.label === 0 ? 'ok' : ERRORS[row.reply.label] ?? `label ${row.reply.label}`}, length ${row.reply.length})`;
  const text = `${String(row.seq).padStart(8)}  ${virtualTime(row.time).padStart(12)}  ${names.get(row.thread) || `thread ${row.thread}`}  ${row.syscall || row.cause} ${row.method || row.capType || '-'} → ${row.outcome}${answer}`;
  return row.anomalies === 0 ? text : `${text}  ${red(`${row.anomalies} anomalies`)}`;
}
