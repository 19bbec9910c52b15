// SPDX-License-Identifier: BSD-2-Clause
/** The terminal of a guest: what is typed, and a line of progress. */
import type { Machine } from '../../../emulator/machine/boot/machine.ts';
import { virtualTime } from '../output.ts';
import type { RealtimeInput } from './session.ts';

const CONTROL_C = 3;
const PROGRESS_MS = 250;

/** Standard input for a guest. On a terminal each key counts at once; Ctrl-C ends the session. */
export class TypedInput implements RealtimeInput {
  private chunks: Buffer[] = [];
  private wake: () => void = () => undefined;
  private ended = false;

  constructor(interrupted: () => void) {
    const { stdin } = process;
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.on('data', (chunk: Buffer) => {
      if (stdin.isTTY && chunk.includes(CONTROL_C)) interrupted();
      this.chunks.push(chunk);
      this.wake();
    });
    stdin.on('end', () => { this.ended = true; this.wake(); });
  }

  get open(): boolean {
    return !this.ended;
  }

  take(): Uint8Array | undefined {
    if (this.chunks.length === 0) return undefined;
    const typed = Buffer.concat(this.chunks);
    this.chunks = [];
    return typed;
  }

  wait(ms: number): Promise<void> {
    if (this.chunks.length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  close(): void {
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdin.pause();
  }
}

/** A line that is written over and over, only on a terminal, and only between whole lines of the console. */
export class ProgressLine {
  private readonly machine: Machine;
  private readonly shown = process.stderr.isTTY === true;
  private readonly first: { readonly at: number; readonly instructions: number };
  private lastAt = 0;
  private visible = false;

  constructor(machine: Machine) {
    this.machine = machine;
    this.first = { at: performance.now(), instructions: machine.instructions };
  }

  update(): void {
    const now = performance.now();
    if (!this.shown || now - this.lastAt < PROGRESS_MS || !this.machine.console.atLineStart) return;
    this.lastAt = now;
    const rate = (this.machine.instructions - this.first.instructions) / (now - this.first.at) / 1000;
    const text = `${(this.machine.instructions / 1e6).toFixed(0)} million instructions, ${rate.toFixed(1)} million/s, ${virtualTime(Number(this.machine.clock.now()))} virtual`;
    process.stderr.write(`\r\u001b[2K${text}`);
    this.visible = true;
  }

  /** Takes the line away, before the console writes. */
  clear(): void {
    if (!this.visible) return;
    process.stderr.write('\r\u001b[2K');
    this.visible = false;
  }
}
