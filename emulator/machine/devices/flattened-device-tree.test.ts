// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { cells64, deviceTreeBytes, flatten } from './flattened-device-tree.ts';
import { spikeDeviceTree } from './spike-platform.ts';
import { virtDeviceTree } from './virt-platform.ts';

/** An independent reader: paths of nodes, and properties in hexadecimal. */
function dump(blob: Uint8Array): string[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const strings = view.getUint32(12);
  const text = (at: number): string => new TextDecoder().decode(blob.subarray(at, blob.indexOf(0, at)));
  const lines: string[] = [];
  const path: string[] = [];
  let at = view.getUint32(8);
  const end = at + view.getUint32(36);
  while (at < end) {
    const token = view.getUint32(at);
    at += 4;
    if (token === 1) {
      path.push(text(at));
      lines.push(`${path.join('/')}/`);
      at += (text(at).length + 4) & ~3;
    } else if (token === 2) {
      path.pop();
    } else if (token === 3) {
      const bytes = view.getUint32(at);
      lines.push(`${path.join('/')}/${text(strings + view.getUint32(at + 4))}=${Buffer.from(blob.subarray(at + 8, at + 8 + bytes)).toString('hex')}`);
      at = (at + 8 + bytes + 3) & ~3;
    } else {
      expect([token, at, path]).toEqual([9, end, []]);
    }
  }
  return lines;
}

describe('flattened device tree', () => {
  it('writes cells, texts, lists of texts and flags', () => {
    const blob = flatten({
      name: '',
      properties: { '#address-cells': [2], model: 'm' },
      children: [{ name: 'bus@1', properties: { reg: [...cells64(0x1_8000_0000)], compatible: ['a', 'bc'], ranges: true, model: 'other' } }],
    });
    expect(dump(blob)).toEqual([
      '/', '/#address-cells=00000002', '/model=6d00', '/bus@1/', '/bus@1/reg=0000000180000000', '/bus@1/compatible=6100626300', '/bus@1/ranges=', '/bus@1/model=6f7468657200',
    ]);
    expect(deviceTreeBytes(blob)).toBe(blob.length);
  });

  it('knows what is no device tree', () => {
    const blob = virtDeviceTree(0x8000_0000, 0x1000_0000);
    expect(deviceTreeBytes(blob)).toBe(blob.length);
    expect(deviceTreeBytes(blob.subarray(0, blob.length - 1))).toBeUndefined();
    expect(deviceTreeBytes(blob.subarray(0, 20))).toBeUndefined();
    expect(deviceTreeBytes(new Uint8Array(100))).toBeUndefined();
  });

  it('of spike has a timer and no other devices', () => {
    const lines = dump(spikeDeviceTree(0x8000_0000, 0xfff0_0000));
    expect(lines).toContain('/memory@80000000/reg=000000008000000000000000fff00000');
    expect(lines.filter((line) => line.startsWith('/soc/') && line.endsWith('/'))).toEqual(['/soc/', '/soc/clint@2000000/']);
    expect(lines).toContain('/soc/clint@2000000/interrupts-extended=00000001000000030000000100000007');
  });

  it('says where the platform has its devices', () => {
    const lines = dump(virtDeviceTree(0x8000_0000, 0xc000_0000));
    expect(lines).toContain('/memory@80000000/reg=000000008000000000000000c0000000');
    expect(lines).toContain('/soc/rtc@101000/interrupts=0000000b');
    expect(lines).toContain('/soc/serial@10000000/reg=00000000100000000000000000000100');
    expect(lines).toContain('/soc/plic@c000000/interrupts-extended=000000020000000b0000000200000009');
    expect(lines).toContain('/soc/clint@2000000/reg=00000000020000000000000000010000');
    expect(lines).toContain('/cpus/timebase-frequency=00989680');
  });
});
