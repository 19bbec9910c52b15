// SPDX-License-Identifier: BSD-2-Clause
/** What a thread asks of the kernel with a system call, read from its registers and IPC buffer at kernel entry. */
import {
  BUFFER_NONE, IPC_BUFFER, MESSAGE_REGISTERS, MSG_MAX_LENGTH, ROLE, SYSCALL_NUMBERS, tagExtraCaps, tagLength,
} from '../../schema/abi/index.ts';
import type { ApiSyscall, Scheduling } from '../../schema/abi/index.ts';
import type { TrapRecord } from '../../schema/trace/trap-record.ts';

/** What a system call does with its registers. */
export const USE = Object.freeze({
  /** It sends the message that tag and message registers hold; without it those are leftovers. */
  message: 1,
  /** It names a reply object in the reply register (MCS). */
  reply: 2,
  /** It is MCS ReplyRecv: the send half invokes the reply register, the receive half the capability register. */
  replyRecv: 4,
  /** The capability of the send half is in the reply register (NBSendWait), or in a register of its own (NBSendRecv). */
  destInReply: 8,
  destInOwn: 16,
});

const USES: Record<Scheduling, Partial<Record<ApiSyscall, number>>> = {
  mcs: {
    Call: USE.message, Send: USE.message, NBSend: USE.message, ReplyRecv: USE.message | USE.reply | USE.replyRecv,
    NBSendRecv: USE.message | USE.reply | USE.destInOwn, NBSendWait: USE.message | USE.destInReply, Recv: USE.reply, NBRecv: USE.reply,
  },
  classic: { Call: USE.message, Send: USE.message, NBSend: USE.message, ReplyRecv: USE.message, Reply: USE.message },
};

/** Bits of {@link USE} by negated system call number. */
export function usesOf(scheduling: Scheduling): Uint8Array {
  const numbers = SYSCALL_NUMBERS[scheduling];
  const uses = new Uint8Array(1 - Math.min(...Object.values(numbers)));
  for (const [name, use] of Object.entries(USES[scheduling])) uses[-numbers[name as ApiSyscall]!] = use;
  return uses;
}

/** The system call number in a thread's registers; 0 for a value that is no 32-bit integer, which no system call has. */
export function syscallNumberIn(lanes: Uint32Array): number {
  const number = lanes[2 * ROLE.syscall]! | 0;
  return lanes[2 * ROLE.syscall + 1]! === number >> 31 >>> 0 ? number : 0;
}

/** Fills the request part of a record. `buffer` are the lanes of the invoker's IPC buffer; `bufferKind` must be filled. */
export function readRequest(record: TrapRecord, lanes: Uint32Array, use: number, buffer: Uint32Array | undefined): void {
  const capRegister = use & USE.destInOwn ? ROLE.nbSendRecvDest : use & USE.destInReply ? ROLE.reply : ROLE.cap;
  record.cptrLo = lanes[2 * capRegister]!;
  record.cptrHi = lanes[2 * capRegister + 1]!;
  record.tagLo = lanes[2 * ROLE.tag]!;
  record.tagHi = lanes[2 * ROLE.tag + 1]!;
  if (use & USE.reply) {
    record.replyLo = lanes[2 * ROLE.reply]!;
    record.replyHi = lanes[2 * ROLE.reply + 1]!;
  }
  if ((use & USE.message) === 0) return;
  const usable = record.bufferKind === BUFFER_NONE ? undefined : buffer;
  record.wordCount = readWords(record.words, Math.min(tagLength(record.tagLo), MSG_MAX_LENGTH), lanes, usable);
  if (usable === undefined) return;
  record.capCount = tagExtraCaps(record.tagLo);
  for (let i = 0; i < 2 * record.capCount; i++) record.caps[i] = usable[2 * IPC_BUFFER.capsOrBadges + i]!;
}

/** Copies the first words of a message out of registers and buffer; returns how many there were to be had. */
export function readWords(words: Uint32Array, count: number, lanes: Uint32Array, buffer: Uint32Array | undefined): number {
  const inRegisters = Math.min(count, MESSAGE_REGISTERS);
  for (let i = 0; i < 2 * inRegisters; i++) words[i] = lanes[2 * ROLE.mr0 + i]!;
  if (count <= MESSAGE_REGISTERS || buffer === undefined) return inRegisters;
  for (let i = 2 * MESSAGE_REGISTERS; i < 2 * count; i++) words[i] = buffer[2 * IPC_BUFFER.msg + i]!;
  return count;
}
