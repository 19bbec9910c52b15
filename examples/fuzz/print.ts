// SPDX-License-Identifier: BSD-2-Clause
/** Prints a {@link FuzzProgram} as a TypeScript program for `sel4scope run`, which gives the same records. */
import { STUB_METHODS } from './interpreter.ts';
import { SET_ALARM_SOURCE } from './alarms.ts';
import { NOWHERE, SCENE, SLOTS, known, sceneOf, type Action, type Argument, type FuzzProgram, type MessageValue, type Ref } from './program.ts';

/** @param remarks lines for the comment at the top */
export function printProgram(program: FuzzProgram, remarks: readonly string[] = []): string {
  return new Printer(program).print(remarks);
}

class Printer {
  private readonly program: FuzzProgram;
  /** What the program imports, by module. */
  private readonly imports = { sel4scope: new Set<string>(), schema: new Set<string>(), classic: new Set<string>() };
  private readonly slots = new Set<number>();
  /** Functions that steps use, as text by name. */
  private readonly helpers = new Map<string, readonly string[]>();

  constructor(program: FuzzProgram) {
    this.program = program;
  }

  print(remarks: readonly string[]): string {
    const isMcs = this.program.scheduling === 'mcs';
    const task = isMcs ? 'RootTask' : 'ClassicRootTask';
    const scene = sceneOf(this.program).map((name) => `  const ${name} = ${this.source(name)};`);
    const workers = this.program.workers.map((_, i) => this.worker(i + 1));
    const steps = this.steps(0, 'task').map((line) => `  ${line}`);
    const slots = [...this.slots].sort((a, b) => a - b).map((i) => `  const slot${i} = firstSlot + ${i};`);
    const body = [
      `  task.replies.policy = 'off'; // the rules look at the whole trace`,
      `  const firstSlot = task.slots.allocateRange(${SLOTS});`, ...slots, ...scene, ...workers.flat(),
      `  await task.tcb.trySetPriority(task.tcb, ${this.program.rootPriority});`, ...steps,
      '  await task.tcb.trySuspend();',
    ];
    const values = ['KernelError', 'MarshalError', ...this.imports.sel4scope].sort();
    const imports = [`import { ${values.join(', ')}, type ${task} } from 'sel4scope';`];
    if (this.imports.schema.size > 0) imports.push(`import { ${[...this.imports.schema].sort().join(', ')} } from 'sel4scope/schema';`);
    if (this.imports.classic.size > 0) imports.push(`import { ${[...this.imports.classic].sort().join(', ')} } from 'sel4scope/stubs/riscv64-classic';`);
    return [
      ...remarks.map((line) => `// ${line}`), `// sel4scope run THIS_FILE --config ${this.program.scheduling} --check-invariants`, ...imports, '',
      `export default async function main(task: ${task}) {`, ...body, '}', '',
      '/** Does a step; what the kernel or the stubs refuse is part of it. */',
      'async function attempt(step: () => unknown): Promise<void> {',
      '  try {',
      '    await step();',
      '  } catch (error) {',
      '    if (!(error instanceof KernelError || error instanceof MarshalError)) throw error;',
      '  }',
      '}', ...[...this.helpers.values()].flat(),
    ].join('\n');
  }

  private source(name: Ref): string {
    const source = SCENE[this.program.scheduling][name]!;
    switch (source.from) {
      case 'boot':
        if (source.code.startsWith('INIT_CAP')) this.imports.schema.add('INIT_CAP');
        return source.code;
      case 'mint':
        this.imports.sel4scope.add('CapRights').add('Endpoint');
        return `(await task.mint(new Endpoint(task.runtime, ${source.of}), ${value(source.badge)}, ${rights(source.rights)})).cptr`;
      case 'irq': return `await task.irqHandler(${source.irq}).then(async (handler) => {\n    await handler.setNotification(${source.notification});\n    return handler.cptr;\n  })`;
      case 'device':
        this.imports.sel4scope.add('CapRights').add('mapFrame');
        return `await task.devices.frame(0x${source.paddr.toString(16)}n).then(async (frame) => {\n    await mapFrame(frame, task.vspace, 0x${source.address.toString(16)}, CapRights.readWrite, task.untyped);\n    return frame.cptr;\n  })`;
      case 'untyped': {
        const size = source.sizeBits === undefined ? '' : `, sizeBits: ${source.sizeBits}`;
        return `(await task.untyped.create('${source.type}', { name: '${name}'${size} })).cptr`;
      }
    }
  }

  private worker(number: number): string[] {
    const { faultEndpoint, timeoutEndpoint, ...spec } = this.program.workers[number - 1]!;
    const isMcs = this.program.scheduling === 'mcs';
    const time = isMcs ? `budgetUs: ${spec.budgetUs}, periodUs: ${spec.periodUs}, extraRefills: ${spec.extraRefills}, timeoutEndpoint: ${this.cptr(timeoutEndpoint)}, ` : '';
    const lines = this.steps(number, 'self').map((line) => `      ${line}`);
    const names = isMcs ? `{ tcb: { cptr: worker${number} }, schedContext: { cptr: context${number} } }` : `{ tcb: { cptr: worker${number} } }`;
    return [
      `  const ${names} = await task.startThread({`,
      `    name: 'worker${number}', suspendAtEnd: false, priority: ${spec.priority}, maxControlledPriority: ${spec.maxControlledPriority}, ipcBuffer: '${spec.ipcBuffer}',`,
      `    ${time}faultEndpoint: ${this.cptr(faultEndpoint)},`,
      lines.length === 0 ? '    run: async () => {},' : '    run: async (self) => {', ...lines, ...(lines.length === 0 ? [] : ['    },']),
      '  });',
    ];
  }

  private steps(thread: number, self: string): string[] {
    return this.program.steps.filter((step) => step.thread === thread).map(({ action }) => `await attempt(() => ${this.action(action, self)});`);
  }

  private action(action: Action, self: string): string {
    const syscalls = `${self}.syscalls`;
    switch (action.kind) {
      case 'invoke': {
        const { className, name } = STUB_METHODS[this.program.scheduling].get(action.method)!;
        this.imports[this.program.scheduling === 'mcs' ? 'sel4scope' : 'classic'].add(className);
        const cap = `new ${className}(${self}.runtime, ${this.cptr(action.cap)})`;
        const args = action.args.map((argument) => this.value(argument)).join(', ');
        return action.by === 'Call' ? `${cap}.${name}(${args})` : `${cap}.invokeBy('${action.by}', ${className}.methods.${name}${args === '' ? '' : `, ${args}`})`;
      }
      case 'send': return `${syscalls}.${({ Call: 'call', Send: 'send', NBSend: 'nbSend' } as const)[action.by]}(${this.cptr(action.cap)}, ${this.message(action.message)})`;
      case 'receive': {
        const takesReply = this.program.scheduling === 'mcs' && (action.by === 'recv' || action.by === 'nbRecv');
        return `${syscalls}.${action.by}(${this.cptr(action.cap)}${takesReply ? `, ${this.cptr(action.reply)}` : ''})`;
      }
      case 'replyRecv': {
        const reply = this.program.scheduling === 'mcs' ? `, ${this.cptr(action.reply)}` : '';
        return `${syscalls}.replyRecv(${this.cptr(action.cap)}, ${this.message(action.message)}${reply})`;
      }
      case 'nbSendRecv': return `${syscalls}.nbSendRecv(${this.cptr(action.dest)}, ${this.message(action.message)}, ${this.cptr(action.cap)}, ${this.cptr(action.reply)})`;
      case 'nbSendWait': return `${syscalls}.nbSendWait(${this.cptr(action.dest)}, ${this.message(action.message)}, ${this.cptr(action.cap)})`;
      case 'reply': return `${syscalls}.reply(${this.message(action.message)})`;
      case 'receivePath': return `${syscalls}.setReceivePath({ root: ${this.cptr(action.root)}, index: ${this.value(action.index)}, depth: ${action.depth} })`;
      case 'setTLSBase': return `${self}.debug.setTLSBase(${value(action.base)})`;
      case 'unknownSyscall': return this.unknownSyscall(self);
      case 'illegalInstruction': return `${self}.illegalInstruction()`;
      case 'load': return `${self}.memory.load${action.bits}(${value(action.address)})`;
      case 'store': return `${self}.memory.store${action.bits}(${value(action.address)}, ${action.value})`;
      case 'alarm': return this.alarm(self, action.ns);
      case 'compute': return `${self}.compute(${action.ns})`;
      case 'yield': return `${self}.yield()`;
    }
  }

  private unknownSyscall(self: string): string {
    this.helpers.set('unknownSyscall', [
      '', '/** A system call that the kernel does not have. */',
      `async function unknownSyscall({ runtime }: { runtime: RootTask['runtime'] }): Promise<void> {`.replace('RootTask', this.program.scheduling === 'mcs' ? 'RootTask' : 'ClassicRootTask'),
      '  runtime.beginLanes(0, 0, 0, 0);', `  await runtime.trap('VMEnter');`, '  runtime.returned();', '}', '',
    ]);
    return `unknownSyscall(${self})`;
  }

  private alarm(self: string, ns: number): string {
    this.imports.sel4scope.add('type ThreadMemory');
    this.helpers.set('setAlarm', SET_ALARM_SOURCE);
    return `setAlarm(${self}.memory, ${ns})`;
  }

  private cptr(ref: Ref): string {
    const name = known(this.program, ref);
    if (name === 'null') return '0';
    if (name === 'nowhere') return value(NOWHERE);
    if (name.startsWith('slot')) this.slots.add(Number(name.slice('slot'.length)));
    return name;
  }

  private value(argument: Argument): string {
    if (typeof argument === 'string') return this.cptr(argument);
    if (typeof argument !== 'object') return value(argument);
    return `{ ${Object.entries(argument).map(([name, word]) => `${name}: ${value(word)}`).join(', ')} }`;
  }

  private message({ label, words, caps }: MessageValue): string {
    this.imports.sel4scope.add('Message');
    const same = words.length > 8 && words.every((word) => word === words[0]);
    const content = same ? `new Array(${words.length}).fill(${value(words[0]!)})` : `[${words.map(value).join(', ')}]`;
    return `new Message(${label}, ${content}, [${caps.map((ref) => this.cptr(ref)).join(', ')}])`;
  }
}

function value(word: number | bigint | boolean): string {
  return typeof word === 'bigint' ? `0x${word.toString(16)}n` : String(word);
}

function rights(word: number): string {
  const names = [[1, 'write'], [2, 'read'], [4, 'grant'], [8, 'grantReply']] as const;
  return `CapRights.of({ ${names.filter(([bit]) => (word & bit) !== 0).map(([, name]) => `${name}: true`).join(', ')} })`;
}
