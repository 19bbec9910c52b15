// SPDX-License-Identifier: BSD-2-Clause
/**
 * Scenarios: cases that are about several threads and the system calls between them, not about one method. What they
 * have in common is here; the root task, above all others, directs them.
 */
import type { Capability, Message, Notification, Reply, RootTask } from 'sel4scope';
import type { Scheduling } from 'sel4scope/schema';
import { ExpectationError } from './auditor.ts';

export interface Scenario {
  /**
   * Throws an {@link ExpectationError} when the kernel did not do what it must. Written for the root task of an MCS
   * kernel; on a classic one, classes of the same names stand for its own.
   */
  readonly run: (task: RootTask) => Promise<void>;
  /** Default: all configurations. */
  readonly only?: Scheduling;
  /** It makes system calls that release builds do not have. */
  readonly needsDebugBuild?: true;
}

/** Scenarios by name, in the order in which they run. */
export type Scenarios = Readonly<Record<string, Scenario>>;

/** Below the root task and above {@link rest}. */
export const THREAD_PRIORITY = 200;

export function expect(condition: boolean, what: string): void {
  if (!condition) throw new ExpectationError(`not as it must be: ${what}`);
}

/** MCS: what stands for the caller of a received message. Classic kernels keep the caller themselves. */
export async function replyObject(task: RootTask): Promise<Reply | undefined> {
  return task.runtime.scheduling === 'mcs' ? task.untyped.create('Reply', { name: 'server reply' }) : undefined;
}

/** Answers the caller, or the thread that faulted, behind a reply object, or the last one on classic kernels. */
export async function answer(task: RootTask, reply: Reply | undefined, message?: Message): Promise<void> {
  if (reply === undefined) await task.syscalls.reply(message);
  else await task.use(reply).send(message);
}

/** Lets threads of lower priority run: waits for a signal that one of the lowest priority sends. */
export async function rest(task: RootTask): Promise<void> {
  const done = await task.untyped.create('Notification', { name: 'rest' });
  const signal = await task.mint(done, 1);
  await task.startThread({ name: 'rest', priority: 1, run: (self) => self.use(signal).signal() });
  await done.wait();
}

/** A badged capability to a new notification, and the notification. */
export async function signalOf(task: RootTask, name: string): Promise<{ notification: Notification; signal: Notification }> {
  const notification = await task.untyped.create('Notification', { name });
  return { notification, signal: await task.mint(notification, 1) };
}

/** Destroys an object by deleting all its capabilities. */
export async function destroy(task: RootTask, object: Capability): Promise<void> {
  await task.revoke(object);
  await task.delete(object);
}
