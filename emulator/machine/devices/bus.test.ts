// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { diagnosticText, SystemBus, type BusDiagnostic } from './bus.ts';
import { RegisterFile, type AccessBytes, type Peripheral, type Refusal } from './peripheral.ts';

class TestDevice implements Peripheral {
  readonly name: string;
  value = 5;
  private readonly file = new RegisterFile([
    { name: 'VALUE', offset: 0, read: () => this.value, write: (value) => { this.value = value; } },
    { name: 'VALUEH', offset: 4, read: () => 7, write: () => undefined },
    { name: 'STATUS', offset: 8, read: () => 1 },
    { name: 'COMMAND', offset: 12, bytes: [2, 4], write: (value) => { this.value = value; } },
  ]);

  constructor(name: string) {
    this.name = name;
  }

  load(offset: number, bytes: AccessBytes): bigint | Refusal {
    return this.file.load(offset, bytes);
  }

  store(offset: number, bytes: AccessBytes, value: bigint): Refusal | undefined {
    return this.file.store(offset, bytes, value);
  }

  save(): null {
    return null;
  }

  restore(): void {
    // Not saved.
  }
}

function bus(): { bus: SystemBus; low: TestDevice; heard: BusDiagnostic[] } {
  const low = new TestDevice('low@1000');
  const heard: BusDiagnostic[] = [];
  const made = new SystemBus(
    [{ base: 0x2000, bytes: 0x10, device: new TestDevice('high@2000') }, { base: 0x1000, bytes: 0x100, device: low }],
    () => 0x8020_0042n, (diagnostic) => heard.push(diagnostic));
  return { bus: made, low, heard };
}

describe('bus', () => {
  it('reaches registers by address, in 4 and 8 bytes', () => {
    const { bus: b, low } = bus();
    expect(b.load(0x1000, 4)).toBe(5n);
    expect(b.load(0x1000, 8)).toBe(0x7_0000_0005n);
    expect(b.store(0x1000, 8, 0x1_0000_0009n)).toBe(true);
    expect(low.value).toBe(9);
    expect(b.store(0x100c, 2, 0xffff_1234n)).toBe(true);
    expect(low.value).toBe(0x1234);
    expect(b.diagnostics()).toEqual([]);
  });

  it.each([
    ['load', 0x3000, 8, 'load of 8 bytes at 0x3000 from pc 0x80200042: nothing is there (access fault)'],
    ['load', 0x0fff, 1, 'load of 1 byte at 0xfff from pc 0x80200042: nothing is there (access fault)'],
    ['load', 0x200c, 8, 'load of 8 bytes at 0x200c from pc 0x80200042: nothing is there (access fault)'],
    ['load', 0x1010, 4, 'load of 4 bytes at 0x1010 from pc 0x80200042: low@1000: no register at offset 0x10 (access fault)'],
    ['load', 0x1000, 1, 'load of 1 byte at 0x1000 from pc 0x80200042: low@1000: VALUE takes accesses of 4 bytes (access fault)'],
    ['store', 0x100c, 1, 'store of 1 byte at 0x100c from pc 0x80200042: low@1000: COMMAND takes accesses of 2 or 4 bytes (access fault)'],
    ['load', 0x100c, 4, 'load of 4 bytes at 0x100c from pc 0x80200042: low@1000: COMMAND can only be written (access fault)'],
    ['store', 0x1008, 4, 'store of 4 bytes at 0x1008 from pc 0x80200042: low@1000: STATUS can only be read (access fault)'],
  ] as const)('refuses and names a %s at 0x%s of %s bytes', (kind, address, bytes, text) => {
    const { bus: b, heard } = bus();
    if (kind === 'load') expect(b.load(address, bytes)).toBeUndefined();
    else expect(b.store(address, bytes, 1n)).toBe(false);
    expect(heard.map(diagnosticText)).toEqual([text]);
  });

  it('counts equal refusals and stops listing at 64 kinds', () => {
    const { bus: b, heard } = bus();
    for (let i = 0; i < 3; i++) b.load(0x9000, 4);
    expect(b.diagnostics()[0]).toMatchObject({ address: 0x9000, count: 3 });
    for (let i = 0; i < 100; i++) b.load(0xa000 + 8 * i, 4);
    expect(b.diagnostics()).toHaveLength(64);
    expect(heard).toHaveLength(64);
    expect(b.unlisted).toBe(37);
  });

  it('asks the hart to stop once', () => {
    const { bus: b } = bus();
    expect(b.stopRequested()).toBe(false);
    b.requestStop();
    expect(b.stopRequested()).toBe(true);
    expect(b.stopRequested()).toBe(false);
  });

  it('does not take devices that overlap', () => {
    const one = { base: 0, bytes: 0x20, device: new TestDevice('one') };
    expect(() => new SystemBus([{ base: 0x1f, bytes: 1, device: new TestDevice('two') }, one], () => 0n)).toThrow('one and two overlap');
  });
});
