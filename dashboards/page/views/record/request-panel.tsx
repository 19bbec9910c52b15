// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { RecordDetail, RequestDetail } from '../../../../schema/api/index.ts';
import { Tag, Values, Word, WordList } from '../words.tsx';

const BUFFERS: Readonly<Record<RequestDetail['buffer'], string>> = { none: 'none', readOnly: 'read-only', readWrite: 'read-write' };

/** What the thread asked for. */
export function RequestPanel({ detail }: { detail: RecordDetail }): JSX.Element {
  const { request, method, row } = detail;
  return (
    <section class="panel" aria-label="Request">
      <h3>Request</h3>
      {row.syscall !== '' && <Tag tag={request.tag} label={method?.id ?? String(request.tag.label)} />}
      {request.parameters.length > 0 && <><h4>Parameters</h4><Values values={request.parameters} /></>}
      {method === null && request.caps.length > 0 && <><h4>Extra caps</h4><WordList words={request.caps} /></>}
      {request.words.length > 0 && <><h4>Words</h4><WordList words={request.words} /></>}
      <h4>Call</h4>
      <dl class="values">
        <div><dt>capability</dt><dd>{row.capType !== '' && <span>{row.capType}</span>}<Word hex={request.cptr} /></dd></div>
        {request.reply !== '0x0' && <div><dt>reply register</dt><dd><Word hex={request.reply} /></dd></div>}
        <div><dt>IPC buffer</dt><dd>{BUFFERS[request.buffer]}</dd></div>
        <div><dt>pc</dt><dd><Word hex={detail.pcBefore} /></dd></div>
      </dl>
    </section>
  );
}
