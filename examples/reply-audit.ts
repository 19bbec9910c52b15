// SPDX-License-Identifier: BSD-2-Clause
/**
 * The reply audit: invokes the methods of the object API in good and in refused situations, by Call, by Send and by
 * NBSend, exchanges messages, signals and faults, and lets the checks look at every reply. It runs on any kernel that
 * sel4scope hosts, all cases in one system. `sel4scope audit` runs more of them, each in a system of its own.
 */
import type { RootTask } from 'sel4scope';
import { auditCases, SCENARIO_FAMILIES, type AuditCase } from './audit/cases.ts';

const SYSCALLS: readonly string[] = ['Call', 'Send', 'NBSend'];

export default async function main(task: RootTask): Promise<void> {
  // What breaks the protocol is recorded by the trace; the audit goes on.
  task.replies.policy = 'warn';
  const { scheduling } = task.runtime;
  const failures: string[] = [];
  const attempt = async (title: string, run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      failures.push(`${title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const cases = auditCases(scheduling).filter(isForOneSystem);
  for (const syscall of SYSCALLS) {
    const bySyscall = cases.filter((each) => each.syscall === syscall);
    for (const { id, run } of bySyscall) await attempt(id, () => run(task));
    const methods = new Set(bySyscall.map(({ method }) => method).filter((method) => !SCENARIO_FAMILIES.includes(method)));
    console.log(`by ${syscall}: ${methods.size} methods in ${bySyscall.length} situations`);
  }
  if (failures.length > 0) throw new Error(`${failures.length} expectations failed:\n${failures.join('\n')}`);
}

function isForOneSystem({ buffer, kind, alone }: AuditCase): boolean {
  return !alone && buffer === 'rw' && (kind === 'accepted' || kind === 'refused');
}
