// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { Uart16550 } from './uart16550.ts';

const [DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

function uart() {
  const sent: number[] = [];
  const line = { raised: false };
  const device = new Uart16550((byte) => sent.push(byte), (raised) => { line.raised = raised; });
  return { device, sent, line, read: (offset: number) => device.load(offset, 1), write: (offset: number, value: number) => device.store(offset, 1, BigInt(value)) };
}

describe('16550 UART', () => {
  it('sends, and is always ready to', () => {
    const { sent, read, write } = uart();
    expect(read(LSR)).toBe(0x60n);
    write(DATA, 0x41);
    expect(sent).toEqual([0x41]);
    expect(read(LSR)).toBe(0x60n);
  });

  it('sets the divisor behind DLAB, not data', () => {
    const { sent, read, write } = uart();
    write(LCR, 0x83);
    write(DATA, 0x34);
    write(IER, 0x12);
    expect([read(DATA), read(IER)]).toEqual([0x34n, 0x12n]);
    write(LCR, 3);
    expect([sent, read(IER), read(LCR)]).toEqual([[], 0n, 3n]);
  });

  it('receives in order and interrupts while there is data', () => {
    const { device, line, read, write } = uart();
    device.receive(1);
    expect(line.raised).toBe(false);
    write(IER, 1);
    device.receive(2);
    expect([line.raised, read(LSR), read(IIR)]).toEqual([true, 0x61n, 0x04n]);
    expect([read(DATA), read(DATA)]).toEqual([1n, 2n]);
    expect([line.raised, read(LSR), read(IIR)]).toEqual([false, 0x60n, 0x01n]);
  });

  it('interrupts for an empty transmitter until IIR is read', () => {
    const { line, read, write } = uart();
    write(IER, 2);
    expect(line.raised).toBe(true);
    expect(read(IIR)).toBe(0x02n);
    expect(line.raised).toBe(false);
    write(DATA, 0x41);
    expect(line.raised).toBe(true);
  });

  it('says that the FIFOs are enabled, and resets the receiver', () => {
    const { device, read, write } = uart();
    device.receive(1);
    write(IIR, 0x03);
    expect([read(IIR), read(LSR)]).toEqual([0xc1n, 0x60n]);
  });

  it('notes an overrun once', () => {
    const { device, read } = uart();
    for (let i = 0; i <= 4096; i++) device.receive(i);
    expect([read(LSR), read(LSR)]).toEqual([0x63n, 0x61n]);
  });

  it('loops data and modem lines back', () => {
    const { sent, read, write } = uart();
    expect(read(MSR)).toBe(0xb0n);
    write(MCR, 0x1b);
    write(DATA, 0x55);
    expect([sent, read(DATA), read(MSR)]).toEqual([[], 0x55n, 0xb0n]);
    write(MCR, 0x10);
    expect(read(MSR)).toBe(0n);
  });

  it('keeps a scratch byte and takes bytes only', () => {
    const { device, read, write } = uart();
    write(SCR, 0xa5);
    expect(read(SCR)).toBe(0xa5n);
    expect(device.load(LSR, 4)).toEqual({ reason: 'LSR takes accesses of 1 byte' });
    expect(device.load(8, 1)).toEqual({ reason: 'no register at offset 0x8' });
    expect(write(LSR, 0)).toEqual({ reason: 'LSR can only be read' });
  });

  it('restores what it saved', () => {
    const from = uart();
    from.write(IER, 1);
    from.device.receive(9);
    const to = uart();
    to.device.restore(JSON.parse(JSON.stringify(from.device.save())));
    expect([to.line.raised, to.read(DATA)]).toEqual([true, 9n]);
  });
});
