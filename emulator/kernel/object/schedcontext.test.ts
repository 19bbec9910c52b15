// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ERROR, INIT_CAP, STATE } from '../../../schema/abi/index.ts';
import { World, type Answer } from '../testing-threads.ts';

const MAX_PERIOD_US = (2n ** 64n - 1n) / 10n / 8n;

function outcome(answer: Answer): [number, ...bigint[]] {
  return [answer.label, ...answer.words];
}

describe('SchedControl_ConfigureFlags', () => {
  it('says what is wrong with its arguments, in the order of the arguments', () => {
    const world = new World('mcs');
    const context = world.schedContext('context', 9);
    const configure = (words: readonly (number | bigint)[], caps: readonly number[] = [context.cptr]): [number, ...bigint[]] =>
      outcome(world.call(world.schedControl, 'SchedControlConfigureFlags', words, caps));
    expect(configure([1000, 1000, 0, 0])).toEqual([ERROR.TruncatedMessage]);
    expect(configure([1000, 1000, 0, 0, 0], [])).toEqual([ERROR.TruncatedMessage]);
    expect(configure([1000, 1000, 0, 0, 0], [INIT_CAP.threadTCB])).toEqual([ERROR.InvalidCapability, 1n]);
    expect(configure([19, 1000, 0, 0, 0])).toEqual([ERROR.RangeError, 20n, MAX_PERIOD_US]);
    expect(configure([MAX_PERIOD_US + 1n, 19, 0, 0, 0])).toEqual([ERROR.RangeError, 20n, MAX_PERIOD_US]);
    expect(configure([1000, 19, 0, 0, 0])).toEqual([ERROR.RangeError, 20n, MAX_PERIOD_US]);
    expect(configure([1000, 999, 99, 0, 0])).toEqual([ERROR.RangeError, 20n, 999n]);
    // (512 - 96) / 16 refills fit, two of which are not extra.
    expect(configure([1000, 2000, 25, 0, 0])).toEqual([ERROR.RangeError, 0n, 24n]);
    expect(configure([1000, 2000, 2n ** 64n - 1n, 0, 0])).toEqual([ERROR.RangeError, 0n, 24n]);
    // With the two that are not extra this would wrap to none.
    expect(configure([1000, 2000, 2n ** 64n - 2n, 0, 0])).toEqual([ERROR.RangeError, 0n, 24n]);
    expect(context.object.maxRefills).toBe(0);
    expect(configure([1000, 2000, 24, 2n ** 63n + 5n, 1])).toEqual([0]);
    expect(context.object).toMatchObject({
      budget: 1_000_000, period: 2_000_000, maxRefills: 26, sporadic: true, badge: { lo: 5, hi: 0x8000_0000 },
    });
    expect(configure([20, 20, 24, 0, 0])).toEqual([0]);
    expect(context.object).toMatchObject({ budget: 20_000, period: 20_000, maxRefills: 2, sporadic: false });
    expect(configure([MAX_PERIOD_US, MAX_PERIOD_US, 0, 0, 0])).toEqual([0]);
    expect(configure([MAX_PERIOD_US - 1n, MAX_PERIOD_US, 0, 0, 0])).toEqual([0]);
    expect(context.object.budget).toBeLessThan(context.object.period);
  });

  it('answers an unknown label and a foreign method with IllegalOperation', () => {
    const world = new World('mcs');
    expect(outcome(world.call(world.schedControl, 'TCBSuspend'))).toEqual([ERROR.IllegalOperation]);
    const context = world.schedContext('context');
    expect(outcome(world.call(context.cptr, 'TCBSuspend'))).toEqual([ERROR.IllegalOperation]);
  });

  it('starts a thread that waited for time', () => {
    const world = new World('mcs');
    const starved = world.thread('starved', { time: null, priority: 60 });
    const other = world.thread('other', { priority: 50 });
    const context = world.schedContext('context');
    world.succeed(context.cptr, 'SchedContextBind', [], [starved.cptr]);
    world.resume(starved, other);
    world.rest();
    world.mustRun(other);
    world.configure(context, { budget: 100, period: 1000 });
    world.mustRun(starved);
  });

  it('acts at once on the context of the running thread', () => {
    const world = new World('mcs');
    const thread = world.thread('thread', { time: { budget: 5000, period: 10_000 } });
    world.resume(thread);
    world.rest();
    world.host.compute(1_000_000);
    world.configure(thread.context!, { budget: 500, period: 10_000 });
    world.mustRun(thread);
    const start = world.kernel.time;
    world.runUntilSwitch();
    expect(world.kernel.time - start).toBeLessThanOrEqual(501_000);
    world.mustRun(world.kernel.idleThread);
  });
});

describe('binding a scheduling context', () => {
  it('needs both to be free', () => {
    const world = new World('mcs');
    const thread = world.thread('thread', { time: null });
    const other = world.thread('other', { time: null });
    const context = world.schedContext('context');
    const second = world.schedContext('second');
    const bind = (sc: { cptr: number }, caps: readonly number[]): [number, ...bigint[]] =>
      outcome(world.call(sc.cptr, 'SchedContextBind', [], caps));
    expect(bind(context, [])).toEqual([ERROR.TruncatedMessage]);
    expect(bind(context, [INIT_CAP.threadCNode])).toEqual([ERROR.InvalidCapability, 1n]);
    expect(bind(context, [thread.cptr])).toEqual([0]);
    expect(bind(context, [other.cptr])).toEqual([ERROR.IllegalOperation]);
    expect(bind(second, [thread.cptr])).toEqual([ERROR.IllegalOperation]);
    const notification = world.notification();
    expect(bind(context, [notification.cptr])).toEqual([0]);
    expect(bind(second, [notification.cptr])).toEqual([ERROR.IllegalOperation]);
    expect(bind(context, [world.notification('other').cptr])).toEqual([ERROR.IllegalOperation]);
  });

  it('of a waiting thread needs a context that it could run on', () => {
    const world = new World('mcs');
    const waiter = world.thread('waiter', { priority: 100 });
    const boss = world.thread('boss', { priority: 50 });
    world.resume(waiter, boss);
    world.rest();
    world.wait(world.endpoint());
    world.mustRun(boss);
    world.succeed(waiter.context!.cptr, 'SchedContextUnbindObject', [], [waiter.cptr]);
    expect(waiter.object.state).toBe(STATE.BlockedOnReceive);
    const empty = world.schedContext('empty');
    expect(world.call(empty.cptr, 'SchedContextBind', [], [waiter.cptr]).label).toBe(ERROR.IllegalOperation);
    expect(world.call(waiter.context!.cptr, 'SchedContextBind', [], [waiter.cptr]).label).toBe(0);
  });

  it('ends with Unbind and UnbindObject, not for the running thread', () => {
    const world = new World('mcs');
    const thread = world.thread('thread');
    const notification = world.notification();
    const context = thread.context!;
    world.succeed(context.cptr, 'SchedContextBind', [], [notification.cptr]);
    const unbindObject = (sc: number, caps: readonly number[]): [number, ...bigint[]] =>
      outcome(world.call(sc, 'SchedContextUnbindObject', [], caps));
    expect(unbindObject(context.cptr, [])).toEqual([ERROR.TruncatedMessage]);
    expect(unbindObject(context.cptr, [INIT_CAP.threadCNode])).toEqual([ERROR.InvalidCapability, 1n]);
    expect(unbindObject(context.cptr, [INIT_CAP.threadTCB])).toEqual([ERROR.IllegalOperation]);
    expect(unbindObject(INIT_CAP.initThreadSC, [INIT_CAP.threadTCB])).toEqual([ERROR.IllegalOperation]);
    expect(outcome(world.call(INIT_CAP.initThreadSC, 'SchedContextUnbind'))).toEqual([ERROR.IllegalOperation]);
    expect(unbindObject(context.cptr, [notification.cptr])).toEqual([0]);
    expect(unbindObject(context.cptr, [notification.cptr])).toEqual([ERROR.IllegalOperation]);
    expect(thread.object.schedContext).toBe(context.object);
    world.succeed(context.cptr, 'SchedContextBind', [], [notification.cptr]);
    expect(outcome(world.call(context.cptr, 'SchedContextUnbind'))).toEqual([0]);
    expect(thread.object.schedContext).toBeNull();
    expect(notification.object.schedContext).toBeNull();
  });

  it('ends with the context', () => {
    const world = new World('mcs');
    const thread = world.thread('thread', { priority: 100 });
    const other = world.thread('other', { priority: 50 });
    world.resume(thread, other);
    world.rest();
    world.mustRun(thread);
    world.call(2, 'CNodeDelete', [thread.context!.cptr, 64]);
    world.mustRun(other);
    expect(thread.object.schedContext).toBeNull();
    expect(thread.object.state).toBe(STATE.Running);
  });
});
