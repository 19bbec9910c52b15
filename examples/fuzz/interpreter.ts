// SPDX-License-Identifier: BSD-2-Clause
/** The user program that does what a {@link FuzzProgram} says. */
import {
  CapRights, Endpoint, KernelError, MarshalError, Message, mapFrame, type Capability, type ClassicRootTask, type ClassicThread, type MethodDescriptor,
  type RootTask, type Thread, type ThreadRuntime, type WordLike,
} from 'sel4scope';
import type { Scheduling } from 'sel4scope/schema';
import * as classicStubs from 'sel4scope/stubs/riscv64-classic';
import * as mcsStubs from 'sel4scope/stubs/riscv64-mcs';
import { setAlarm } from './alarms.ts';
import { NOWHERE, SCENE, SLOTS, known, sceneOf, type Argument, type FuzzProgram, type MessageValue, type Ref, type Step } from './program.ts';

export type FuzzTask = RootTask | ClassicRootTask;
type FuzzThread = Thread | ClassicThread;
type CapabilityClass = new (runtime: ThreadRuntime, cptr: WordLike) => Capability;

/** A method as the stubs offer it. */
export interface StubMethod {
  readonly className: string;
  readonly type: CapabilityClass;
  /** Name of the method of the class, e.g. `setPriority`. */
  readonly name: string;
  readonly descriptor: MethodDescriptor<Capability, readonly Argument[], unknown>;
}

/** The methods of a configuration by id. */
export const STUB_METHODS: Readonly<Record<Scheduling, ReadonlyMap<string, StubMethod>>> = {
  mcs: methodsIn(mcsStubs), classic: methodsIn(classicStubs),
};

function methodsIn(stubs: object): Map<string, StubMethod> {
  const methods = new Map<string, StubMethod>();
  for (const [className, type] of Object.entries(stubs) as [string, CapabilityClass & { readonly methods?: Record<string, StubMethod['descriptor']> }][]) {
    for (const [name, descriptor] of Object.entries(type.methods ?? {})) methods.set(descriptor.id, { className, type, name, descriptor });
  }
  return methods;
}

export interface InterpreterHooks {
  /** Everything is set up; the steps follow. */
  readonly started?: () => void;
  /** Steps that all threads together may do: a thread that is started again does its steps again. */
  readonly stepLimit: number;
}

/**
 * Sets up the scene and the workers, and does the steps of the root task; then it suspends itself, and the workers go
 * on. A worker that is through returns, which is a fault.
 */
export async function interpret(task: FuzzTask, program: FuzzProgram, hooks: InterpreterHooks): Promise<void> {
  const interpreter = new Interpreter(task, program, hooks);
  await interpreter.setUp();
  hooks.started?.();
  await interpreter.steps(task, 0);
  await task.tcb.trySuspend();
}

class Interpreter {
  private readonly task: FuzzTask;
  private readonly program: FuzzProgram;
  private readonly methods: ReadonlyMap<string, StubMethod>;
  private readonly cptrs = new Map<Ref, WordLike>([['null', 0], ['nowhere', NOWHERE]]);
  private stepsLeft: number;

  constructor(task: FuzzTask, program: FuzzProgram, hooks: InterpreterHooks) {
    this.task = task;
    this.program = program;
    this.methods = STUB_METHODS[program.scheduling];
    this.stepsLeft = hooks.stepLimit;
  }

  /** What a root task of either configuration can do. */
  private get anyTask(): RootTask {
    return this.task as RootTask;
  }

  async setUp(): Promise<void> {
    const { program, cptrs } = this;
    const task = this.anyTask;
    const slots = task.slots.allocateRange(SLOTS);
    for (let i = 0; i < SLOTS; i++) cptrs.set(`slot${i}`, slots + i);
    for (const name of sceneOf(program)) cptrs.set(name, await this.make(name));
    for (let i = 1; i <= program.workers.length; i++) await this.startWorker(i);
    // Workers run before this returns, and may have written the registers that it returns in.
    await task.tcb.trySetPriority(task.tcb, program.rootPriority);
  }

  private async make(name: Ref): Promise<WordLike> {
    const task = this.anyTask;
    const source = SCENE[this.program.scheduling][name]!;
    switch (source.from) {
      case 'boot': return source.cptr(task.bootInfo);
      case 'mint': return (await task.mint(new Endpoint(task.runtime, this.cptr(source.of)), source.badge, rights(source.rights))).cptr;
      case 'irq': {
        const handler = await task.irqHandler(source.irq);
        await handler.setNotification(this.cptr(source.notification));
        return handler.cptr;
      }
      case 'device': {
        const frame = await task.devices.frame(BigInt(source.paddr));
        await mapFrame(frame, task.vspace, source.address, CapRights.readWrite, task.untyped);
        return frame.cptr;
      }
      case 'untyped': {
        const options = { name, ...(source.sizeBits === undefined ? {} : { sizeBits: source.sizeBits }) };
        return (await task.untyped.create(source.type, options)).cptr;
      }
    }
  }

  private async startWorker(number: number): Promise<void> {
    const { faultEndpoint, timeoutEndpoint, ...spec } = this.program.workers[number - 1]!;
    const options = { name: `worker${number}`, suspendAtEnd: false, ...spec, faultEndpoint: this.cptr(faultEndpoint) };
    const run = (self: FuzzThread): Promise<void> => this.steps(self, number);
    if (this.program.scheduling === 'classic') {
      const { tcb } = await (this.task as ClassicRootTask).startThread({ ...options, run });
      this.cptrs.set(`worker${number}`, tcb.cptr);
    } else {
      const { tcb, schedContext } = await (this.task as RootTask).startThread({ ...options, run, timeoutEndpoint: this.cptr(timeoutEndpoint) });
      this.cptrs.set(`worker${number}`, tcb.cptr).set(`context${number}`, schedContext.cptr);
    }
  }

  /** Does the steps of one thread. What the kernel or the stubs refuse is part of the game. */
  async steps(self: FuzzThread, thread: number): Promise<void> {
    for (const step of this.program.steps) {
      if (step.thread !== thread) continue;
      if (this.stepsLeft-- <= 0) return;
      try {
        await this.perform(self, step);
      } catch (error) {
        if (!(error instanceof KernelError || error instanceof MarshalError)) throw error;
      }
    }
  }

  private async perform(self: FuzzThread, { action }: Step): Promise<unknown> {
    const { syscalls } = self;
    switch (action.kind) {
      case 'invoke': {
        const { type, descriptor } = this.methods.get(action.method)!;
        const cap = new type(self.runtime, this.cptr(action.cap));
        return cap.invokeBy(action.by as 'Call', descriptor, ...action.args.map((argument) => this.value(argument)));
      }
      case 'send': {
        const call = ({ Call: 'call', Send: 'send', NBSend: 'nbSend' } as const)[action.by];
        return syscalls[call](this.cptr(action.cap), this.message(action.message));
      }
      case 'receive':
        if (action.by === 'wait' || action.by === 'nbWait') return syscalls[action.by](this.cptr(action.cap));
        return syscalls[action.by](this.cptr(action.cap), this.reply(action.reply));
      case 'replyRecv': return syscalls.replyRecv(this.cptr(action.cap), this.message(action.message), this.reply(action.reply));
      case 'nbSendRecv':
        return syscalls.nbSendRecv(this.cptr(action.dest), this.message(action.message), this.cptr(action.cap), this.cptr(action.reply));
      case 'nbSendWait': return syscalls.nbSendWait(this.cptr(action.dest), this.message(action.message), this.cptr(action.cap));
      case 'reply': return syscalls.reply(this.message(action.message));
      case 'receivePath': return syscalls.setReceivePath({ root: this.cptr(action.root), index: this.word(action.index), depth: action.depth });
      case 'setTLSBase': return self.debug.setTLSBase(action.base);
      case 'unknownSyscall': return unknownSyscall(self);
      case 'illegalInstruction': return self.illegalInstruction();
      case 'load': return self.memory[`load${action.bits}`](action.address);
      case 'store': return self.memory[`store${action.bits}`](action.address, action.value);
      case 'alarm': return setAlarm(self.memory, action.ns);
      case 'compute': return self.compute(action.ns);
      case 'yield': return self.yield();
    }
  }

  private cptr(ref: Ref): WordLike {
    const cptr = this.cptrs.get(known(this.program, ref));
    if (cptr === undefined) throw new Error(`nothing is called ${ref}`);
    return cptr;
  }

  /** Classic kernels have no reply objects. */
  private reply(ref: Ref): WordLike | undefined {
    return this.program.scheduling === 'mcs' ? this.cptr(ref) : undefined;
  }

  private word(value: Ref | WordLike): WordLike {
    return typeof value === 'string' ? this.cptr(value) : value;
  }

  private value(argument: Argument): Argument {
    return typeof argument === 'string' ? this.cptr(argument) : argument;
  }

  private message({ label, words, caps }: MessageValue): Message {
    return new Message(label, words, caps.map((ref) => this.cptr(ref)));
  }
}

/** A number that no riscv64 kernel has: the thread faults. */
async function unknownSyscall({ runtime }: FuzzThread): Promise<void> {
  runtime.beginLanes(0, 0, 0, 0);
  const blocked = runtime.trap('VMEnter');
  if (blocked !== undefined) await blocked;
  runtime.returned();
}

function rights(word: number): CapRights {
  return CapRights.of({ write: (word & 1) !== 0, read: (word & 2) !== 0, grant: (word & 4) !== 0, grantReply: (word & 8) !== 0 });
}
