// SPDX-License-Identifier: BSD-2-Clause
/** What a guest writes to its console. */

const TAIL_LINES = 40;
/** A guest that never ends its line. */
const LINE_BYTES = 4096;

/** What an seL4 kernel for RISC-V with printing writes when it gives up: from `fail`, from `assert`, and for an exception of its own. */
const PANIC = /seL4 called fail at|seL4 failed assertion|KERNEL ABORT/;

/** Keeps the last lines of a console and the first line in which a kernel says that it gave up. */
export class ConsoleTail {
  private readonly complete: string[] = [];
  private bytes: number[] = [];
  private firstPanic: string | undefined;

  push(byte: number): void {
    if (byte === 0x0d) return;
    if (byte !== 0x0a) this.bytes.push(byte);
    if (byte !== 0x0a && this.bytes.length < LINE_BYTES) return;
    const line = this.open();
    this.bytes = [];
    this.complete.push(line);
    if (this.complete.length > TAIL_LINES) this.complete.shift();
    if (this.firstPanic === undefined && PANIC.test(line)) this.firstPanic = line;
  }

  /** Whether the last line is ended. */
  get atLineStart(): boolean {
    return this.bytes.length === 0;
  }

  /** The last lines, the one that is not ended yet included. */
  lines(): readonly string[] {
    return this.bytes.length === 0 ? [...this.complete] : [...this.complete, this.open()];
  }

  /** The line in which the kernel gave up; undefined when it did not. */
  get panic(): string | undefined {
    if (this.firstPanic !== undefined) return this.firstPanic;
    const open = this.open();
    return PANIC.test(open) ? open : undefined;
  }

  save(): unknown {
    return { complete: this.complete, bytes: this.bytes, panic: this.firstPanic ?? null };
  }

  restore(saved: unknown): void {
    const from = saved as { complete: string[]; bytes: number[]; panic: string | null };
    this.complete.splice(0, Infinity, ...from.complete);
    this.bytes = [...from.bytes];
    this.firstPanic = from.panic ?? undefined;
  }

  private open(): string {
    return new TextDecoder().decode(Uint8Array.from(this.bytes));
  }
}
