// SPDX-License-Identifier: BSD-2-Clause
/** Rules over the memory that the kernel touches: IPC buffers, and what it must never touch. */
import { BUFFER_KINDS, BUFFER_RW } from '../abi/ipc-buffer.ts';
import { lanesToHex } from '../abi/word.ts';
import { STRAY, type TrapRecord } from '../trace/trap-record.ts';
import { TRIGGER, type RuleInfo, type TraceRule } from './rule.ts';
import { anyBufferWord } from './written.ts';

const bufferRights: RuleInfo = {
  id: 'B01', name: 'buffer-rights', severity: 'error',
  title: 'The kernel wrote an IPC buffer that it must not write',
  explanation:
    'The thread had no IPC buffer in memory that the kernel may write: it has none, or the frame is read-only or a device. ' +
    'A write there changes memory behind a read-only mapping, or brings the kernel down. ' +
    'Use the buffer lookup for receivers, not the one for senders, before storing words.',
  references: ['seL4#1435', 'fa9de32c8', '1ed63eebe', 'eb04d84e2', '90dafb2e7'],
};
export const B01: TraceRule = {
  info: bufferRights, on: TRIGGER.bufferWrite,
  check({ record, run }, report) {
    if (record.bufferKind === BUFFER_RW && record.stray !== STRAY.deniedBuffer) return;
    const denied = deniedReceiver(record);
    if (denied === 0) return;
    const kind = denied === record.thread ? BUFFER_KINDS[record.bufferKind] ?? 'unknown' : 'not one that the kernel may write';
    report(bufferRights, `IPC buffer words were written, but the buffer of ${run.describe(denied)} is ${kind}.`, denied);
  },
};

/** Receiver of buffer words that has no buffer for them: the invoker, or another thread if the host saw that; else 0. */
function deniedReceiver(record: TrapRecord): number {
  let other = 0;
  for (let i = 0; i < record.deliveryCount; i++) {
    const { thread, bufferWords } = record.deliveries[i]!;
    if (!anyBufferWord(bufferWords)) continue;
    if (thread !== record.thread) other ||= thread;
    else if (record.bufferKind !== BUFFER_RW) return thread;
  }
  return record.stray === STRAY.deniedBuffer ? other : 0;
}

const bufferOwner: RuleInfo = {
  id: 'B02', name: 'buffer-owner', severity: 'error',
  title: 'The kernel wrote a message word outside the buffer of its receiver',
  explanation:
    'Message words belong into the frame that was installed as the IPC buffer of the receiver, at the offset of the buffer address. ' +
    'This one went to other memory that user code can have: another thread finds a word that nobody sent it, and the receiver misses one. ' +
    'Look up the buffer of the thread that is answered, not of the one that runs, and look it up again after anything that may replace it.',
  references: ['seL4#1435', '90dafb2e7', 'manual: IPC Buffer'],
};
/**
 * The model knows where each word was to go. A host of a kernel image sees stores to the memory of user frames and takes those
 * for strays that are in no IPC buffer and clear no memory; of a store into the wrong buffer it makes a delivery to the owner, see N03.
 */
export const B02: TraceRule = {
  info: bufferOwner, on: TRIGGER.stray | TRIGGER.bufferWrite,
  check({ record, run }, report) {
    if (record.stray !== STRAY.foreignMemory) return;
    const thread = receiverOfWords(record);
    const whose = thread === 0 ? 'A word of user memory' : `A message word for ${run.describe(thread)}`;
    report(bufferOwner, `${whose} was written${place(record)}, outside the IPC buffer that it belongs to.`, thread === 0 ? record.thread : thread);
  },
};

function receiverOfWords(record: TrapRecord): number {
  for (let i = 0; i < record.deliveryCount; i++) {
    const { thread, bufferWords } = record.deliveries[i]!;
    if (anyBufferWord(bufferWords)) return thread;
  }
  return 0;
}

const nullAccess: RuleInfo = {
  id: 'B03', name: 'null-access', severity: 'error',
  title: 'The kernel accessed an address of user code',
  explanation:
    'The kernel keeps all it works with in its own part of the address space, so it never reads or writes at an address that user code can have, ' +
    'and least of all near 0. Such an address is a pointer that was not set or not checked: an object without the thread, buffer or scheduling ' +
    'context that this operation takes for granted. It reads whatever the running thread has mapped there, or stops. ' +
    'Look up the given kernel pc in the disassembly of the image, and check what that function follows before it does.',
  references: ['d26f1ff4d', 'seL4#1199'],
  decidedBy: ['image'],
};
export const B03: TraceRule = {
  info: nullAccess, on: TRIGGER.stray,
  check({ record }, report) {
    if (record.stray !== STRAY.userAddress) return;
    const isNull = record.strayAddressHi === 0 && record.strayAddressLo < PAGE;
    report(nullAccess, `The kernel followed ${isNull ? 'a null pointer' : 'a pointer to user memory'}${place(record, true)}.`);
  },
};

const PAGE = 4096;

/** Where it was, as far as that is known. Address 0 is one where the access is virtual. */
function place(record: TrapRecord, zeroIsAddress = false): string {
  const { strayAddressLo, strayAddressHi, strayPcLo, strayPcHi } = record;
  const at = zeroIsAddress || (strayAddressLo | strayAddressHi) !== 0 ? ` at ${lanesToHex(strayAddressLo, strayAddressHi)}` : '';
  return (strayPcLo | strayPcHi) === 0 ? at : `${at} (kernel pc ${lanesToHex(strayPcLo, strayPcHi)})`;
}
