// SPDX-License-Identifier: BSD-2-Clause
import { KernelError, type Capability, type MethodDescriptor, type RootTask } from 'sel4scope';
import { ERRORS, type ErrorName } from 'sel4scope/schema';

/** System calls that can invoke a method. */
export type InvokingSyscall = 'Call' | 'Send' | 'NBSend';

/** The kernel did not do what the case expects. */
export class ExpectationError extends Error {
  override readonly name = 'ExpectationError';
}

/**
 * Sends the requests of one case by one system call. A reply is owed only to a Call: there the kernel's answer is
 * compared with what the case expects. By Send and NBSend the request is the same and nothing may come back.
 */
export class Auditor {
  readonly task: RootTask;
  readonly syscall: InvokingSyscall;
  /** Methods invoked, by id. */
  readonly invoked = new Set<string>();
  invocations = 0;
  private irq: number;

  /** @param firstIrq first interrupt line that the cases may take */
  constructor(task: RootTask, syscall: InvokingSyscall, firstIrq: number) {
    this.task = task;
    this.syscall = syscall;
    this.irq = firstIrq;
  }

  /** An interrupt line without a handler: each is handed out once. */
  freeIrq(): number {
    return this.irq++;
  }

  /** Sends a request that the kernel must accept. */
  async accepted<C extends Capability, A extends readonly unknown[], R>(cap: C, method: MethodDescriptor<C, A, R>, ...args: A): Promise<void> {
    const error = await this.send(cap, method, args);
    if (error !== undefined) throw new ExpectationError(`${method.id} was refused: ${error.message}`);
  }

  /** Sends a request that the kernel must refuse with this error. */
  async refused<C extends Capability, A extends readonly unknown[], R>(expected: ErrorName, cap: C, method: MethodDescriptor<C, A, R>, ...args: A): Promise<void> {
    const error = await this.send(cap, method, args);
    const got = error === undefined ? 'success' : ERRORS[error.label];
    if (this.syscall === 'Call' && got !== expected) throw new ExpectationError(`${method.id}: expected ${expected}, got ${got}`);
  }

  private async send<C extends Capability, A extends readonly unknown[], R>(cap: C, method: MethodDescriptor<C, A, R>, args: A): Promise<KernelError | undefined> {
    this.invoked.add(method.id);
    this.invocations++;
    if (this.syscall !== 'Call') {
      await cap.invokeBy(this.syscall, method, ...args);
      return undefined;
    }
    try {
      await cap.invokeBy('Call', method, ...args);
      return undefined;
    } catch (error) {
      if (error instanceof KernelError) return error;
      throw error;
    }
  }
}

/** One situation in which a method is invoked. */
export interface AuditCase {
  readonly title: string;
  readonly run: (audit: Auditor) => Promise<void>;
}
