// SPDX-License-Identifier: BSD-2-Clause
/** One case with all its records in full: what `--case` prints. */
import { tagLabel, unpackMessageInfo } from '../../../schema/abi/message-info.ts';
import { decodeReply, decodeRequest, fieldText } from '../../../schema/idl/describe.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import { DELIVERY, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { toPlain, type PlainRecord, type RecordNames } from '../../../schema/trace/plain.ts';
import { bold, dim, green, printLine, red, virtualTime } from '../output.ts';
import type { CaseResult } from './case-run.ts';
import { ruleTitle } from './report.ts';

/** The names of one run: those that threads and objects were announced with last. */
export class Names implements RecordNames {
  readonly scheduling: Scheduling;
  private readonly subjects = new Map<number, { id: number; type: number; name: string }>();

  constructor(scheduling: Scheduling) {
    this.scheduling = scheduling;
  }

  announce(subject: { id: number; type: number; name: string }): void {
    this.subjects.set(subject.id, subject);
  }

  subject(id: number): { id: number; type: number; name: string } | undefined {
    return this.subjects.get(id);
  }

  method(label: number): string | undefined {
    return interfacesOf(`riscv64-${this.scheduling}`).byLabel[label]?.id;
  }
}

/** A case with its records, for scripts. */
export function plainCase({ case: { id }, findings }: CaseResult, records: readonly TrapRecord[], names: Names): unknown {
  return { case: id, findings, records: records.map((record) => toPlain(record, names)) };
}

export function printCase(result: CaseResult, records: readonly TrapRecord[], names: Names): void {
  const { case: each, findings } = result;
  printLine(bold(each.id));
  for (const record of records) {
    printRecord(record, names);
    for (const { rule, method, detail } of findings.filter(({ seq }) => seq === record.seq)) printLine(red(`    ${rule} ${method}: ${detail}`));
  }
  printLine();
  for (const { rule, method, detail, seq } of findings) {
    printLine(red(`${rule} ${ruleTitle(rule)}: ${method}${seq === 0 ? '' : `, record ${seq}`}: ${detail}`));
  }
  printLine(findings.length === 0 ? green(`clean: ${result.records} traps`) : bold(red(`${findings.length} findings in ${result.records} traps`)));
}

function printRecord(record: TrapRecord, names: Names): void {
  const plain = toPlain(record, names);
  printLine(`${dim(String(plain.seq).padStart(4))} ${virtualTime(plain.entryTime)} ${who(plain.thread)}: ${requestText(record, plain, names)} → ${plain.outcome}${plain.fault === '' ? '' : ` (${plain.fault})`}`);
  for (const [i, delivery] of plain.deliveries.entries()) {
    const raw = record.deliveries[i]!;
    const asked = interfacesOf(`riscv64-${names.scheduling}`).byLabel[plain.method.label];
    const isReply = raw.kind === DELIVERY.reply;
    const decoded = isReply ? decodeReply(asked, unpackMessageInfo(raw.tagLo, raw.tagHi), raw.words, raw.wordCount) : undefined;
    const values = decoded === undefined ? delivery.words.join(' ') : [decoded.summary, ...decoded.fields.map(fieldText)].join(', ');
    printLine(`       ${delivery.kind} to ${who(delivery.thread)}: label ${tagLabel(raw.tagLo, raw.tagHi)}, length ${delivery.tag.length}, badge ${delivery.badge} ${values}`.trimEnd());
    printLine(dim(`         wrote ${[...delivery.slots, ...delivery.bufferWords.map((word) => `buffer[${word}]`)].join(' ') || 'nothing'}`));
  }
  for (const { thread, from, to } of plain.transitions) printLine(dim(`       ${who(thread)}: ${from} → ${to}`));
  if (plain.next.id !== plain.thread.id) printLine(dim(`       next: ${plain.next.id === 0 ? 'idle' : who(plain.next)}`));
}

function requestText(record: TrapRecord, plain: PlainRecord, names: Names): string {
  if (plain.syscall === '') return plain.cause;
  const method = interfacesOf(`riscv64-${names.scheduling}`).byLabel[plain.method.label];
  if (method === undefined) return `${plain.syscall} ${plain.cptr} (${plain.capType}), label ${plain.tag.label}, words ${plain.words.join(' ') || 'none'}`;
  const fields = decodeRequest(method, record.words, record.wordCount, record.caps, record.capCount);
  return `${plain.syscall} ${plain.method.name} ${plain.cptr} (${fields.map(fieldText).join(', ')}), buffer ${plain.bufferKind}`;
}

function who({ id, name }: { id: number; name: string }): string {
  return name === '' ? `thread ${id}` : name;
}
