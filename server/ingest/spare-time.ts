// SPDX-License-Identifier: BSD-2-Clause
/** Work that can wait, done a slice at a time while this thread has little else to do. */
import { performance, type EventLoopUtilization } from 'node:perf_hooks';

/** Between two slices others have their turn, ms. */
const PAUSE_MS = 10;
/** A thread that was busy for more of the pause than this has no time to spare. */
const MOST_BUSY = 0.5;
/** After which it is asked again, ms. */
const WAIT_MS = 200;

export interface SpareWork {
  readonly hasWork: boolean;
  slice(): void;
}

export class SpareTime {
  private readonly work: SpareWork;
  private timer: NodeJS.Timeout | undefined;
  private before: EventLoopUtilization | undefined;

  constructor(work: SpareWork) {
    this.work = work;
  }

  /** To be called when there may be work. */
  wake(): void {
    if (this.timer === undefined && this.work.hasWork) this.wait(WAIT_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private wait(ms: number): void {
    this.before = performance.eventLoopUtilization();
    this.timer = setTimeout(() => this.turn(), ms);
  }

  private turn(): void {
    this.timer = undefined;
    const isBusy = performance.eventLoopUtilization(this.before).utilization > MOST_BUSY;
    if (!isBusy) this.work.slice();
    if (this.work.hasWork) this.wait(isBusy ? WAIT_MS : PAUSE_MS);
  }
}
