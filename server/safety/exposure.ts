// SPDX-License-Identifier: BSD-2-Clause
/** Beyond loopback the service goes only with tokens, and encrypted unless asked otherwise. */
import { isIP } from 'node:net';
import { isLoopback } from './addresses.ts';
import type { Certificate } from './certificate.ts';
import { SafetyError } from './safety-error.ts';
import type { TokenList } from './token-list.ts';
import type { Token } from './tokens.ts';

/** Who can reach the service, and how. */
export interface SafetyOptions {
  /** Without any the service answers everybody on this machine, and listens on loopback only. */
  readonly tokens?: readonly Token[] | TokenList;
  /** Names under which it answers, besides localhost and the addresses that it listens on. */
  readonly allowHosts?: readonly string[];
  /** For HTTPS and WSS. */
  readonly certificate?: Certificate;
  /** Beyond loopback without a certificate: tokens travel readable. */
  readonly insecure?: boolean;
}

const HOST_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i;

/** Throws a {@link SafetyError} when the service must not listen on this host like that. */
export function checkExposure(host: string, { tokens, certificate, insecure }: SafetyOptions): void {
  if (isLoopback(host)) return;
  if (tokens === undefined) {
    throw new SafetyError(`on ${host} others can reach the service, and it has no tokens`, 'make some with `sel4scope token new` and give --token-file FILE, or listen on loopback');
  }
  if (certificate === undefined && insecure !== true) {
    throw new SafetyError(`on ${host} tokens and traces would travel unencrypted`, 'give --tls-cert and --tls-key, or --insecure where the network is protected otherwise');
  }
}

/** Throws a {@link SafetyError} for a name that no Host header could carry. */
export function checkAllowedHost(name: string): void {
  if (isIP(name) === 0 && !HOST_NAME.test(name)) {
    throw new SafetyError(`--allow-host "${name}" is no host name or address`, 'a name without scheme and port, e.g. traces.example.org');
  }
}
