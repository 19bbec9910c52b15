// SPDX-License-Identifier: BSD-2-Clause
/** Reads one thing of the run in view while it is looked at, and again while the run grows. */
import { explainFailure } from './api.ts';
import type { Loaded } from './model.ts';

/** Least time between two readings of the same thing, ms; and so many times as long as the reading took, for the service has other things to do. */
const INTERVAL = 2000;
const REST = 4;

/** What was read, and of what. */
export interface Kept<T> extends Loaded<T> {
  /** Says of what it is; another key is another thing. */
  readonly key: string;
}

export interface WatchHooks<T> {
  /** What is looked at; null for nothing. */
  readonly key: () => string | null;
  /** A number that grows when the thing may have changed. */
  readonly version: () => number;
  readonly read: () => Promise<T>;
  readonly kept: () => Kept<T> | null;
  readonly put: (kept: Kept<T> | null) => void;
}

export class Watched<T> {
  private readonly hooks: WatchHooks<T>;
  /** What was asked for last. */
  private asked = { key: '', version: -1 };
  private busy = false;

  constructor(hooks: WatchHooks<T>) {
    this.hooks = hooks;
  }

  /** Brings it in line with what is looked at. Cheap: to be called whenever something may have changed. */
  show(): void {
    const key = this.hooks.key();
    const kept = this.hooks.kept();
    if (key === null) {
      this.asked = { key: '', version: -1 };
      if (kept !== null) this.hooks.put(null);
      return;
    }
    if (kept?.key !== key) this.hooks.put({ key, value: null, problem: '' });
    if (this.busy || (this.asked.key === key && this.asked.version >= this.hooks.version())) return;
    void this.load(key);
  }

  /** Reads it again even if nothing has changed. */
  again(): void {
    this.asked = { key: '', version: -1 };
    this.show();
  }

  private async load(key: string): Promise<void> {
    this.busy = true;
    this.asked = { key, version: this.hooks.version() };
    const began = Date.now();
    let value: T | null = null;
    let problem = '';
    try {
      value = await this.hooks.read();
    } catch (failure) {
      problem = explainFailure(failure);
    }
    const kept = this.hooks.kept();
    const current = kept?.key === key && this.hooks.key() === key;
    if (current) this.hooks.put({ key, value: value ?? kept.value, problem });
    if (!current) {
      this.busy = false;
      this.show();
      return;
    }
    setTimeout(() => {
      this.busy = false;
      this.show();
    }, Math.max(INTERVAL, REST * (Date.now() - began)));
  }
}
