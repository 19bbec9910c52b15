// SPDX-License-Identifier: BSD-2-Clause
/** The request of an invocation, decoded for error messages. */
import { IPC_BUFFER } from '../../schema/abi/ipc-buffer.ts';
import { tagLength } from '../../schema/abi/message-info.ts';
import { MESSAGE_REGISTERS } from '../../schema/abi/registers.ts';
import { lanesToBigInt } from '../../schema/abi/word.ts';
import type { Method, Parameter } from '../../schema/idl/model.ts';
import type { ReplyFacts } from '../../schema/rules/reply-facts.ts';

export interface KernelRequest {
  /** The invoked capability. */
  readonly cptr: bigint;
  /** Arguments by their names in the interface, in the order of the interface; structures are left out. */
  readonly arguments: ReadonlyMap<string, bigint>;
}

/**
 * Decodes the request that `facts` remembers. Words beyond the registers are read from the buffer, where a reply of
 * `replyLength` words may have overwritten them: those are left out.
 */
export function requestOf(method: Method, facts: ReplyFacts, buffer: Uint32Array | undefined, replyLength: number): KernelRequest {
  const requestLength = tagLength(facts.requestTagLo);
  const values = new Map<string, bigint>();
  for (const parameter of method.parameters) {
    const { word } = parameter;
    if (parameter.words !== 1 || word >= requestLength) continue;
    if (word < MESSAGE_REGISTERS) values.set(parameter.name, field(facts.requestWords, word, parameter));
    else if (buffer !== undefined && word >= replyLength) values.set(parameter.name, field(buffer, IPC_BUFFER.msg + word, parameter));
  }
  for (const { name, index } of method.capParameters) {
    if (buffer !== undefined) values.set(name, wordOf(buffer, IPC_BUFFER.capsOrBadges + index));
  }
  const ordered = method.order.flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { cptr: lanesToBigInt(facts.cptrLo, facts.cptrHi), arguments: new Map(ordered) };
}

/** E.g. `capability 0x12, priority=300, authority=1`. */
export function describeRequest(request: KernelRequest): string {
  const args = [...request.arguments].map(([name, value]) => `${name}=${value < 0x1_0000n ? value : `0x${value.toString(16)}`}`);
  return [`capability 0x${request.cptr.toString(16)}`, ...args].join(', ');
}

function wordOf(lanes: Uint32Array, index: number): bigint {
  return lanesToBigInt(lanes[2 * index]!, lanes[2 * index + 1]!);
}

function field(lanes: Uint32Array, index: number, { bit, bits }: Parameter): bigint {
  return BigInt.asUintN(bits, wordOf(lanes, index) >> BigInt(bit));
}
