// SPDX-License-Identifier: BSD-2-Clause
import type { Api } from './api.ts';
import { toQuery, type Filter } from './filter.ts';
import type { ReadRows } from './row-source.ts';

/** How to read a run's records through a filter. */
export function scanOf(api: Api, run: string, filter: Filter): ReadRows {
  const query = toQuery(filter);
  return (from, to, limit, signal) => api.records(run, { ...query, from, to, limit }, signal);
}
