// SPDX-License-Identifier: BSD-2-Clause
import { FAULT_WORDS, faultName } from '../../schema/abi/faults.ts';
import { ERROR } from '../../schema/abi/errors.ts';
import type { MessageInfo } from '../../schema/abi/message-info.ts';
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import { lanesToBigInt, lanesToHex } from '../../schema/abi/word.ts';
import type { NamedValue } from '../../schema/api/index.ts';
import { decodeReply } from '../../schema/idl/describe.ts';

/** Words of a CapFault before those of its lookup failure, which have the form of a FailedLookup error's. */
const CAP_FAULT_LOOKUP = 3;

/** What a fault message says; `count` of its words are known. */
export function decodeFault(scheduling: Scheduling, tag: MessageInfo, words: Uint32Array, count: number): { summary: string; fields: NamedValue[] } {
  const name = faultName(scheduling, tag.label);
  const length = Math.min(tag.length, count);
  if (name === undefined) return { summary: `label ${tag.label} is no fault of this kernel`, fields: [] };
  const names = name === 'CapFault' ? FAULT_WORDS.CapFault.slice(0, CAP_FAULT_LOOKUP) : FAULT_WORDS[name];
  const fields = names.map((word, i) => wordValue(word, words, i, length));
  if (name === 'CapFault') fields.push(...lookupFailure(words, length));
  return { summary: name, fields };
}

function lookupFailure(words: Uint32Array, length: number): NamedValue[] {
  // A FailedLookup payload has one word (wasSource) before the type, where the fault has the phase.
  const skip = CAP_FAULT_LOOKUP - 1;
  const tag: MessageInfo = { label: ERROR.FailedLookup, length: Math.max(0, length - skip), extraCaps: 0, capsUnwrapped: 0 };
  return decodeReply(undefined, tag, words.subarray(2 * skip), tag.length).fields.slice(1);
}

function wordValue(name: string, words: Uint32Array, index: number, length: number): NamedValue {
  if (index >= length) return { name, type: '', decimal: '', hex: '', note: `missing: the message has ${length} words` };
  const lo = words[2 * index]!;
  const hi = words[2 * index + 1]!;
  return { name, type: '', decimal: lanesToBigInt(lo, hi).toString(), hex: lanesToHex(lo, hi), note: '' };
}
