// SPDX-License-Identifier: BSD-2-Clause
/** Runs a machine in slices, so that signals, input and progress have their turn. */
import type { Machine } from '../../../emulator/machine/boot/machine.ts';
import type { MachineEnd } from '../../../emulator/machine/boot/machine-end.ts';

export interface BootLimits {
  /** Instructions from now on. */
  readonly instructions?: number;
  /** Virtual ns since power on. */
  readonly until?: bigint;
}

/** Why a session was over. */
export type BootOutcome =
  | { readonly kind: 'ended'; readonly end: MachineEnd }
  | { readonly kind: 'expected' }
  | { readonly kind: 'instructions' }
  | { readonly kind: 'timeLimit' }
  | { readonly kind: 'interrupted' };

/** What stands around a session. */
export interface BootSurroundings {
  readonly interrupt: AbortSignal;
  /** Called between slices. */
  readonly progress: () => void;
  /** Given: runs the machine in place of its own `run`. */
  readonly run?: Machine['run'];
  /** Given: asked between slices for something to wait for. */
  readonly room?: () => Promise<void> | undefined;
  /** Given: virtual time follows the clock of the wall, and waits take their time. */
  readonly realtime?: RealtimeInput;
}

/** What a person types. */
export interface RealtimeInput {
  /** What was typed since the last call. */
  take(): Uint8Array | undefined;
  /** Resolves when something is typed, at the latest after some ms. */
  wait(ms: number): Promise<void>;
  /** Whether more may come. */
  readonly open: boolean;
}

/** Wall time that a slice aims at, and its bounds in instructions. */
const SLICE_MS = 50;
const FIRST_SLICE = 20_000;
const LARGEST_SLICE = 50_000_000;
/** In real time nothing is further ahead of the wall than this. */
const AHEAD_MS = 5;
/** A wait is looked at anew after this time. */
const LONGEST_WAIT_MS = 1000;

/** Runs until the guest ends, a limit is reached, the expected text was written, or somebody interrupts. */
export async function runMachine(machine: Machine, watch: ExpectedText, limits: BootLimits, around: BootSurroundings): Promise<BootOutcome> {
  const end = limits.instructions === undefined ? Infinity : machine.instructions + limits.instructions;
  const pace = around.realtime === undefined ? undefined : new Pace(machine, around.realtime);
  const run: Machine['run'] = around.run ?? ((instructions, options) => machine.run(instructions, options));
  let slice = FIRST_SLICE;
  for (;;) {
    const before = performance.now();
    const stop = run(Math.min(slice, end - machine.instructions), {
      waits: pace === undefined ? 'skip' : 'return', ...(limits.until === undefined ? {} : { until: limits.until }),
    });
    slice = nextSlice(slice, performance.now() - before);
    around.progress();
    if (watch.seen) return { kind: 'expected' };
    if (machine.ended !== undefined) return { kind: 'ended', end: machine.ended };
    if (stop === 'timeLimit') return { kind: 'timeLimit' };
    if (machine.instructions >= end) return { kind: 'instructions' };
    await around.room?.();
    await (pace === undefined ? turn() : pace.keep(stop === 'waiting'));
    if (pace?.stuck === true) return { kind: 'ended', end: { kind: 'waitForever', pc: machine.pc } };
    if (around.interrupt.aborted) return { kind: 'interrupted' };
  }
}

/** Watches a console for a text. Stops the machine the moment it is complete, so that every run ends at the same instruction. */
export class ExpectedText {
  private readonly text: Uint8Array;
  private readonly found: () => void;
  private tail: number[] = [];
  seen = false;

  constructor(text: string, found: () => void) {
    this.text = new TextEncoder().encode(text);
    this.found = found;
  }

  push(byte: number): void {
    if (this.seen || this.text.length === 0) return;
    this.tail.push(byte);
    if (this.tail.length > this.text.length) this.tail.shift();
    if (this.tail.length < this.text.length || !this.text.every((each, i) => each === this.tail[i])) return;
    this.seen = true;
    this.found();
  }
}

function nextSlice(slice: number, ms: number): number {
  const factor = ms < SLICE_MS / 2 ? 2 : ms > SLICE_MS * 2 ? 0.5 : 1;
  return Math.min(LARGEST_SLICE, Math.max(FIRST_SLICE, Math.floor(slice * factor)));
}

function turn(): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve); });
}

/** Ties virtual time to the wall's. */
class Pace {
  private readonly machine: Machine;
  private readonly input: RealtimeInput;
  private readonly wallAtZero: number;
  /** The hart waits, no alarm is set, and nothing can be typed any more. */
  stuck = false;

  constructor(machine: Machine, input: RealtimeInput) {
    this.machine = machine;
    this.input = input;
    this.wallAtZero = performance.now() - this.virtualMs();
  }

  async keep(waiting: boolean): Promise<void> {
    const typed = this.input.take();
    if (typed !== undefined) this.machine.type(typed);
    if (!waiting) {
      const ahead = this.virtualMs() - (performance.now() - this.wallAtZero);
      await (ahead > AHEAD_MS ? this.input.wait(ahead) : turn());
      return;
    }
    if (typed !== undefined) return;
    const next = this.machine.clock.toNextAlarm();
    this.stuck = next === undefined && !this.input.open;
    if (this.stuck) return;
    const due = next === undefined ? LONGEST_WAIT_MS : Number(next) / 1e6 + this.virtualMs() - (performance.now() - this.wallAtZero);
    if (due > 0) await this.input.wait(Math.min(LONGEST_WAIT_MS, due));
    this.catchUp(next);
  }

  /** Lets the time pass that passed on the wall, not beyond the next alarm. */
  private catchUp(next: bigint | undefined): void {
    const behind = BigInt(Math.max(0, Math.floor((performance.now() - this.wallAtZero - this.virtualMs()) * 1e6)));
    this.machine.clock.skip(next !== undefined && next < behind ? next : behind);
  }

  private virtualMs(): number {
    return Number(this.machine.clock.now() / 1000n) / 1000;
  }
}
