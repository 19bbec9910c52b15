// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ERROR, STATE } from '../../../schema/abi/index.ts';
import type { DefectName } from '../defects.ts';
import { World, type TestThread } from '../testing-threads.ts';

/** A caller that runs, and a target that is ready at `priority`; the root task rests. */
function scene(priority: number, options: { mcp?: number; defects?: readonly DefectName[] } = {}): { world: World; caller: TestThread; target: TestThread } {
  const world = new World('mcs', { defects: options.defects ?? [] });
  const target = world.thread('target', { priority: 50 });
  const caller = world.thread('caller', { priority: 100, mcp: options.mcp ?? 255 });
  world.resume(target, caller);
  world.rest();
  world.mustRun(caller);
  world.succeed(target.cptr, 'TCBSetPriority', [Math.min(priority, 100)], [caller.cptr]);
  if (priority <= 100) world.mustRun(caller);
  return { world, caller, target };
}

describe('SchedContext_YieldTo', () => {
  it('answers at once when the target has a lower priority', () => {
    const { world, caller, target } = scene(50);
    world.clear();
    const answer = world.call(target.context!.cptr, 'SchedContextYieldTo');
    expect(answer).toMatchObject({ badge: 0n, label: 0, length: 1, words: [0n] });
    expect(world.writes(caller.object, 'reply').sort()).toEqual(['a0', 'a1', 'a2']);
    world.mustRun(caller);
    world.clear();
    world.invoke('Send', target.context!.cptr, 'SchedContextYieldTo');
    expect(world.events).toEqual(['caller: Running -> Restart', 'caller: Restart -> Running']);
  });

  it('answers at once when the target cannot run', () => {
    const { world, caller, target } = scene(50);
    world.succeed(target.cptr, 'TCBSuspend');
    expect(world.call(target.context!.cptr, 'SchedContextYieldTo').length).toBe(1);
    world.mustRun(caller);
  });

  it.each([[0, true], [4, false], [8, false]])('after CopyRegisters with flags %d into the caller still answers: %s', (flags, answers) => {
    const { world, caller, target } = scene(100);
    world.call(target.context!.cptr, 'SchedContextYieldTo');
    world.mustRun(target);
    world.clear();
    world.invoke('Send', caller.cptr, 'TCBCopyRegisters', [flags], [target.cptr]);
    world.call(target.cptr, 'TCBSuspend');
    world.mustRun(caller);
    expect(world.writes(caller.object, 'lateReply').length > 0).toBe(answers);
  });

  it('answers later when the target runs first: an empty success, then the time used', () => {
    const { world, caller, target } = scene(100);
    world.clear();
    const interim = world.call(target.context!.cptr, 'SchedContextYieldTo');
    world.mustRun(target);
    expect(interim).toMatchObject({ badge: 0n, label: 0, length: 0 });
    expect(caller.object.state).toBe(STATE.Running);
    expect(world.events).toContain('caller: waits for a YieldTo');
    world.host.compute(300_000);
    world.clear();
    world.wait(world.notification());
    world.mustRun(caller);
    const late = world.answer(caller.object);
    expect(late).toMatchObject({ badge: 0n, label: 0, length: 1 });
    expect(late.words[0]).toBeGreaterThanOrEqual(300n);
    expect(late.words[0]).toBeLessThan(320n);
    expect(world.writes(caller.object, 'lateReply').sort()).toEqual(['a0', 'a1', 'a2']);
    expect(world.events).toContain('caller: waits no more for a YieldTo');
  });

  it.each([[[], []], [['yield-to-send'], ['a0', 'a1', 'a2']]] as const)('owes no late answer to a Send; defects %j', (defects, written) => {
    const { world, caller, target } = scene(100, { defects });
    world.invoke('Send', target.context!.cptr, 'SchedContextYieldTo');
    world.mustRun(target);
    world.clear();
    world.wait(world.notification());
    world.mustRun(caller);
    expect(world.writes(caller.object, 'lateReply').sort()).toEqual(written);
    expect(world.events).toContain('caller: waits no more for a YieldTo');
  });

  it.each([[[], []], [['yield-to-send'], ['a0', 'a1', 'a2']]] as const)('owes no late answer once the registers were set; defects %j', (defects, written) => {
    const { world, caller, target } = scene(100, { defects });
    world.call(target.context!.cptr, 'SchedContextYieldTo');
    world.mustRun(target);
    world.succeed(caller.cptr, 'TCBWriteRegisters', [0, 1, 0x10_0000]);
    world.clear();
    world.wait(world.notification());
    world.mustRun(caller);
    expect(world.writes(caller.object, 'lateReply').sort()).toEqual(written);
  });

  it('is completed for the first yielder when a second one comes', () => {
    const world = new World('mcs');
    const wakeUp = world.notification('wake up');
    const second = world.thread('second', { priority: 110, mcp: 255 });
    const caller = world.thread('caller', { priority: 101, mcp: 255 });
    const target = world.thread('target', { priority: 100 });
    world.resume(second, caller, target);
    world.rest();
    world.wait(wakeUp);
    world.mustRun(caller);
    world.succeed(caller.cptr, 'TCBSetPriority', [100], [caller.cptr]);
    world.mustRun(caller);
    world.call(target.context!.cptr, 'SchedContextYieldTo');
    world.mustRun(target);
    world.host.compute(5000);
    world.trap('Send', { cptr: wakeUp.cptr });
    world.mustRun(second);
    world.clear();
    expect(world.call(target.context!.cptr, 'SchedContextYieldTo')).toMatchObject({ length: 1, words: [0n] });
    world.mustRun(second);
    expect(world.writes(caller.object, 'lateReply').sort()).toEqual(['a0', 'a1', 'a2']);
    expect(world.answer(caller.object).words[0]).toBe(5n);
    expect(world.transitions.filter((t) => t.startsWith('caller'))).toEqual([]);
  });

  it('is cancelled when the yielder is suspended: the empty success stays', () => {
    const { world, caller, target } = scene(100);
    world.call(target.context!.cptr, 'SchedContextYieldTo');
    world.mustRun(target);
    world.clear();
    world.succeed(caller.cptr, 'TCBSuspend');
    expect(world.events).toContain('caller: waits no more for a YieldTo');
    expect(world.writes(caller.object, 'lateReply')).toEqual([]);
    expect(target.context!.object.yieldFrom).toBeNull();
    expect(world.answer(caller.object).length).toBe(0);
  });

  it('is completed when the scheduling context is destroyed', () => {
    const { world, caller, target } = scene(100);
    world.call(target.context!.cptr, 'SchedContextYieldTo');
    world.mustRun(target);
    world.clear();
    world.invoke('Send', 2, 'CNodeDelete', [target.context!.cptr, 64]);
    world.mustRun(caller);
    expect(world.writes(caller.object, 'lateReply').sort()).toEqual(['a0', 'a1', 'a2']);
  });

  it('is completed when the thread of the context is destroyed', () => {
    const { world, caller, target } = scene(100);
    world.call(target.context!.cptr, 'SchedContextYieldTo');
    world.mustRun(target);
    world.clear();
    world.invoke('Send', 2, 'CNodeDelete', [target.cptr, 64]);
    world.mustRun(caller);
    expect(world.writes(caller.object, 'lateReply').sort()).toEqual(['a0', 'a1', 'a2']);
    expect(target.object.state).toBe(STATE.Inactive);
    expect(target.object.alive).toBe(false);
  });

  it('needs a bound context, of another thread, not above the maximum controlled priority', () => {
    const { world, caller, target } = scene(50, { mcp: 100 });
    const free = world.schedContext('free');
    const yieldTo = (cptr: number): number => world.call(cptr, 'SchedContextYieldTo').label;
    expect(yieldTo(free.cptr)).toBe(ERROR.IllegalOperation);
    expect(yieldTo(caller.context!.cptr)).toBe(ERROR.IllegalOperation);
    expect(yieldTo(target.context!.cptr)).toBe(0);
    caller.object.mcp = 49;
    expect(yieldTo(target.context!.cptr)).toBe(ERROR.IllegalOperation);
  });

  it('loses its message info with the defect', () => {
    const { world, caller, target } = scene(50, { defects: ['sc-yield-to'] });
    world.clear();
    expect(world.call(target.context!.cptr, 'SchedContextYieldTo')).toMatchObject({ badge: 0n, label: 0, length: 0 });
    expect(world.writes(caller.object, 'reply').sort()).toEqual(['a0', 'a1', 'a1', 'a2']);
    world.clear();
    world.invoke('Send', target.context!.cptr, 'SchedContextYieldTo');
    expect(world.writes(caller.object, 'reply').sort()).toEqual(['a1', 'a2']);
  });
});
