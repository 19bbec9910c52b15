// SPDX-License-Identifier: BSD-2-Clause
import { BUFFER_NONE, BUFFER_RO, BUFFER_RW, IPC_BUFFER } from '../../schema/abi/ipc-buffer.ts';
import { MSG_MAX_LENGTH, tagLength } from '../../schema/abi/message-info.ts';
import { MESSAGE_REGISTERS } from '../../schema/abi/registers.ts';
import type { Method } from '../../schema/idl/model.ts';
import { createReplyFacts, type ReplyFacts } from '../../schema/rules/reply-facts.ts';
import { checkReply } from '../../schema/rules/reply.ts';
import type { Report, RuleInfo } from '../../schema/rules/rule.ts';
import { CAP, MR0, MR_END, TAG } from './lanes.ts';
import type { ReplyMonitor } from './reply-policy.ts';
import type { UserContext } from './user-context.ts';

/**
 * The reply check of one thread: remembers the request of an invocation, then runs the reply rules on what the
 * thread sees at return. A stub does not see which registers the kernel wrote, only which ones changed.
 */
export class ReplyCheck {
  /** The last request and reply. Filled again for every invocation. */
  readonly facts: ReplyFacts;
  private readonly context: UserContext;
  private readonly monitor: ReplyMonitor;
  /** Live view of the message registers: the words of a reply that has no more. */
  private readonly messageRegisters: Uint32Array;
  private readonly longReply = new Uint32Array(2 * MSG_MAX_LENGTH);
  private found: { rule: RuleInfo; detail: string }[] = [];
  private readonly report: Report = (rule, detail) => { this.found.push({ rule, detail }); };

  constructor(context: UserContext, monitor: ReplyMonitor) {
    this.context = context;
    this.monitor = monitor;
    this.messageRegisters = context.registers.subarray(MR0, MR_END);
    this.facts = createReplyFacts();
    // The registers before the trap are the first words of the request.
    this.facts.registersBefore = this.facts.requestWords;
  }

  /** Remembers the request that the registers hold, before the trap. */
  remember(): void {
    const registers = this.context.registers;
    const facts = this.facts;
    facts.cptrLo = registers[CAP]!;
    facts.cptrHi = registers[CAP + 1]!;
    facts.requestTagLo = registers[TAG]!;
    facts.requestTagHi = registers[TAG + 1]!;
    const request = facts.requestWords;
    for (let i = 0; i < 2 * MESSAGE_REGISTERS; i++) request[i] = registers[MR0 + i]!;
    facts.requestWordCount = Math.min(tagLength(facts.requestTagLo), MESSAGE_REGISTERS);
  }

  /** Runs the reply rules. Throws a {@link ReplyAnomalyError} under the policy `throw` if there is a finding. */
  check(method: Method, isCall: boolean): void {
    const registers = this.context.registers;
    const facts = this.facts;
    facts.isCall = isCall;
    facts.method = method;
    facts.outWordsRead = method.contract.length === 'fixed' ? method.contract.outWords : 0;
    facts.badgeLo = registers[CAP]!;
    facts.badgeHi = registers[CAP + 1]!;
    facts.tagLo = registers[TAG]!;
    facts.tagHi = registers[TAG + 1]!;
    this.showWords(method, isCall);
    this.monitor.checked++;
    checkReply(facts, this.report);
    if (this.found.length === 0) return;
    const found = this.found;
    this.found = [];
    this.monitor.handle(found, method.id);
  }

  private showWords(method: Method, isCall: boolean): void {
    const facts = this.facts;
    facts.words = this.messageRegisters;
    facts.wordCount = MESSAGE_REGISTERS;
    // Hosts make the buffer's view on demand, and where neither reply nor contract goes beyond the registers no rule asks for it.
    const inRegisters = facts.tagHi === 0 && facts.tagLo <= MESSAGE_REGISTERS && method.contract.outWords <= MESSAGE_REGISTERS;
    if (!isCall || inRegisters) return;
    const { ipcBuffer, ipcBufferWritable } = this.context;
    if (ipcBuffer === undefined) {
      facts.bufferKind = BUFFER_NONE;
      return;
    }
    facts.bufferKind = ipcBufferWritable ? BUFFER_RW : BUFFER_RO;
    const count = Math.min(tagLength(facts.tagLo), MSG_MAX_LENGTH);
    if (count <= MESSAGE_REGISTERS) return;
    this.longReply.set(this.messageRegisters);
    for (let i = 2 * MESSAGE_REGISTERS; i < 2 * count; i++) this.longReply[i] = ipcBuffer[2 * IPC_BUFFER.msg + i]!;
    facts.words = this.longReply;
    facts.wordCount = count;
  }
}
