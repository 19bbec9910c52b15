// SPDX-License-Identifier: BSD-2-Clause
import { CAP_TYPE_NAMES, CAP_TYPE_NONE } from '../../schema/abi/cap-types.ts';
import { tagLabel, tagLength } from '../../schema/abi/message-info.ts';
import { syscallName } from '../../schema/abi/syscalls.ts';
import type { RecordRow } from '../../schema/api/index.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { CAUSE, CAUSES, DELIVERY, OUTCOMES, type Delivery, type TrapRecord } from '../../schema/trace/trap-record.ts';

/** The row of a record, with `anomalies` of it kept. */
export function recordRow(record: TrapRecord, interfaces: InterfaceModel, anomalies: number): RecordRow {
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
    reply: ownReply(record),
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
    if (delivery.thread !== record.thread) continue;
    if (delivery.kind === DELIVERY.reply || delivery.kind === DELIVERY.message || delivery.kind === DELIVERY.fault) return delivery;
  }
  return undefined;
}

function ownReply(record: TrapRecord): RecordRow['reply'] {
  const answer = ownAnswer(record);
  return answer === undefined ? null : { label: tagLabel(answer.tagLo, answer.tagHi), length: tagLength(answer.tagLo) };
}
