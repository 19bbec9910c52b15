// SPDX-License-Identifier: BSD-2-Clause
import type { Hart, Stop } from '../hart/hart.ts';
import { HART, INTERRUPT_STOP, STOP_ON } from '../memory/layout.ts';
import { SparseMemory } from '../memory/sparse-memory.ts';
import { SystemBus, type BusDiagnostic } from '../devices/bus.ts';
import { Clint } from '../devices/clint.ts';
import { GoldfishRtc } from '../devices/goldfish-rtc.ts';
import { HartState } from '../devices/hart-state.ts';
import { INTERRUPT } from '../isa/csrs.ts';
import { MaskRom } from '../devices/mask-rom.ts';
import type { Peripheral } from '../devices/peripheral.ts';
import { Plic } from '../devices/plic.ts';
import { TestFinisher, type Finish } from '../devices/test-finisher.ts';
import { Uart16550 } from '../devices/uart16550.ts';
import { VirtualClock } from '../devices/virtual-clock.ts';
import { ADDRESS_MAP, IRQ, NS_PER_TICK } from '../devices/virt-platform.ts';
import { PLATFORMS, type DeviceName, type Platform } from '../devices/platform.ts';
import type { PlatformName } from '../devices/platform-names.ts';
import { ConsoleTail } from './console.ts';
import { createHart, type HartName } from './harts.ts';
import type { MachineEnd } from './machine-end.ts';
import { SupervisorBinaryInterface } from './sbi.ts';
import { ProgressWatch, TrapLoopDetector, spinsForever } from './stuck.ts';

/** Who serves the environment calls of S mode. */
export type Firmware =
  /** Software of the image, in M mode. */
  | 'guest'
  /** This process. */
  | 'host';

export interface MachineOptions {
  readonly hart?: HartName;
  readonly firmware?: Firmware;
  /** `qemu-riscv-virt` if not given. */
  readonly platform?: PlatformName;
  /** Size of RAM; the platform's if not given, of which only non-zero pages cost anything. */
  readonly ramBytes?: number;
  /** How much of RAM may be non-zero; 1 GiB if not given. `run` throws `OutOfFrames` beyond. */
  readonly frameBytes?: number;
  /** Virtual ns that an instruction takes; 8 if not given. */
  readonly nsPerInstruction?: number;
  /** Instructions without a timer, a device access or a firmware call after which the run ends with `noProgress`; never if not given. */
  readonly stuckAfter?: number;
  /** Hears each byte that the guest writes to its console. */
  readonly onConsole?: (byte: number) => void;
  /** Hears of each kind of access that no device took, once. */
  readonly onDiagnostic?: (diagnostic: BusDiagnostic) => void;
}

/** Why {@link Machine.run} returned. */
export type MachineStop = Exclude<Stop, 'supervisorCall' | 'device'>
  /** {@link Machine.pause} was called. */
  | 'paused'
  /** {@link RunOptions.until} is reached. */
  | 'timeLimit'
  /** The run is over; {@link Machine.ended} says how. */
  | 'ended';

export interface RunOptions {
  /** A wait for an interrupt skips virtual time to the next alarm, or `run` returns `waiting` so that the caller may wait. */
  readonly waits?: 'skip' | 'return';
  /** Virtual time in ns at which `run` returns `timeLimit`. */
  readonly until?: bigint;
}

export const DEFAULT_NS_PER_INSTRUCTION = 8;
/** Shorter runs are not looked at for a hart that is stuck. */
const LONG_RUN = 4096;
/** A hart counts instructions in 32 bits. */
const LONGEST_RUN = 0x4000_0000;

/** A board with one hart: memory, the devices of its platform, and firmware if the guest brings none. */
export class Machine {
  readonly hartName: HartName;
  readonly firmware: Firmware;
  readonly platform: Platform;
  readonly memory: SparseMemory;
  readonly state: HartState;
  readonly clock: VirtualClock;
  readonly hart: Hart;
  readonly bus: SystemBus;
  readonly clint: Clint;
  readonly plic: Plic;
  readonly uart: Uart16550;
  readonly rtc: GoldfishRtc;
  readonly rom = new MaskRom(ADDRESS_MAP.rom.bytes);
  readonly sbi: SupervisorBinaryInterface;
  readonly console = new ConsoleTail();
  private readonly trapLoop: TrapLoopDetector;
  private readonly progress: ProgressWatch;
  private wanted = 0;
  private end: MachineEnd | undefined;
  private pauseWanted = false;

  constructor(options: MachineOptions = {}) {
    this.hartName = options.hart ?? 'wasm';
    this.firmware = options.firmware ?? 'host';
    this.platform = PLATFORMS[options.platform ?? 'qemu-riscv-virt'];
    const { frameBytes } = options;
    this.memory = new SparseMemory({ ramBytes: options.ramBytes ?? this.platform.ramBytes, ...(frameBytes === undefined ? {} : { frameBytes }) });
    this.state = new HartState(this.memory.memory);
    this.state.setWord(HART.nsPerInstruction, BigInt(options.nsPerInstruction ?? DEFAULT_NS_PER_INSTRUCTION));
    this.state.setWord(HART.nsPerTick, BigInt(NS_PER_TICK));
    this.state.setWord(HART.pointerFlags, this.platform.ignoredPointerFlags);
    this.clock = new VirtualClock(this.state);

    const line = (interrupt: number, pending: boolean): void => this.setPending(interrupt, pending);
    const transmit = (byte: number): void => {
      this.console.push(byte);
      options.onConsole?.(byte);
    };
    this.clint = new Clint(this.clock, line);
    this.plic = new Plic(2, (context, pending) => line(context === 0 ? INTERRUPT.machineExternal : INTERRUPT.supervisorExternal, pending));
    this.uart = new Uart16550(transmit, (raised) => this.plic.setLevel(IRQ.uart, raised));
    this.rtc = new GoldfishRtc(this.clock, (raised) => this.plic.setLevel(IRQ.rtc, raised));
    const devices: Readonly<Record<DeviceName, Peripheral>> = {
      rom: this.rom, finisher: new TestFinisher((finish) => this.finish(endOf(finish))), rtc: this.rtc, clint: this.clint, plic: this.plic, uart: this.uart,
    };
    this.bus = new SystemBus(this.platform.devices.map((name) => ({ ...ADDRESS_MAP[name], device: devices[name] })), () => this.pc, options.onDiagnostic);
    this.hart = createHart(this.hartName, this.memory, this.bus);
    this.trapLoop = new TrapLoopDetector(this.state);
    this.progress = new ProgressWatch(this.state, options.stuckAfter ?? Infinity);
    this.sbi = new SupervisorBinaryInterface({
      state: this.state, clock: this.clock, memory: this.memory, hart: this.hart, transmit, receive: () => this.uart.take(), end: (end) => this.finish(end),
    });
    this.stopOn(0);
  }

  /** What else the caller wants `run` to return for: bits of `STOP_ON`. */
  stopOn(bits: number): void {
    this.wanted = bits;
    this.state.setU32(HART.stopOn, bits | STOP_ON.ownTrap | (this.firmware === 'host' ? STOP_ON.supervisorCall : 0));
  }

  /** How the run ended; undefined while it goes on. */
  get ended(): MachineEnd | undefined {
    return this.end;
  }

  /** Instructions retired since power on. */
  get instructions(): number {
    return this.state.count(HART.instret);
  }

  /** Virtual address of the instruction that is next. */
  get pc(): bigint {
    return this.state.word(HART.pc);
  }

  /** Makes {@link run} return after the instruction that runs; for listeners of the console. */
  pause(): void {
    this.pauseWanted = true;
    this.bus.requestStop();
  }

  /** Types at the console. */
  type(bytes: Iterable<number>): void {
    for (const byte of bytes) this.uart.receive(byte);
  }

  /**
   * Runs at most `instructions` instructions. Serves firmware calls, devices and alarms meanwhile; returns for
   * whatever {@link stopOn} names, and when the run is over.
   */
  run(instructions: number, options: RunOptions = {}): MachineStop {
    let left = instructions;
    while (this.end === undefined) {
      if (this.pauseWanted) {
        this.pauseWanted = false;
        return 'paused';
      }
      if (left <= 0) return 'budget';
      if (options.until !== undefined && this.clock.now() >= options.until) return 'timeLimit';
      this.clock.ring();
      const before = this.instructions;
      const next = Math.min(this.clock.instructionsLeft(), options.until === undefined ? Infinity : this.clock.instructionsUntil(options.until));
      // An alarm may be due while no instruction has retired: at least one is executed.
      const budget = Math.min(left, LONGEST_RUN, this.progress.left, Math.max(1, next));
      const stop = this.hart.run(budget);
      // Instructions that trap do not retire: a budget that is used up counts as a whole.
      left -= stop === 'budget' ? budget : this.instructions - before;
      this.watchProgress(stop, this.instructions - before);
      const outcome = this.after(stop, budget, options);
      if (outcome !== undefined) return outcome;
    }
    return 'ended';
  }

  /** State of everything but hart and memory: plain JSON. */
  saveDevices(): unknown {
    return this.stateful().map((each) => each.save());
  }

  /** Takes what {@link saveDevices} returned; the words of the hart come first, as alarms count by them. */
  restoreDevices(saved: unknown): void {
    const states = saved as readonly unknown[];
    this.stateful().forEach((each, i) => each.restore(states[i]));
    this.clock.reschedule();
  }

  /** The order counts: the PLIC knows its levels before the devices that raise them. */
  private stateful(): readonly { save(): unknown; restore(saved: unknown): void }[] {
    return [this.clint, this.plic, this.uart, this.rtc, this.rom, this.sbi, this.console];
  }

  private watchProgress(stop: Stop, instructions: number): void {
    if (this.clock.armed || (stop !== 'budget' && stop !== 'storeLog')) return this.progress.progress();
    const end = this.progress.ran(instructions);
    if (end !== undefined) this.finish(end);
  }

  private after(stop: Stop, budget: number, options: RunOptions): MachineStop | undefined {
    switch (stop) {
      case 'budget':
        if (budget >= LONG_RUN && spinsForever(this)) this.finish({ kind: 'spin', pc: this.pc });
        return undefined;
      case 'supervisorCall':
        if (this.firmware === 'guest') return undefined;
        this.sbi.call();
        return undefined;
      case 'waiting':
        if (options.waits === 'return') return 'waiting';
        if (!this.clock.skipToNextAlarm(options.until)) this.finish({ kind: 'waitForever', pc: this.pc });
        return undefined;
      case 'ownTrap': {
        const loop = this.state.u32(HART.stopCause) >= INTERRUPT_STOP ? undefined : this.trapLoop.trapped();
        if (loop !== undefined) this.finish(loop);
        return (this.wanted & STOP_ON.ownTrap) !== 0 ? 'ownTrap' : undefined;
      }
      case 'device':
        return undefined;
      default:
        return stop;
    }
  }

  /** The first end counts. */
  private finish(end: MachineEnd): void {
    this.end ??= end;
    this.bus.requestStop();
  }

  private setPending(interrupt: number, pending: boolean): void {
    this.state.setPending(interrupt, pending);
    this.bus.requestStop();
  }
}

function endOf(finish: Finish): MachineEnd {
  const by = 'test finisher';
  switch (finish.kind) {
    case 'pass': return { kind: 'shutdown', by };
    case 'fail': return { kind: 'failure', by, code: finish.code };
    case 'reset': return { kind: 'reset', by };
  }
}
