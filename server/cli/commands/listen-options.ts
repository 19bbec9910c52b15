// SPDX-License-Identifier: BSD-2-Clause
/** Options of the commands that run a service: where it listens, and for whom. */
import { Option, type Command } from 'commander';
import { pino } from 'pino';
import type { ServiceOptions } from '../../app.ts';
import { LOG_LEVELS, serviceLog, type LogLevel } from '../../plugins/request-log.ts';
import { isLoopback } from '../../safety/addresses.ts';
import { certificateWarnings, readCertificate, type Certificate } from '../../safety/certificate.ts';
import { checkExposure } from '../../safety/exposure.ts';
import { readTokenFile } from '../../safety/token-file.ts';
import { TokenList, watchTokenFile } from '../../safety/token-list.ts';
import type { Token } from '../../safety/tokens.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { note } from '../output.ts';
import { DEFAULT_PORT } from '../service-access.ts';
import { parsePort } from './options.ts';

export interface ListenOptions {
  readonly port: number;
  readonly host: string;
  readonly allowHost: readonly string[];
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly insecure?: boolean;
  readonly log?: LogLevel;
}

/** Adds the options of {@link ListenOptions}. */
export function withListenOptions(command: Command): Command {
  return command
    .option('--port <port>', 'port to listen on, 0 for any free one', parsePort, DEFAULT_PORT)
    .option('--host <host>', 'address to listen on; others than loopback need --token-file', '127.0.0.1')
    .option('--allow-host <name>', 'a name by which others call this host (may be repeated)', (name: string, earlier: readonly string[]) => [...earlier, name], [] as readonly string[])
    .option('--token-file <file>', 'who may use the service, as lines of `sel4scope token new`; read again when it changes')
    .option('--tls-cert <file>', 'certificate, with those that lead to its authority, as PEM: HTTPS and WSS')
    .option('--tls-key <file>', 'private key of the certificate, as PEM')
    .option('--insecure', 'allow a host beyond loopback without TLS')
    .addOption(new Option('--log <level>', 'log as JSON lines to standard error').choices(LOG_LEVELS));
}

/** What they mean for the service; `lasting` are tokens besides those of the file, if there is one. Throws a SafetyError or CommandError for what cannot be; says what looks like a mistake. */
export function listenOptions(options: ListenOptions, lasting: readonly Token[] = []): Pick<ServiceOptions, 'tokens' | 'allowHosts' | 'certificate' | 'insecure' | 'logger'> {
  const { host, allowHost, tokenFile, insecure = false, log } = options;
  const file = tokenFile === undefined ? undefined : readTokenFile(tokenFile);
  const certificate = certificateOf(options);
  for (const warning of [...file?.warnings ?? [], ...(certificate === undefined ? [] : certificateWarnings(certificate))]) note(`sel4scope: warning: ${warning}`);
  const safety = {
    allowHosts: allowHost, insecure,
    ...(file === undefined ? {} : { tokens: watched(tokenFile!, new TokenList(file.tokens, lasting)) }),
    ...(certificate === undefined ? {} : { certificate }),
  };
  checkExposure(host, safety);
  if (!isLoopback(host) && certificate === undefined) note('sel4scope: warning: without TLS, tokens and traces travel unencrypted');
  return { ...safety, ...(log === undefined ? {} : { logger: serviceLog(log, pino.destination({ dest: 2, sync: true })) }) };
}

function watched(tokenFile: string, tokens: TokenList): TokenList {
  watchTokenFile(tokenFile, tokens, (message) => note(`sel4scope: ${message}`));
  return tokens;
}

function certificateOf({ tlsCert, tlsKey }: ListenOptions): Certificate | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new CommandError(EXIT.usage, `--tls-${tlsCert === undefined ? 'key needs --tls-cert' : 'cert needs --tls-key'} as well`);
  return readCertificate(tlsCert, tlsKey);
}
