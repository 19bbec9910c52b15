// SPDX-License-Identifier: BSD-2-Clause
/** A value that views watch. Any number of changes between two frames is one notification. */

/** Runs a function a little later, once: `requestAnimationFrame` in a page. */
export type Schedule = (run: () => void) => void;

export class Store<S extends object> {
  private state: S;
  private readonly schedule: Schedule;
  private readonly listeners = new Set<() => void>();
  private pending = false;

  constructor(initial: S, schedule: Schedule) {
    this.state = initial;
    this.schedule = schedule;
  }

  get(): S {
    return this.state;
  }

  set(patch: Partial<S>): void {
    this.state = { ...this.state, ...patch };
    if (this.pending) return;
    this.pending = true;
    this.schedule(() => {
      this.pending = false;
      for (const listener of this.listeners) listener();
    });
  }

  /** Returns how to stop listening. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
