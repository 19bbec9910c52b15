// SPDX-License-Identifier: BSD-2-Clause
/**
 * The reply audit: invokes the methods of the object API in the situations that matter, by Call, by Send and by
 * NBSend, and lets the checks look at every reply. It runs on any MCS kernel that sel4scope hosts.
 */
import type { RootTask } from 'sel4scope';
import { Auditor, type AuditCase, type InvokingSyscall } from './audit/auditor.ts';
import { CSPACE_CASES } from './audit/cspace.ts';
import { SCENARIOS } from './audit/ipc.ts';
import { MEMORY_CASES } from './audit/memory.ts';
import { SCHEDULING_CASES } from './audit/scheduling.ts';
import { THREAD_CASES } from './audit/threads.ts';

const CASES: readonly AuditCase[] = [...MEMORY_CASES, ...CSPACE_CASES, ...THREAD_CASES, ...SCHEDULING_CASES];
const SYSCALLS: readonly InvokingSyscall[] = ['Call', 'Send', 'NBSend'];
/** Interrupt lines for the cases of one system call. */
const IRQS = 16;

export default async function main(task: RootTask): Promise<void> {
  // What breaks the protocol is recorded by the trace; the audit goes on.
  task.replies.policy = 'warn';
  const failures: string[] = [];
  const attempt = async (title: string, run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      failures.push(`${title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const [i, syscall] of SYSCALLS.entries()) {
    const auditor = new Auditor(task, syscall, 1 + IRQS * i);
    for (const { title, run } of CASES) await attempt(`${title}, by ${syscall}`, () => run(auditor));
    console.log(`by ${syscall}: ${auditor.invoked.size} methods, ${auditor.invocations} invocations`);
  }
  for (const [title, run] of Object.entries(SCENARIOS)) await attempt(title, () => run(task));
  if (failures.length > 0) throw new Error(`${failures.length} expectations failed:\n${failures.join('\n')}`);
}
