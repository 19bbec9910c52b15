// SPDX-License-Identifier: BSD-2-Clause
/** Child processes that are measured: what they say, and what Linux counts of them. */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A built module of this folder in a process of its own that speaks over IPC. */
export class MeasuredProcess {
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly said: unknown[] = [];
  private readonly exited: Promise<void>;
  private exitCode: number | null | undefined;
  private wake: () => void = () => {};

  constructor(module: string, ...parameters: string[]) {
    this.child = fork(fileURLToPath(new URL(module, import.meta.url)), parameters);
    this.pid = this.child.pid!;
    this.child.on('message', (message) => {
      this.said.push(message);
      this.wake();
    });
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code) => {
        this.exitCode = code;
        resolve();
        this.wake();
      });
    });
  }

  /** The next message. Rejects when the process ends without one. */
  async next<T>(): Promise<T> {
    while (this.said.length === 0) {
      if (this.exitCode !== undefined) throw new Error(`a process of the bench ended with ${this.exitCode}`);
      await new Promise<void>((resolve) => { this.wake = resolve; });
    }
    return this.said.shift() as T;
  }

  go(): void {
    this.child.send('go');
  }

  /** Resolves when the process has ended by itself. */
  async ended(): Promise<void> {
    await this.exited;
    if (this.exitCode !== 0) throw new Error(`a process of the bench ended with ${this.exitCode}`);
  }

  /** Ends it at once, if it has not ended. */
  kill(): void {
    if (this.exitCode === undefined) this.child.kill('SIGKILL');
  }
}

/** Clock ticks per second of the times in `/proc`: the same on all architectures of Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of each thread of a process by thread id; the main thread has the id of the process. Empty where there is no `/proc`. */
export function threadSeconds(pid: number): Map<number, number> {
  const seconds = new Map<number, number>();
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return seconds;
  for (const task of readdirSync(tasks)) {
    try {
      // After the name in parentheses, which may hold spaces: field 3. utime and stime are fields 14 and 15.
      const fields = readFileSync(`${tasks}/${task}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
      seconds.set(Number(task), (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND);
    } catch {
      // The thread ended between the two looks.
    }
  }
  return seconds;
}

/** Resident memory of a process, MiB; 0 where there is no `/proc`. */
export function residentMiB(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
