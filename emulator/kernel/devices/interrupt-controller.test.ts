// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { InterruptController, type IrqCompletion } from './interrupt-controller.ts';

function controller(completion: IrqCompletion, ...enabled: number[]): InterruptController {
  const it = new InterruptController();
  it.completion = completion;
  for (const irq of enabled) it.enable(irq);
  return it;
}

describe.each<IrqCompletion>(['atClaim', 'byAck'])('interrupts completed %s', (completion) => {
  it('are those of enabled lines, the lowest number first, each once', () => {
    const it = controller(completion, 11, 10);
    for (const irq of [11, 12, 10]) it.drive(irq, true);
    expect([it.signalled, it.claim(), it.signalled, it.claim(), it.signalled, it.claim()]).toEqual([true, 10, true, 11, false, 0]);
  });

  it('are forgotten neither by other lines nor by a line that is enabled already', () => {
    const it = controller(completion, 11);
    it.drive(11, true);
    it.drive(10, true);
    it.enable(11);
    expect(it.claim()).toBe(11);
  });

  it('stop when the line is disabled', () => {
    const it = controller(completion, 11);
    it.drive(11, true);
    it.disable(11);
    expect([it.signalled, it.claim()]).toEqual([false, 0]);
  });
});

describe('interrupts completed at once', () => {
  it('come again when the line is driven again, acknowledged or not', () => {
    const it = controller('atClaim', 11);
    it.drive(11, true);
    expect(it.claim()).toBe(11);
    it.acknowledge(11);
    expect(it.signalled).toBe(false);
    it.drive(11, true);
    expect(it.signalled).toBe(true);
  });

  it('are taken back when the line goes low', () => {
    const it = controller('atClaim', 11);
    it.drive(11, true);
    it.drive(11, false);
    expect(it.signalled).toBe(false);
  });

  it('of a line that is enabled later wait for the next change of any line', () => {
    const it = controller('atClaim');
    it.drive(11, true);
    it.enable(11);
    expect(it.signalled).toBe(false);
    it.drive(10, false);
    expect(it.claim()).toBe(11);
  });
});

describe('interrupts completed by their acknowledgement', () => {
  it('come again only after it, as long as the line is high', () => {
    const it = controller('byAck', 11);
    it.drive(11, true);
    expect(it.claim()).toBe(11);
    it.drive(11, true);
    expect(it.signalled).toBe(false);
    it.acknowledge(11);
    expect(it.claim()).toBe(11);
    it.drive(11, false);
    it.acknowledge(11);
    expect(it.signalled).toBe(false);
  });

  it('of a line that is enabled later come at once', () => {
    const it = controller('byAck');
    it.drive(11, true);
    it.enable(11);
    expect(it.signalled).toBe(true);
  });

  it('are not asked for by an acknowledgement that nothing was claimed for', () => {
    const it = controller('byAck', 11);
    it.drive(11, true);
    it.claim();
    it.acknowledge(11);
    it.claim();
    it.drive(11, false);
    it.acknowledge(11);
    it.acknowledge(11);
    expect(it.signalled).toBe(false);
  });

  it('forget their claim when the line is disabled', () => {
    const it = controller('byAck', 11);
    it.drive(11, true);
    it.claim();
    it.disable(11);
    it.enable(11);
    it.drive(11, true);
    expect(it.claim()).toBe(11);
  });
});
