// SPDX-License-Identifier: BSD-2-Clause
/** Who has the processor, and what the other threads do meanwhile, in the states that schedulers of all kernels have. */
import { STATE } from '../../../schema/abi/thread-state.ts';
import { TRANSITION_FLAG, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { TASK_STATE } from './fields.ts';

/** One of {@link TASK_STATE}. */
export type TaskState = (typeof TASK_STATE)[keyof typeof TASK_STATE];

/** Told that a thread is in a state from a time on, virtual ns; never twice in a row of the same state, nor at the same time. */
export type TaskStateWriter = (thread: number, state: TaskState, time: number) => void;

interface Task {
  readonly thread: number;
  /** What it does while another thread has the processor. */
  waiting: TaskState;
  /** Last state that was written. */
  written: TaskState | undefined;
}

/**
 * Follows the records of a whole run, or of a part of one without gaps. A state is written once time goes on, so one in which no
 * time passes is not written.
 */
export class Scheduling {
  private readonly write: TaskStateWriter;
  private readonly tasks = new Map<number, Task>();
  /** Tasks that may have changed at `time`. */
  private readonly changed = new Set<Task>();
  private time = 0;
  /** 0 for the idle thread, which no state is written of. */
  private running = 0;

  constructor(write: TaskStateWriter) {
    this.write = write;
  }

  /** Before what else is written of the record: the times of states and of its entry stay in order. */
  enter(record: TrapRecord): void {
    this.goOn(record.entryTime);
    this.runs(record.thread);
  }

  /** After what else is written of the record. */
  leave(record: TrapRecord): void {
    this.goOn(record.exitTime);
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, to, flags } = record.transitions[i]!;
      if (thread !== 0) this.waits(thread, (flags & TRANSITION_FLAG.destroyed) === 0 ? taskState(to) : TASK_STATE.destroyed);
    }
    if (record.next === 0) this.idles();
    else this.waits(record.next, taskState(record.nextState));
    this.runs(record.next);
  }

  end(): void {
    this.writeChanged();
  }

  private goOn(time: number): void {
    if (time === this.time) return;
    this.writeChanged();
    this.time = time;
  }

  private waits(thread: number, state: TaskState): void {
    const task = this.taskOf(thread);
    task.waiting = state;
    this.changed.add(task);
  }

  /** No thread can run: those whose state says so wait for budget, a scheduling context, or their domain. */
  private idles(): void {
    for (const { thread, waiting } of this.tasks.values()) if (waiting === TASK_STATE.runnable) this.waits(thread, TASK_STATE.sleeping);
  }

  private runs(thread: number): void {
    if (thread === this.running) return;
    if (this.running !== 0) this.changed.add(this.taskOf(this.running));
    this.running = thread;
    if (thread !== 0) this.changed.add(this.taskOf(thread));
  }

  /** The thread that gets the processor comes last: the one that had it gives it away first. */
  private writeChanged(): void {
    const running = this.tasks.get(this.running);
    for (const task of this.changed) if (task !== running) this.writeState(task, task.waiting);
    if (running !== undefined && this.changed.has(running)) this.writeState(running, TASK_STATE.running);
    this.changed.clear();
  }

  private writeState(task: Task, state: TaskState): void {
    if (state === task.written) return;
    this.write(task.thread, state, this.time);
    task.written = state;
    if (state === TASK_STATE.destroyed) this.tasks.delete(task.thread);
  }

  /** One of which no state is told yet had the processor, and so can run. */
  private taskOf(thread: number): Task {
    let task = this.tasks.get(thread);
    if (task === undefined) this.tasks.set(thread, (task = { thread, waiting: TASK_STATE.runnable, written: undefined }));
    return task;
  }
}

function taskState(state: number): TaskState {
  if (state === STATE.Inactive) return TASK_STATE.stopped;
  return state === STATE.Running || state === STATE.Restart ? TASK_STATE.runnable : TASK_STATE.sleeping;
}
