// SPDX-License-Identifier: BSD-2-Clause
/**
 * The supervisor binary interface (RISC-V SBI specification 2.0) served by the host, for guests without firmware:
 * legacy calls, base, timer, IPI, remote fences, hart state, system reset and debug console, for one hart.
 */
import type { Hart } from '../hart/hart.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import { HART } from '../memory/layout.ts';
import { a, type HartState } from '../devices/hart-state.ts';
import { INTERRUPT } from '../isa/csrs.ts';
import type { Alarm, VirtualClock } from '../devices/virtual-clock.ts';
import type { MachineEnd } from './machine-end.ts';

/** What the interface works on. */
export interface SbiBoard {
  readonly state: HartState;
  readonly clock: VirtualClock;
  readonly memory: PhysicalMemory;
  readonly hart: Hart;
  /** A byte to the console. */
  transmit(byte: number): void;
  /** A byte that was typed; undefined for none. */
  receive(): number | undefined;
  end(end: MachineEnd): void;
}

/** Return codes. */
const SBI = Object.freeze({ success: 0n, notSupported: -2n, invalidParam: -3n, invalidAddress: -5n, alreadyAvailable: -6n });

/** Extension ids. */
const EXTENSION = Object.freeze({
  base: 0x10, timer: 0x54494d45, ipi: 0x735049, rfence: 0x52464e43, hsm: 0x48534d, reset: 0x53525354, console: 0x4442434e,
});

/** Version 2.0. */
const SPECIFICATION = 0x0200_0000n;
/** Not assigned to anybody. */
const IMPLEMENTATION = 0x5e14n;
const ECALL_BYTES = 4n;
const SSIP = 1n << BigInt(INTERRUPT.supervisorSoftware);

/** Error code and value of a call. */
interface Result {
  readonly error: bigint;
  readonly value?: bigint;
}

const done: Result = { error: SBI.success };
const failed = (error: bigint): Result => ({ error });
const answer = (value: bigint): Result => ({ error: SBI.success, value });

/** Serves the environment calls of S mode. */
export class SupervisorBinaryInterface {
  private readonly board: SbiBoard;
  private readonly timer: Alarm;
  private readonly legacy: ReadonlyMap<number, () => bigint>;
  private readonly extensions: ReadonlyMap<number, readonly (() => Result)[]>;
  /** Calls that nothing serves, by extension and function, with how often they were made. */
  readonly unsupported = new Map<string, number>();
  /** Harts that the guest wanted to start and that the board does not have. */
  readonly absentHarts = new Set<bigint>();

  constructor(board: SbiBoard) {
    this.board = board;
    this.timer = board.clock.alarm(() => {
      this.timer.clear();
      board.state.setPending(INTERRUPT.supervisorTimer, true);
    });
    const fence = (): bigint => { board.hart.flush(); return 0n; };
    this.legacy = new Map([
      [0, () => this.setTimer()],
      [1, () => { board.transmit(Number(this.argument(0) & 0xffn)); return 0n; }],
      [2, () => BigInt(board.receive() ?? -1)],
      [3, () => { this.setSoftware(false); return 0n; }],
      [4, () => { if (this.legacyMask()) this.setSoftware(true); return 0n; }],
      [5, fence], [6, fence], [7, fence],
      [8, () => { board.end({ kind: 'shutdown', by: 'SBI' }); return 0n; }],
    ]);
    const remoteFence = (): Result => (this.selected() === undefined ? failed(SBI.invalidParam) : (board.hart.flush(), done));
    this.extensions = new Map<number, readonly (() => Result)[]>([
      [EXTENSION.base, [
        () => answer(SPECIFICATION), () => answer(IMPLEMENTATION), () => answer(1n), () => this.probe(), () => answer(0n), () => answer(0n), () => answer(0n),
      ]],
      [EXTENSION.timer, [() => { this.setTimer(); return done; }]],
      [EXTENSION.ipi, [() => this.sendIpi()]],
      // fence.i, sfence.vma, and the latter with an address space; the hypervisor's are not there.
      [EXTENSION.rfence, [remoteFence, remoteFence, remoteFence]],
      [EXTENSION.hsm, [() => this.startHart(), () => this.stopHart(), () => this.hartStatus(), () => this.suspendHart()]],
      [EXTENSION.reset, [() => this.reset()]],
      [EXTENSION.console, [() => this.consoleWrite(), () => this.consoleRead(), () => { board.transmit(Number(this.argument(0) & 0xffn)); return done; }]],
    ]);
  }

  /** Serves the call at pc and continues behind it. */
  call(): void {
    const { state } = this.board;
    const extension = Number(BigInt.asUintN(32, state.x(a(7))));
    const number = Number(BigInt.asUintN(32, state.x(a(6))));
    const legacy = this.legacy.get(extension);
    if (legacy !== undefined) {
      // A legacy call changes no register but a0: seL4 counts on it.
      state.setX(a(0), legacy());
    } else {
      const { error, value } = this.extensions.get(extension)?.[number]?.() ?? this.refuse(extension, number);
      state.setX(a(0), error);
      state.setX(a(1), value ?? 0n);
    }
    state.setWord(HART.pc, BigInt.asUintN(64, state.word(HART.pc) + ECALL_BYTES));
  }

  save(): unknown {
    return { deadline: this.timer.deadline?.toString() ?? null };
  }

  restore(saved: unknown): void {
    const { deadline } = saved as { deadline: string | null };
    if (deadline === null) this.timer.clear();
    else this.timer.set(BigInt(deadline));
  }

  private argument(n: number): bigint {
    return this.board.state.x(a(n));
  }

  private refuse(extension: number, number: number): Result {
    const key = `0x${extension.toString(16)}/${number}`;
    this.unsupported.set(key, (this.unsupported.get(key) ?? 0) + 1);
    return failed(SBI.notSupported);
  }

  private probe(): Result {
    const extension = Number(BigInt.asUintN(32, this.argument(0)));
    return answer(this.legacy.has(extension) || this.extensions.has(extension) ? 1n : 0n);
  }

  private setTimer(): bigint {
    const { state, clock } = this.board;
    state.setPending(INTERRUPT.supervisorTimer, false);
    this.timer.set(this.argument(0) * clock.nsPerTick);
    return 0n;
  }

  private setSoftware(pending: boolean): void {
    const { state } = this.board;
    const mip = state.word(HART.mip);
    state.setWord(HART.mip, pending ? mip | SSIP : mip & ~SSIP);
  }

  /** Whether the hart is in the mask at a virtual address of a legacy call; no address means all harts. */
  private legacyMask(): boolean {
    const at = this.argument(0);
    if (at === 0n) return true;
    const physical = this.board.hart.translate(at, 'load');
    return physical !== undefined && this.board.memory.contains(physical, 8) && (this.board.memory.readWord(physical) & 1n) !== 0n;
  }

  /** Whether the hart is in the mask a0 with base a1; undefined when the mask names another one. */
  private selected(): boolean | undefined {
    const mask = this.argument(0);
    const base = this.argument(1);
    if (base === 0xffff_ffff_ffff_ffffn) return true;
    if (mask === 0n) return false;
    return base === 0n && mask === 1n ? true : undefined;
  }

  private sendIpi(): Result {
    const selected = this.selected();
    if (selected === undefined) return failed(SBI.invalidParam);
    if (selected) this.setSoftware(true);
    return done;
  }

  private startHart(): Result {
    const hart = this.argument(0);
    if (hart === 0n) return failed(SBI.alreadyAvailable);
    this.absentHarts.add(hart);
    return failed(SBI.invalidParam);
  }

  /** The only hart stops for good. */
  private stopHart(): Result {
    this.board.end({ kind: 'waitForever', pc: this.board.state.word(HART.pc) });
    return done;
  }

  private hartStatus(): Result {
    return this.argument(0) === 0n ? answer(0n) : failed(SBI.invalidParam);
  }

  /** The default retentive suspend is a wait for interrupt; no other kind is there. */
  private suspendHart(): Result {
    if (BigInt.asUintN(32, this.argument(0)) !== 0n) return failed(SBI.notSupported);
    this.board.state.setU32(HART.waiting, 1);
    return done;
  }

  private reset(): Result {
    const type = BigInt.asUintN(32, this.argument(0));
    const reason = BigInt.asUintN(32, this.argument(1));
    if (type > 2n) return failed(SBI.invalidParam);
    if (reason !== 0n) this.board.end({ kind: 'failure', by: 'SBI', code: Number(reason) });
    else this.board.end({ kind: type === 0n ? 'shutdown' : 'reset', by: 'SBI' });
    return done;
  }

  private consoleWrite(): Result {
    const buffer = this.buffer();
    if (buffer === undefined) return failed(SBI.invalidAddress);
    for (const byte of this.board.memory.read(buffer.address, buffer.bytes)) this.board.transmit(byte);
    return answer(BigInt(buffer.bytes));
  }

  private consoleRead(): Result {
    const buffer = this.buffer();
    if (buffer === undefined) return failed(SBI.invalidAddress);
    const bytes: number[] = [];
    while (bytes.length < buffer.bytes) {
      const byte = this.board.receive();
      if (byte === undefined) break;
      bytes.push(byte);
    }
    this.board.memory.write(buffer.address, Uint8Array.from(bytes));
    return answer(BigInt(bytes.length));
  }

  /** The physical buffer of a console call: a0 bytes at a1, whose upper half a2 must be 0. */
  private buffer(): { readonly address: number; readonly bytes: number } | undefined {
    const { memory } = this.board;
    const bytes = this.argument(0);
    const address = this.argument(1);
    if (this.argument(2) !== 0n || bytes > BigInt(memory.bytes) || address > BigInt(memory.base + memory.bytes)) return undefined;
    const buffer = { address: Number(address), bytes: Number(bytes) };
    return memory.contains(buffer.address, buffer.bytes) ? buffer : undefined;
  }
}
