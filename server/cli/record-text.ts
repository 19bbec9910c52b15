// SPDX-License-Identifier: BSD-2-Clause
/** One record in full as text: request, deliveries, thread states, findings. */
import { lastTransitions, strayText, transitionNotes, type DeliveryDetail, type NamedValue, type RecordDetail, type TagDetail } from '../../schema/api/index.ts';
import { bold, dim, printLine, red, virtualTime, wrap, yellow } from './output.ts';

export function printRecord(record: RecordDetail): void {
  const { row } = record;
  printLine(`${bold(`record ${row.seq}`)} of run ${record.run} (${record.configuration})`);
  printLine(`${record.thread.name} at ${virtualTime(row.time)}: ${row.syscall || row.cause} ${row.method || row.capType} → ${row.outcome}`);
  if (record.object.id !== 0) printLine(dim(`object: ${record.object.name}`));
  printRequest(record);
  for (const delivery of record.deliveries) printDelivery(delivery, row.seq);
  if (record.states.length > 0) {
    printLine(bold('thread states'));
    const last = lastTransitions(record);
    for (const { thread, before, after } of record.states) {
      printLine(`  ${thread.name}: ${before} → ${after}`);
      for (const { text, meaning, isWrong } of transitionNotes(last.get(thread.id)!, thread.id === record.thread.id)) {
        printLine(`    ${isWrong ? red(text) : text}${dim(`: ${meaning}`)}`);
      }
    }
  }
  printLine(`next: ${record.next.thread.name} (${record.next.state}); pc ${record.pcBefore} → ${record.pcAfter}${record.fault === null ? '' : `; fault ${record.fault}`}`);
  if (record.stray !== null) printLine(red(strayText(record.stray)));
  for (const finding of record.anomalies) {
    const paint = finding.severity === 'error' ? red : yellow;
    printLine(paint(`${finding.rule} ${finding.title}: ${finding.detail}`));
    printLine(wrap(finding.explanation, 92, '  '));
  }
}

function printRequest({ row, request, method }: RecordDetail): void {
  if (row.syscall === '') return;
  printLine(bold('request'));
  printLine(`  cptr ${request.cptr}, ${tagText(request.tag)}, buffer ${request.buffer}`);
  for (const value of request.parameters) printValue(value);
  if (method === null && request.words.length > 0) printLine(`  words ${request.words.join(' ')}`);
  if (method !== null) {
    const { contract } = method;
    printLine(dim(`  contract: reply of ${contract.outWords} words${contract.length === 'count' ? ' at most, as many as count says' : ''}; errors ${contract.errors.map(({ name }) => name).join(', ')}`));
  }
}

function printDelivery(delivery: DeliveryDetail, seq: number): void {
  const to = delivery.answers === 0 || delivery.answers === seq ? '' : `, answers record ${delivery.answers}`;
  printLine(`${bold(delivery.kind)} to ${delivery.thread.name}${to}`);
  printLine(`  ${tagText(delivery.tag)}, badge ${delivery.badge}${delivery.error === null ? '' : `: ${delivery.error}`}`);
  for (const value of delivery.values) printValue(value);
  if (delivery.values.length === 0 && delivery.words.length > 0) printLine(`  words ${delivery.words.join(' ')}`);
  const buffer = delivery.writtenBufferWords.length === 0 ? '' : `, buffer words ${delivery.writtenBufferWords.join(' ')}`;
  printLine(dim(`  written: ${delivery.writtenRegisters.join(' ') || 'no register'}${buffer}`));
}

function printValue({ name, hex, decimal, note }: NamedValue): void {
  printLine(`  ${name} = ${decimal || hex}${decimal !== '' && hex !== '' ? ` (${hex})` : ''}${note === '' ? '' : ` ${note}`}`);
}

function tagText(tag: TagDetail): string {
  return `tag ${tag.word} (label ${tag.label}, length ${tag.length})`;
}
