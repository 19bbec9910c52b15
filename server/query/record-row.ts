// SPDX-License-Identifier: BSD-2-Clause
import { CAP_TYPE_NAMES, CAP_TYPE_NONE } from '../../schema/abi/cap-types.ts';
import { tagLabel, tagLength } from '../../schema/abi/message-info.ts';
import { syscallName } from '../../schema/abi/syscalls.ts';
import type { RecordRow } from '../../schema/api/index.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { unzigzag, type BatchScan, type ScanColumn } from '../../schema/trace/batch.ts';
import { CAUSE, CAUSES, DELIVERY, OUTCOMES, type Delivery, type TrapRecord } from '../../schema/trace/trap-record.ts';

/** What a row shows of the record itself. */
type ShownFields = Pick<TrapRecord, 'seq' | 'entryTime' | 'thread' | 'cause' | 'syscall' | 'capType' | 'object' | 'method' | 'outcome'>;

/** The row of a record, with `anomalies` of it kept. */
export function recordRow(record: TrapRecord, interfaces: InterfaceModel, anomalies: number): RecordRow {
  return rowOf(record, ownReply(record), interfaces, anomalies);
}

/** Rows of the records of a batch, from the few columns that they show: a fraction of the time that whole records take. */
export class BatchRows {
  private readonly scan: BatchScan;
  private readonly interfaces: InterfaceModel;

  constructor(scan: BatchScan, interfaces: InterfaceModel) {
    this.scan = scan;
    this.interfaces = interfaces;
  }

  /** The row of the record at `index`; it does not know how many anomalies there are. */
  at(index: number): RecordRow {
    const { scan } = this;
    const value = (name: ScanColumn): number => scan.column(name)[index]!;
    return rowOf({
      seq: scan.header.firstSeq + index, entryTime: scan.entryTimes()[index]!, thread: value('thread'), cause: value('cause'), syscall: unzigzag(value('syscall')),
      capType: value('capType'), object: value('object'), method: value('method'), outcome: value('outcome'),
    }, this.ownReply(index), this.interfaces, 0);
  }

  private ownReply(index: number): RecordRow['reply'] {
    const { first, kind, thread, tag } = this.scan.deliveries();
    const invoker = this.scan.column('thread')[index];
    for (let i = first[index]!; i < first[index + 1]!; i++) {
      if (thread[i] === invoker && hasMessageInfo(kind[i]!)) return replyOf(tag[2 * i]!, tag[2 * i + 1]!);
    }
    return null;
  }
}

function rowOf(record: ShownFields, reply: RecordRow['reply'], interfaces: InterfaceModel, anomalies: number): RecordRow {
  return {
    seq: record.seq,
    time: record.entryTime,
    thread: record.thread,
    cause: CAUSES[record.cause]!,
    syscall: record.cause === CAUSE.syscall ? syscallText(record.syscall, interfaces) : '',
    capType: capTypeText(record.capType),
    object: record.object,
    method: interfaces.byLabel[record.method]?.id ?? '',
    outcome: OUTCOMES[record.outcome]!,
    reply,
    anomalies,
  };
}

/** Name of a system call, or its number where the configuration has none with it. */
export function syscallText(syscall: number, interfaces: InterfaceModel): string {
  return syscallName(interfaces.configuration.scheduling, syscall) ?? String(syscall);
}

/** Name of a capability type, its number for one without, empty for none. */
export function capTypeText(capType: number): string {
  return capType === CAP_TYPE_NONE ? '' : CAP_TYPE_NAMES.get(capType) ?? String(capType);
}

/** What has a message info among the deliveries to the invoker itself. */
export function ownAnswer(record: TrapRecord): Delivery | undefined {
  for (let i = 0; i < record.deliveryCount; i++) {
    const delivery = record.deliveries[i]!;
    if (delivery.thread === record.thread && hasMessageInfo(delivery.kind)) return delivery;
  }
  return undefined;
}

function ownReply(record: TrapRecord): RecordRow['reply'] {
  const answer = ownAnswer(record);
  return answer === undefined ? null : replyOf(answer.tagLo, answer.tagHi);
}

function hasMessageInfo(deliveryKind: number): boolean {
  return deliveryKind === DELIVERY.reply || deliveryKind === DELIVERY.message || deliveryKind === DELIVERY.fault;
}

function replyOf(tagLo: number, tagHi: number): RecordRow['reply'] {
  return { label: tagLabel(tagLo, tagHi), length: tagLength(tagLo) };
}
