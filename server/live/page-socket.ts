// SPDX-License-Identifier: BSD-2-Clause
/**
 * A page's connection: what its watcher sends passes through, and the service's jobs go beside it. Of a job the page is
 * owed the newest state alone, so a page that is behind costs one message a job.
 */
import type { JobSummary, LiveJob } from '../../schema/api/index.ts';
import { MOST_BUFFERED, type LiveSocket } from './watcher.ts';

export class PageSocket implements LiveSocket {
  private readonly socket: LiveSocket;
  /** The first message is the watcher's. */
  private greeted = false;
  /** By id. */
  private owed = new Map<string, JobSummary>();

  constructor(socket: LiveSocket) {
    this.socket = socket;
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  send(data: string, sent: () => void): void {
    this.greeted = true;
    this.socket.send(data, () => {
      sent();
      this.pay();
    });
  }

  /** Tells of a job, as soon as the connection takes it. */
  tell(job: JobSummary): void {
    this.owed.set(job.id, job);
    this.pay();
  }

  private pay(): void {
    if (!this.greeted) return;
    for (const job of this.owed.values()) {
      if (this.socket.bufferedAmount > MOST_BUFFERED) return;
      this.owed.delete(job.id);
      this.socket.send(JSON.stringify({ type: 'job', job } satisfies LiveJob), () => this.pay());
    }
  }
}
