// SPDX-License-Identifier: BSD-2-Clause
import { fromWordLike, lanesToBigInt, lanesToHex, type WordLike } from '../../schema/abi/word.ts';
import type { MethodDescriptor } from './method-descriptor.ts';
import type { ThreadRuntime } from './thread-runtime.ts';

/** A capability argument: a typed capability, or a capability pointer. 0 is the null capability. */
export type CapabilityRef = Capability | WordLike;

/**
 * A capability as one thread names it: a capability pointer in the thread's CSpace, with the runtime of that thread.
 * An invocation uses the registers and IPC buffer of that thread; {@link Capability.on} gives the same capability to
 * another thread that shares the CSpace.
 */
export abstract class Capability {
  readonly runtime: ThreadRuntime;
  /** Low lane of the capability pointer. */
  readonly cptrLo: number;
  /** High lane of the capability pointer. */
  readonly cptrHi: number;

  /** Throws a RangeError when `cptr` is not a 64-bit word. */
  constructor(runtime: ThreadRuntime, cptr: WordLike) {
    const { lo, hi } = fromWordLike(cptr);
    this.runtime = runtime;
    this.cptrLo = lo;
    this.cptrHi = hi;
  }

  /** The capability pointer. */
  get cptr(): bigint {
    return lanesToBigInt(this.cptrLo, this.cptrHi);
  }

  /** The same capability for another thread of the same CSpace. */
  on(thread: { readonly runtime: ThreadRuntime }): this {
    const constructor = this.constructor as new (runtime: ThreadRuntime, cptr: WordLike) => this;
    return new constructor(thread.runtime, this.cptr);
  }

  /** Tells observers a name for the object behind this capability. No effect on the kernel. */
  hint(name: string): this {
    this.runtime.context.hint(this.cptr, name);
    return this;
  }

  /**
   * Sends the request of any method of this capability by a system call of your choice, e.g.
   * `await tcb.invokeBy('Send', TCB.methods.setPriority, authority, 10)`.
   *
   * `Call` gives the method's result or throws its kernel error. `Send` and `NBSend` owe no reply: they resolve once
   * the thread runs again and nothing was found to be delivered to it.
   */
  invokeBy<A extends readonly unknown[], R>(syscall: 'Call', method: MethodDescriptor<this, A, R>, ...args: A): Promise<R>;
  invokeBy<A extends readonly unknown[], R>(syscall: 'Send' | 'NBSend', method: MethodDescriptor<this, A, R>, ...args: A): Promise<void>;
  async invokeBy<A extends readonly unknown[], R>(
    syscall: 'Call' | 'Send' | 'NBSend', method: MethodDescriptor<this, A, R>, ...args: A
  ): Promise<R | void> {
    const runtime = this.runtime;
    method.put(this, ...args);
    const blocked = runtime.invoke(syscall);
    if (blocked !== undefined) await blocked;
    if (syscall !== 'Call') return runtime.finishSend(method.label);
    if (runtime.finishCall(method.label) !== 0) throw runtime.kernelError();
    return method.result(runtime);
  }

  /** Class and capability pointer, e.g. `TCB(0x1)`. */
  toString(): string {
    return `${this.constructor.name}(${lanesToHex(this.cptrLo, this.cptrHi)})`;
  }
}
