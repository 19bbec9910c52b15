// SPDX-License-Identifier: BSD-2-Clause
/** Who used which object how. */
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import { SYSCALL_NUMBERS, type Scheduling } from '../../../schema/abi/syscalls.ts';
import { SYSCALL_CLASS, syscallClasses } from '../../../schema/rules/syscall-class.ts';

/** Last record in which a thread used an object in a way, 0 for never. */
export interface Use {
  readonly thread: number;
  /** Sent a message, signalled, answered. */
  sent: number;
  /** Received or waited. */
  received: number;
  /** Invoked it as a kernel object: TCBs only. */
  invoked: number;
}

export class Uses {
  /** By object and thread. */
  private readonly uses = new Map<number, Map<number, Use>>();
  private readonly classes: Uint8Array;
  private readonly replyRecv: number;
  size = 0;

  constructor(scheduling: Scheduling) {
    this.classes = syscallClasses(scheduling);
    this.replyRecv = SYSCALL_NUMBERS[scheduling].ReplyRecv!;
  }

  of(object: number): Use[] {
    return [...this.uses.get(object)?.values() ?? []];
  }

  /** The last of several traps by which a thread used an object in the same way. */
  add(object: number, capType: number, thread: number, syscall: number, seq: number): void {
    if (capType === CAP_TYPE.Thread) {
      const use = this.use(object, thread);
      use.invoked = Math.max(use.invoked, seq);
    } else if (capType === CAP_TYPE.Endpoint || capType === CAP_TYPE.Notification) {
      const use = this.use(object, thread);
      if (this.isReceive(syscall)) use.received = Math.max(use.received, seq);
      else use.sent = Math.max(use.sent, seq);
    }
  }

  snapshot(): number[][] {
    const rows: number[][] = [];
    for (const [object, users] of this.uses) for (const { thread, sent, received, invoked } of users.values()) rows.push([object, thread, sent, received, invoked]);
    return rows;
  }

  /** Takes what a snapshot says in place of nothing. */
  restore(rows: readonly (readonly number[])[]): void {
    for (const [object, thread, sent, received, invoked] of rows) Object.assign(this.use(object!, thread!), { sent, received, invoked });
  }

  private use(object: number, thread: number): Use {
    let users = this.uses.get(object);
    if (users === undefined) this.uses.set(object, (users = new Map<number, Use>()));
    let use = users.get(thread);
    if (use === undefined) {
      users.set(thread, (use = { thread, sent: 0, received: 0, invoked: 0 }));
      this.size++;
    }
    return use;
  }

  /** Of the combined system calls, ReplyRecv names the object that it receives from, the others the one that they send to. */
  private isReceive(syscall: number): boolean {
    const kind = this.classes[-syscall] ?? SYSCALL_CLASS.none;
    return kind === SYSCALL_CLASS.receive || kind === SYSCALL_CLASS.nbReceive || syscall === this.replyRecv;
  }
}
