// SPDX-License-Identifier: BSD-2-Clause
/** The terminal of a guest: what it writes, what is typed, and a line of progress. */
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

/** Shows what a guest writes, in pieces, and between whole lines of it how far the guest is: a line on a terminal that is written over. */
export class GuestConsole {
  private readonly output: NodeJS.WriteStream;
  private written: number[] = [];
  private shownAt = 0;
  private lineVisible = false;

  constructor(output: NodeJS.WriteStream) {
    this.output = output;
  }

  push(byte: number): void {
    this.written.push(byte);
  }

  /** What is to be called between slices of a session with a machine. */
  progressOf(machine: Machine): () => void {
    const start = { at: performance.now(), instructions: machine.instructions };
    return () => {
      this.flush();
      const now = performance.now();
      if (process.stderr.isTTY !== true || now - this.shownAt < PROGRESS_MS || !machine.console.atLineStart) return;
      this.shownAt = now;
      const rate = (machine.instructions - start.instructions) / (now - start.at) / 1000;
      process.stderr.write(`\r\u001b[2K${(machine.instructions / 1e6).toFixed(0)} million instructions, ${rate.toFixed(1)} million/s, ${virtualTime(Number(machine.clock.now()))} virtual`);
      this.lineVisible = true;
    };
  }

  /** Writes what is left. */
  close(): void {
    this.flush();
    this.clearLine();
  }

  private flush(): void {
    if (this.written.length === 0) return;
    this.clearLine();
    this.output.write(Buffer.from(this.written));
    this.written = [];
  }

  private clearLine(): void {
    if (!this.lineVisible) return;
    process.stderr.write('\r\u001b[2K');
    this.lineVisible = false;
  }
}
