// SPDX-License-Identifier: BSD-2-Clause
/** The trace of a run for other tools, as files to download. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ExportFileFormat, ExportTable, RunSummary } from '../../../schema/api/index.ts';
import { saveFile } from '../save.ts';
import { useSelect, useSession } from '../session-context.ts';

interface Choice {
  readonly format: ExportFileFormat;
  readonly text: string;
  readonly about: string;
  /** Tables of their own file each; empty for one file of all. */
  readonly tables: readonly ExportTable[];
}

const ALL_TABLES = ['records', 'deliveries', 'transitions', 'anomalies'] as const;
const CHOICES: readonly Choice[] = [
  { format: 'perfetto', text: 'Perfetto', about: 'threads, states and messages for ui.perfetto.dev', tables: [] },
  { format: 'chrome', text: 'Chrome', about: 'trace events for chrome://tracing', tables: [] },
  { format: 'jsonl', text: 'JSON Lines', about: 'whole records, one a line', tables: [] },
  { format: 'csv', text: 'CSV', about: 'for spreadsheets', tables: ALL_TABLES },
  { format: 'parquet', text: 'Parquet', about: 'for DuckDB, pandas, Spark', tables: ALL_TABLES },
];

export function ExportMenu({ run }: { run: RunSummary }): JSX.Element | null {
  if (run.records === 0 || run.recordsDroppedAt !== null) return null;
  return (
    <details class="menu" onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); event.currentTarget.open = false; } }}>
      <summary>Export</summary>
      <dl class="menu-body">
        {CHOICES.map((choice) => (
          <div key={choice.format}>
            <dt>{choice.text}</dt>
            <dd><span class="dim">{choice.about}</span>{choice.tables.length === 0 ? <Download run={run} format={choice.format} /> : choice.tables.map((table) => <Download key={table} run={run} format={choice.format} table={table} />)}</dd>
          </div>
        ))}
        <div><dt>CTF</dt><dd><span class="dim">a directory for Trace Compass</span><code>sel4scope export --format ctf</code></dd></div>
      </dl>
    </details>
  );
}

/** A plain link, which the browser streams to the disk; where the service asks for tokens, which links do not carry, a request. */
function Download({ run: { run }, format, table }: { run: RunSummary; format: ExportFileFormat; table?: ExportTable }): JSX.Element {
  const session = useSession();
  const named = useSelect((state) => state.caller.name !== '');
  const [problem, setProblem] = useState('');
  const text = table ?? 'download';
  const label = `export ${format}${table === undefined ? '' : ` of ${table}`}`;
  const query = new URLSearchParams({ format, ...(table === undefined ? {} : { table }) });
  if (!named) return <a href={`api/runs/${encodeURIComponent(run)}/export?${query}`} download aria-label={label}>{text}</a>;
  const save = async (): Promise<void> => {
    const { name, content, problem: failure } = await session.exportRun(run, { format, ...(table === undefined ? {} : { table }) });
    setProblem(failure);
    if (content !== null) saveFile(name, content);
  };
  return <><button type="button" class="link" aria-label={label} onClick={() => void save()}>{text}</button>{problem !== '' && <span class="bad" role="alert">{problem}</span>}</>;
}
