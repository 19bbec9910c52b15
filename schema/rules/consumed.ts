// SPDX-License-Identifier: BSD-2-Clause
/** The consumed time of a scheduling context as replies tell it. */
import { CAP_TYPE } from '../abi/cap-types.ts';
import { tagLength } from '../abi/message-info.ts';
import { lanesToNumber } from '../abi/word.ts';
import type { Method } from '../idl/model.ts';
import { DELIVERY, OUTCOME, type TrapRecord } from '../trace/trap-record.ts';

/** Methods that answer with the consumed time, in whole microseconds, and reset it. */
export const READS_CONSUMED: readonly string[] = ['SchedContextConsumed', 'SchedContextYieldTo'];

const NS_PER_US = 1000;

/** Consumed time, ns, that a record's direct reply states for `record.object`; -1 when there is none. Infinity above 2^53. */
export function consumedTime(record: TrapRecord, method: Method | undefined): number {
  if (record.capType !== CAP_TYPE.SchedContext || record.outcome !== OUTCOME.replied || record.object === 0) return -1;
  if (method === undefined || !READS_CONSUMED.includes(method.id)) return -1;
  for (let i = 0; i < record.deliveryCount; i++) {
    const delivery = record.deliveries[i]!;
    if (delivery.kind !== DELIVERY.reply || delivery.thread !== record.thread || tagLength(delivery.tagLo) === 0) continue;
    return (lanesToNumber(delivery.words[0]!, delivery.words[1]!) ?? Infinity) * NS_PER_US;
  }
  return -1;
}
