// SPDX-License-Identifier: BSD-2-Clause
/** One record in full, as `GET /api/runs/:run/records/:seq` gives it: decoded, named, beside the method's contract. */
import { Type, type Static } from 'typebox';
import { DeliveryName, HexWord, Natural, SeveritySchema, SubjectRef, ThreadStateSchema, VirtualTime } from './common.ts';
import { MethodDetail } from './interfaces.ts';
import { RecordRow } from './records.ts';

/** A message-info word, taken apart. */
export const TagDetail = Type.Object({
  word: HexWord,
  label: Natural,
  length: Natural,
  extraCaps: Natural,
  capsUnwrapped: Natural,
});
export type TagDetail = Static<typeof TagDetail>;

/** A value of a message with its name, as `idl/describe.ts` decodes it. */
export const NamedValue = Type.Object({
  /** Parameter; `regs.pc` for a member of a structure. */
  name: Type.String(),
  /** Type as in the interface files; empty when there is none. */
  type: Type.String(),
  /** Unsigned decimal and `0x…`; both empty when the message has no such word. */
  decimal: Type.String(),
  hex: Type.String(),
  /** What the value means, or that it is missing; otherwise empty. */
  note: Type.String(),
});
export type NamedValue = Static<typeof NamedValue>;

export const RequestDetail = Type.Object({
  cptr: HexWord,
  tag: TagDetail,
  /** Words as sent: registers, then buffer. */
  words: Type.Array(HexWord),
  /** Extra caps as capability pointers. */
  caps: Type.Array(HexWord),
  /** Decoded arguments in the order of the interface; empty when the trap has no method. */
  parameters: Type.Array(NamedValue),
  /** Reply register at entry (MCS). */
  reply: HexWord,
  /** What the kernel may do with the invoker's IPC buffer. */
  buffer: Type.Enum(['none', 'readOnly', 'readWrite'] as const),
});
export type RequestDetail = Static<typeof RequestDetail>;

/** What one thread was given in this trap. */
export const DeliveryDetail = Type.Object({
  kind: DeliveryName,
  thread: SubjectRef,
  /** The trap that this answers: this record's own number for a direct reply, 0 for none. */
  answers: Natural,
  badge: HexWord,
  tag: TagDetail,
  words: Type.Array(HexWord),
  /** Context slots really written, by register name. */
  writtenRegisters: Type.Array(Type.String()),
  /** IPC buffer words really written, by index. */
  writtenBufferWords: Type.Array(Natural),
  /** Error of a kernel reply, with its payload as `values`; null for success and for other deliveries. */
  error: Type.Union([Type.String(), Type.Null()]),
  /** One line: `success`, `RangeError: allowed is 1 to 64`, `VMFault`; empty for messages between threads. */
  summary: Type.String(),
  /** What the interface says about this error; may be empty. */
  explanation: Type.String(),
  /** Out-parameters, error payload or fault words, with names; empty when nothing is known of them. */
  values: Type.Array(NamedValue),
});
export type DeliveryDetail = Static<typeof DeliveryDetail>;

/** One write of a thread's state, in the order in which the kernel made them. */
export const TransitionDetail = Type.Object({
  thread: SubjectRef,
  from: ThreadStateSchema,
  to: ThreadStateSchema,
  /** At kernel exit the thread, resumed by Restart, would trap again. */
  pcBehind: Type.Boolean(),
  /** The thread was destroyed in this trap. */
  destroyed: Type.Boolean(),
  /** A fault of the thread waits for an answer, or was left behind. */
  faultRecorded: Type.Boolean(),
  /** The thread waits for a reply that nothing can give any more. */
  orphaned: Type.Boolean(),
  /** The thread stands in a queue of the scheduler where it does not belong. */
  misqueued: Type.Boolean(),
});
export type TransitionDetail = Static<typeof TransitionDetail>;

/** An access of the kernel to memory that it has no business with. */
export const StrayDetail = Type.Object({
  kind: Type.Enum(['deniedBuffer', 'foreignMemory', 'userAddress'] as const),
  /** Virtual for `userAddress`, else physical; 0x0 where the host does not know, as for the pc. */
  address: HexWord,
  /** Of the kernel. */
  pc: HexWord,
});
export type StrayDetail = Static<typeof StrayDetail>;

/** An anomaly with the text of its rule. */
export const ExplainedAnomaly = Type.Object({
  id: Natural,
  rule: Type.String(),
  title: Type.String(),
  severity: SeveritySchema,
  thread: SubjectRef,
  detail: Type.String(),
  fingerprint: Type.String(),
  explanation: Type.String(),
  references: Type.Array(Type.String()),
});
export type ExplainedAnomaly = Static<typeof ExplainedAnomaly>;

export const RecordDetail = Type.Object({
  run: Type.String(),
  configuration: Type.String(),
  row: RecordRow,
  exitTime: VirtualTime,
  thread: SubjectRef,
  /** Object behind the invoked capability; id 0 for none. */
  object: SubjectRef,
  request: RequestDetail,
  /** The invoked method with its contract, or null. */
  method: Type.Union([MethodDetail, Type.Null()]),
  deliveries: Type.Array(DeliveryDetail),
  transitions: Type.Array(TransitionDetail),
  /** Every touched thread: its state before the trap's first write of it and after the last. */
  states: Type.Array(Type.Object({ thread: SubjectRef, before: ThreadStateSchema, after: ThreadStateSchema })),
  /** Who runs next, in which state. */
  next: Type.Object({ thread: SubjectRef, state: ThreadStateSchema }),
  pcBefore: HexWord,
  pcAfter: HexWord,
  /** Flags of the record that are set, by name. */
  flags: Type.Array(Type.Enum(['pcAdvanced', 'yieldPending', 'invokerDestroyed', 'nextHasSchedContext', 'refusedWithEffect', 'registersOnly'] as const)),
  /** Fault raised by the invoker, or null. */
  fault: Type.Union([Type.String(), Type.Null()]),
  /** MCS: time charged at entry and what is left of the head refill at exit, ns. */
  consumed: VirtualTime,
  budget: VirtualTime,
  /** The first such access of the trap, or null for none. */
  stray: Type.Union([StrayDetail, Type.Null()]),
  anomalies: Type.Array(ExplainedAnomaly),
}, { $id: 'RecordDetail' });
export type RecordDetail = Static<typeof RecordDetail>;
