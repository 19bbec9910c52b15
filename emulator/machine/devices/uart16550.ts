// SPDX-License-Identifier: BSD-2-Clause
import { RegisterFile, type AccessBytes, type Peripheral, type Refusal, type Register } from './peripheral.ts';

/** Bits by their names in the manual (National Semiconductor PC16550D). */
const IER = Object.freeze({ ERBFI: 1, ETBEI: 2, mask: 0x0f });
const IIR = Object.freeze({ none: 0x01, transmitterEmpty: 0x02, receivedData: 0x04, fifosEnabled: 0xc0 });
const FCR = Object.freeze({ enable: 1, resetReceiver: 2 });
const LCR = Object.freeze({ DLAB: 0x80 });
const MCR = Object.freeze({ loop: 0x10, mask: 0x1f });
const LSR = Object.freeze({ DR: 0x01, OE: 0x02, THRE: 0x20, TEMT: 0x40 });
/** CTS, DSR and DCD are up: the other side always listens. */
const MSR_CONNECTED = 0xb0;

/** Bytes that wait for the guest; a real FIFO has 16, a console that is typed or pasted into has more patience. */
const RECEIVER_BYTES = 4096;

interface Saved {
  readonly received: number[];
  readonly registers: Record<'ier' | 'lcr' | 'mcr' | 'scr' | 'divisor', number>;
  readonly fifosEnabled: boolean;
  readonly overrun: boolean;
  readonly transmitterEmpty: boolean;
}

/** 16550 UART. Transmission takes no time; what is sent goes to a function, what is received comes from {@link receive}. */
export class Uart16550 implements Peripheral {
  readonly name = 'serial@10000000';
  private readonly transmit: (byte: number) => void;
  private readonly line: (raised: boolean) => void;
  private readonly received: number[] = [];
  private registers = { ier: 0, lcr: 0, mcr: 0, scr: 0, divisor: 0 };
  private fifosEnabled = false;
  private overrun = false;
  /** The transmitter-empty interrupt, until IIR is read or a byte is written. */
  private transmitterEmpty = false;
  private readonly file: RegisterFile;

  constructor(transmit: (byte: number) => void, line: (raised: boolean) => void) {
    this.transmit = transmit;
    this.line = line;
    const byte = (register: Register): Register => ({ ...register, bytes: [1] });
    this.file = new RegisterFile([
      byte({ name: 'RBR/THR/DLL', offset: 0, read: () => this.readData(), write: (value) => this.writeData(value) }),
      byte({ name: 'IER/DLM', offset: 1, read: () => (this.divisorAccess ? this.registers.divisor >> 8 : this.registers.ier), write: (value) => this.writeEnable(value) }),
      byte({ name: 'IIR/FCR', offset: 2, read: () => this.readIdentification(), write: (value) => this.writeFifoControl(value) }),
      byte({ name: 'LCR', offset: 3, read: () => this.registers.lcr, write: (value) => { this.registers.lcr = value; } }),
      byte({ name: 'MCR', offset: 4, read: () => this.registers.mcr, write: (value) => { this.registers.mcr = value & MCR.mask; } }),
      byte({ name: 'LSR', offset: 5, read: () => this.readLineStatus() }),
      byte({ name: 'MSR', offset: 6, read: () => this.modemStatus() }),
      byte({ name: 'SCR', offset: 7, read: () => this.registers.scr, write: (value) => { this.registers.scr = value; } }),
    ]);
  }

  load(offset: number, bytes: AccessBytes): bigint | Refusal {
    return this.file.load(offset, bytes);
  }

  store(offset: number, bytes: AccessBytes, value: bigint): Refusal | undefined {
    return this.file.store(offset, bytes, value);
  }

  /** A byte arrives on the line. */
  receive(byte: number): void {
    if (this.received.length === RECEIVER_BYTES) this.overrun = true;
    else this.received.push(byte & 0xff);
    this.update();
  }

  /** Takes a received byte as firmware does that uses the UART for its console; undefined for none. */
  take(): number | undefined {
    const byte = this.received.shift();
    this.update();
    return byte;
  }

  save(): Saved {
    const { received, registers, fifosEnabled, overrun, transmitterEmpty } = this;
    return { received: [...received], registers: { ...registers }, fifosEnabled, overrun, transmitterEmpty };
  }

  restore(saved: unknown): void {
    const from = saved as Saved;
    this.received.splice(0, Infinity, ...from.received);
    this.registers = { ...from.registers };
    this.fifosEnabled = from.fifosEnabled;
    this.overrun = from.overrun;
    this.transmitterEmpty = from.transmitterEmpty;
    this.update();
  }

  private get divisorAccess(): boolean {
    return (this.registers.lcr & LCR.DLAB) !== 0;
  }

  private readData(): number {
    if (this.divisorAccess) return this.registers.divisor & 0xff;
    const byte = this.received.shift() ?? 0;
    this.update();
    return byte;
  }

  private writeData(value: number): void {
    if (this.divisorAccess) {
      this.registers.divisor = (this.registers.divisor & 0xff00) | value;
      return;
    }
    if ((this.registers.mcr & MCR.loop) !== 0) this.receive(value);
    else this.transmit(value);
    this.transmitterEmpty = true;
    this.update();
  }

  private writeEnable(value: number): void {
    if (this.divisorAccess) {
      this.registers.divisor = (value << 8) | (this.registers.divisor & 0xff);
      return;
    }
    // Enabling the transmitter interrupt while the transmitter is empty, as it always is, raises it.
    if ((value & ~this.registers.ier & IER.ETBEI) !== 0) this.transmitterEmpty = true;
    this.registers.ier = value & IER.mask;
    this.update();
  }

  private readIdentification(): number {
    const fifos = this.fifosEnabled ? IIR.fifosEnabled : 0;
    if (this.receiverInterrupt()) return fifos | IIR.receivedData;
    if (!this.transmitterInterrupt()) return fifos | IIR.none;
    this.transmitterEmpty = false;
    this.update();
    return fifos | IIR.transmitterEmpty;
  }

  private writeFifoControl(value: number): void {
    this.fifosEnabled = (value & FCR.enable) !== 0;
    if ((value & FCR.resetReceiver) !== 0) this.received.length = 0;
    this.update();
  }

  private readLineStatus(): number {
    const status = LSR.THRE | LSR.TEMT | (this.received.length > 0 ? LSR.DR : 0) | (this.overrun ? LSR.OE : 0);
    this.overrun = false;
    return status;
  }

  /** In loop mode the outputs OUT2, OUT1, RTS and DTR come back as DCD, RI, CTS and DSR. */
  private modemStatus(): number {
    const { mcr } = this.registers;
    if ((mcr & MCR.loop) === 0) return MSR_CONNECTED;
    return ((mcr & 0x0c) << 4) | ((mcr & 0x02) << 3) | ((mcr & 0x01) << 5);
  }

  private receiverInterrupt(): boolean {
    return (this.registers.ier & IER.ERBFI) !== 0 && this.received.length > 0;
  }

  private transmitterInterrupt(): boolean {
    return (this.registers.ier & IER.ETBEI) !== 0 && this.transmitterEmpty;
  }

  private update(): void {
    this.line(this.receiverInterrupt() || this.transmitterInterrupt());
  }
}
