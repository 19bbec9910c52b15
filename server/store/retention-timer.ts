// SPDX-License-Identifier: BSD-2-Clause
/** Retention of a service: makes room at its start and from then on, slice by slice between the commits of the ingest. */
import type { RetentionPolicy } from '../../schema/api/index.ts';
import type { IngestClient } from '../ingest/ingest-client.ts';
import { pruneAll } from './retention.ts';

/** Between the end of one round and the next, ms. */
const INTERVAL = 60_000;

/** As a logger of Fastify. */
interface Log {
  info(message: string): void;
  error(error: unknown): void;
}

export class RetentionTimer {
  private readonly ingest: IngestClient;
  private readonly policy: RetentionPolicy;
  private readonly log: Log;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(ingest: IngestClient, policy: RetentionPolicy, log: Log) {
    this.ingest = ingest;
    this.policy = policy;
    this.log = log;
    void this.round();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async round(): Promise<void> {
    try {
      const { runsWithoutRecords, runsRemoved, bytesFreed } = await pruneAll(async () => {
        const slice = await this.ingest.administer('prune', this.policy, Date.now());
        return { ...slice, more: slice.more && !this.stopped };
      });
      if (runsWithoutRecords + runsRemoved > 0) this.log.info(`retention: records of ${runsWithoutRecords} runs dropped, ${runsRemoved} runs removed, ${bytesFreed} bytes freed`);
    } catch (error) {
      // A full disk, for one: the next round may find room.
      if (!this.stopped) this.log.error(error);
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.round(), INTERVAL);
    this.timer.unref();
  }
}
