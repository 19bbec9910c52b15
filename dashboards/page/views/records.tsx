// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { FilterBar } from './filter-bar.tsx';
import { PauseBar } from './pause-bar.tsx';
import { RecordTable } from './record-table.tsx';

export function RecordsView(): JSX.Element {
  return (
    <section class="records" aria-label="Records">
      <FilterBar />
      <RecordTable />
      <PauseBar />
    </section>
  );
}
