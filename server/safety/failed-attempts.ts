// SPDX-License-Identifier: BSD-2-Clause
/**
 * Limits wrong tokens per network. Once there were too many, no token from there is looked at until the minute is over,
 * except those that were right before: whoever guesses cannot lock out who works. Waiting is not prolonged by trying.
 */
export interface FailedAttemptsOptions {
  /** Wrong tokens within a window before the network has to wait. */
  readonly most?: number;
  /** ms. */
  readonly window?: number;
  /** Most networks and most known tokens that are remembered; the oldest are forgotten first. */
  readonly memory?: number;
  /** Clock, ms. */
  readonly now?: () => number;
}

export class FailedAttempts {
  private readonly most: number;
  private readonly window: number;
  private readonly memory: number;
  private readonly now: () => number;
  private readonly failures = new Map<string, { count: number; since: number }>();
  private readonly known = new Set<string>();

  constructor({ most = 20, window = 60_000, memory = 4096, now = Date.now }: FailedAttemptsOptions = {}) {
    this.most = most;
    this.window = window;
    this.memory = memory;
    this.now = now;
  }

  /** ms for which this token is not looked at; 0 when it is. */
  wait(network: string, digest: Buffer): number {
    const failures = this.failures.get(network);
    if (failures === undefined || failures.count < this.most || this.known.has(key(network, digest))) return 0;
    return Math.max(0, failures.since + this.window - this.now());
  }

  /** A token was wrong. */
  failed(network: string): void {
    const failures = this.failures.get(network);
    if (failures !== undefined && this.now() < failures.since + this.window) {
      failures.count++;
      return;
    }
    this.failures.delete(network);
    this.failures.set(network, { count: 1, since: this.now() });
    forgetOldest(this.failures, this.memory);
  }

  /** A token was right. */
  accepted(network: string, digest: Buffer): void {
    this.known.add(key(network, digest));
    forgetOldest(this.known, this.memory);
  }
}

function key(network: string, digest: Buffer): string {
  return `${network} ${digest.toString('base64')}`;
}

function forgetOldest(memory: Map<string, unknown> | Set<string>, most: number): void {
  const oldest = memory.keys().next();
  if (memory.size > most && oldest.done !== true) memory.delete(oldest.value);
}
