// SPDX-License-Identifier: BSD-2-Clause
/**
 * A value that views watch. Any number of changes between two drawings is one notification: what a person did is shown
 * at once, what the feed brought a little later, since nobody reads sixty tables a second.
 */

/** Runs a function once, later: at the next frame, after a while. */
export type Schedule = (run: () => void) => void;

export interface Pace {
  /** For what a person did. */
  readonly soon: Schedule;
  /** For what happens by itself. */
  readonly calm: Schedule;
}

export class Store<S extends object> {
  private state: S;
  private readonly pace: Pace;
  private readonly listeners = new Set<() => void>();
  private readonly due = { soon: false, calm: false };
  private current: keyof Pace = 'soon';
  private changed = false;

  constructor(initial: S, pace: Pace) {
    this.state = initial;
    this.pace = pace;
  }

  get(): S {
    return this.state;
  }

  set(patch: Partial<S>): void {
    this.state = { ...this.state, ...patch };
    this.changed = true;
    const pace = this.current;
    if (this.due.soon || this.due[pace]) return;
    this.due[pace] = true;
    this.pace[pace](() => {
      this.due[pace] = false;
      this.notify();
    });
  }

  /** Changes that `run` makes are shown at the calm pace. */
  calmly(run: () => void): void {
    this.current = 'calm';
    try {
      run();
    } finally {
      this.current = 'soon';
    }
  }

  /** Returns how to stop listening. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private notify(): void {
    if (!this.changed) return;
    this.changed = false;
    for (const listener of this.listeners) listener();
  }
}
