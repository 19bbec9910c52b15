// SPDX-License-Identifier: BSD-2-Clause
import type { RecordPage, ThreadList } from '../../schema/api/index.ts';
import { virtualTime } from './output.ts';
import type { ServiceAccess } from './service-access.ts';

/** Records that are shown of a run that failed. */
const SHOWN = 5;

/** The last records of a run, one line each; `records` is how many it has. */
export async function lastRecords(service: ServiceAccess, run: string, records: number): Promise<string[]> {
  if (records === 0) return [];
  const { threads } = await service.get<ThreadList>(`/api/runs/${run}/threads`);
  const { rows } = await service.get<RecordPage>(`/api/runs/${run}/records`, { from: Math.max(1, records - SHOWN + 1), limit: SHOWN });
  return rows.map(({ seq, time, thread, syscall, cause, method, capType, outcome }) => {
    const name = thread === 0 ? 'idle' : threads.find(({ id }) => id === thread)?.name || `thread ${thread}`;
    return `${seq} at ${virtualTime(time)}: ${name}: ${[syscall || cause, method || capType].filter((text) => text !== '').join(' ')}, ${outcome}`;
  });
}
