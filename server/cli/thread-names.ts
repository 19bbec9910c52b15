// SPDX-License-Identifier: BSD-2-Clause
import type { SubjectRef, ThreadList } from '../../schema/api/index.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import type { ServiceAccess } from './service-access.ts';

/** Names in a list of threads; how many more there are is said. */
const MOST_NAMES = 10;

/** Id of the thread of a run that an argument names: its id, or its name. Throws a usage error for a name that is not there, or there twice. */
export async function threadByName(service: ServiceAccess, run: string, text: string): Promise<number> {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  const { threads } = await service.get<ThreadList>(`/api/runs/${encodeURIComponent(run)}/threads`);
  const found = threads.filter(({ name }) => name === text);
  if (found.length === 1) return found[0]!.id;
  if (found.length > 1) throw new CommandError(EXIT.usage, `${found.length} threads of run ${run} are named ${text}`, `name one by its id: ${found.map(({ id }) => id).join(', ')}`);
  const names = threads.filter(({ name }) => name !== '').slice(0, 20).map(({ name }) => name);
  throw new CommandError(EXIT.usage, `run ${run} has no thread named ${text}`, names.length === 0 ? 'its threads have no names' : `it has ${names.join(', ')}`);
}

/** Each name once: threads of one name in great number have the same work. */
export function namesOfThreads(threads: readonly SubjectRef[]): string {
  const counts = new Map<string, number>();
  for (const { name } of threads) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = [...counts].map(([name, count]) => (count === 1 ? name : `${name} (${count} threads)`));
  const more = names.length - MOST_NAMES;
  return more > 0 ? `${names.slice(0, MOST_NAMES).join(', ')}, and ${more} more names (--json lists all)` : names.join(', ');
}
