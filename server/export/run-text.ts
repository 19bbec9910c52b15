// SPDX-License-Identifier: BSD-2-Clause
/** What is known of a run, as text for the heads of files. */
import type { RunSummary } from '../../schema/api/index.ts';

/** e.g. `hello.ts on model 16.0.0 (riscv64-mcs)`. */
export function runTitle({ program, kernel, kernelVersion, configuration }: RunSummary): string {
  return `${program} on ${kernel} ${kernelVersion} (${configuration})`;
}

/** What still changes while a run runs. */
const CHANGING: readonly string[] = ['records', 'time', 'anomalies', 'state', 'changedAt', 'end', 'endDetail'] satisfies (keyof RunSummary)[];

/** What a run has from its start on, by name; empty values are left out. */
export function startPairs(summary: RunSummary): [name: string, value: string][] {
  return Object.entries(summary)
    .filter(([name]) => !CHANGING.includes(name))
    .map(([name, value]): [string, string] => [name, textOf(value)])
    .filter(([, value]) => value !== '');
}

function textOf(value: unknown): string {
  if (value === null) return '';
  return Array.isArray(value) ? value.join(' ') : String(value);
}
