// SPDX-License-Identifier: BSD-2-Clause
/**
 * Random user programs. Arguments mean something often enough that calls get through, and are wild often enough that
 * every check is met: a capability of the right kind, one that something else made, or any; words up to 2^64 - 1.
 */
import fc from 'fast-check';
import { RIGHTS, objectTypeName, type InterfaceModel, type Method, type Scheduling } from 'sel4scope/schema';
import { ALARMS, CLOCK } from './alarms.ts';
import { SCENE, SLOTS, type Action, type Argument, type FuzzProgram, type MessageValue, type Ref, type SendCall, type Step, type WordValue, type WorkerSpec } from './program.ts';

type Arb<T> = fc.Arbitrary<T>;

/** Threads besides the root task. */
const MAX_WORKERS = 3;
const MAX_STEPS = 60;

function weighted<T>(...choices: readonly [number, Arb<T>][]): Arb<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

const EXTREMES: readonly bigint[] = [
  0xffff_ffffn, 0x1_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_f000n, 0xffff_ffff_ffff_ffffn,
];
const small = fc.nat(9);
const word: Arb<WordValue> = weighted<WordValue>([5, small], [1, fc.nat(0xffff)], [1, fc.constantFrom(...EXTREMES)]);
const slot: Arb<Ref> = fc.nat(SLOTS - 1).map((i) => `slot${i}`);

const WORKERS = Array.from({ length: MAX_WORKERS }, (_, i) => `worker${i + 1}`);
const CONTEXTS = Array.from({ length: MAX_WORKERS }, (_, i) => `context${i + 1}`);
const ENDPOINTS: readonly Ref[] = ['endpoint', 'other', 'handler', 'badged', 'badged2', 'noGrant', 'grantReply', 'receiveOnly'];
const NOTIFICATIONS: readonly Ref[] = ['notification', 'second', 'signal'];
const RECEIVABLE: readonly Ref[] = ['endpoint', 'other', 'handler', 'badged', 'badged2', 'noGrant', 'receiveOnly', 'notification', 'second'];
const REPLIES: readonly Ref[] = ['reply', 'reply2', 'reply3'];

/** Names of the scene by what methods ask for. */
const KINDS: Readonly<Record<string, readonly Ref[]>> = {
  seL4_Untyped: ['untyped', 'poolMemory', 'device'],
  seL4_TCB: [...WORKERS, ...WORKERS, 'tcb', 'rootTcb'],
  seL4_CNode: ['cspace', 'cnode'],
  seL4_IRQControl: ['irqControl'],
  seL4_IRQHandler: ['irqHandler'],
  seL4_DomainSet: ['domainSet'],
  seL4_SchedControl: ['schedControl'],
  seL4_SchedContext: ['context', 'small', 'rootContext', ...CONTEXTS],
  seL4_RISCV_PageTable: ['vspace', 'table', 'table2', 'paging'],
  seL4_RISCV_Page: ['frame', 'frame2', 'rootBuffer', 'image'],
  seL4_RISCV_ASIDControl: ['asidControl'],
  seL4_RISCV_ASIDPool: ['asidPool'],
};

/** What capability parameters ask for whose type does not say it. */
const KINDS_BY_NAME: Readonly<Record<string, readonly Ref[]>> = {
  notification: NOTIFICATIONS,
  fault_ep: ['null', 'handler', 'endpoint', 'grantReply'],
  timeout_fault_ep: ['null', 'handler', 'endpoint'],
  vspace_root: KINDS['seL4_RISCV_PageTable']!,
  vspace: KINDS['seL4_RISCV_PageTable']!,
  bufferFrame: ['null', ...KINDS['seL4_RISCV_Page']!],
  sched_context: ['null', ...KINDS['seL4_SchedContext']!],
  cap: [...KINDS['seL4_TCB']!, ...NOTIFICATIONS],
};

/** Pages that mappings share, so that they meet, and addresses at the edges of what can be mapped. */
const VADDRS: readonly WordValue[] = [CLOCK.address, 0x1000_0000, 0x1000_1000, 0x1_0000, 0x2_0000, 0x4000_0000, 0x4000_1000, 0x8000_0000, 0x1008, 0x3f_ffff_f000, 0x3f_ffff_e000];
const ENTRIES: readonly WordValue[] = [0, 0x2_0000, 0x3_0000, 0x2_0004, 0x7fff_0000];

const bit = fc.nat(1);

/** Values of word parameters by name. */
const WORDS: Readonly<Record<string, Arb<Argument>>> = {
  count: weighted([3, fc.integer({ min: 1, max: 36 })], [1, word]),
  priority: weighted([5, fc.nat(12)], [1, fc.constantFrom(255, 256)], [1, word]),
  mcp: weighted([5, fc.nat(12)], [1, fc.constantFrom(255, 256)], [1, word]),
  rights: weighted([3, fc.constant(RIGHTS.all)], [2, fc.nat(RIGHTS.all)]),
  attr: weighted([5, bit], [1, word]),
  vaddr: weighted([6, fc.constantFrom(...VADDRS)], [1, word]),
  buffer: weighted([6, fc.constantFrom(...VADDRS)], [1, word]),
  irq: weighted([5, fc.nat(9)], [1, fc.constantFrom(95, 96)], [1, word]),
  trigger: weighted([5, bit], [1, word]),
  domain: weighted([5, fc.constant(0)], [1, fc.nat(255)]),
  duration: weighted([4, fc.constantFrom(0, 1, 10, 1000)], [1, word]),
  budget: weighted([8, fc.constantFrom(30, 50, 100, 1000, 20)], [1, word]),
  period: weighted([8, fc.constantFrom(100, 30, 50, 1000, 20)], [1, word]),
  extra_refills: weighted([6, fc.nat(6)], [1, word]),
  flags: weighted([6, bit], [1, word]),
  arch_flags: fc.nat(255),
  set: weighted([4, bit], [1, word]),
  clear: weighted([4, bit], [1, word]),
  cspace_root_data: weighted([4, fc.constantFrom(0, 50, 51)], [1, word]),
  vspace_root_data: weighted([6, fc.constant(0)], [1, word]),
  badge: word,
};

/** A slot as CNode methods name it. */
interface Place {
  readonly root: Ref;
  readonly index: Argument;
  readonly depth: number;
}

/** Types of objects with sizes that they can have. */
const CREATIONS: readonly (readonly [string, number])[] = [
  ['Endpoint', 0], ['Notification', 0], ['TCB', 0], ['CapTable', 2], ['CapTable', 1], ['Untyped', 10], ['Untyped', 12], ['Untyped', 4], ['Reply', 0],
  ['SchedContext', 7], ['SchedContext', 9], ['RISCV_4K_Page', 0], ['RISCV_PageTable', 0], ['RISCV_Mega_Page', 0],
];

/** How often methods are chosen; those that end a program early are rare. */
const WEIGHTS: Readonly<Record<string, number>> = { CNodeRevoke: 2, CNodeDelete: 3, TCBSuspend: 3, UntypedRetype: 12, CNodeCopy: 6, CNodeMint: 6, SchedContextYieldTo: 8, TCBResume: 6 };

/** Programs for kernels with these interfaces. */
export function fuzzPrograms(model: InterfaceModel): Arb<FuzzProgram> {
  const { scheduling } = model.configuration;
  const generator = new Generator(scheduling);
  const steps = fc.array(generator.step(model), { minLength: 1, maxLength: MAX_STEPS, size: 'max' });
  return fc.record({ rootPriority: fc.nat(12), workers: fc.array(worker, { minLength: 1, maxLength: MAX_WORKERS, size: 'max' }), steps }).map((parts): FuzzProgram => ({
    scheduling,
    rootPriority: parts.rootPriority,
    workers: parts.workers,
    steps: parts.steps.map(({ thread, action }) => ({ thread: thread === 0 ? 0 : 1 + (thread - 1) % parts.workers.length, action })),
  }));
}

const worker: Arb<WorkerSpec> = fc.record({
  priority: fc.nat(12),
  maxControlledPriority: fc.constantFrom(12, 0, 255),
  ipcBuffer: weighted([6, fc.constant('readWrite' as const)], [1, fc.constantFrom('readOnly' as const, 'none' as const)]),
  faultEndpoint: fc.constantFrom('null', 'handler', 'endpoint'),
  timeoutEndpoint: fc.constantFrom('null', 'null', 'handler'),
  budgetUs: fc.constantFrom(5000, 30, 100, 400),
  periods: fc.integer({ min: 1, max: 4 }),
  extraRefills: fc.nat(3),
}).map(({ periods, ...spec }) => ({ ...spec, periodUs: spec.budgetUs * periods }));

class Generator {
  private readonly scheduling: Scheduling;
  private readonly scene: ReadonlySet<Ref>;
  private readonly any: Arb<Ref>;
  private readonly endpoint: Arb<Ref>;
  private readonly reply: Arb<Ref>;
  /** A slot with a capability in it, and one without. */
  private readonly source: Arb<Place>;
  private readonly destination: Arb<Place>;
  private readonly message: Arb<MessageValue>;

  constructor(scheduling: Scheduling) {
    this.scheduling = scheduling;
    this.scene = new Set([...Object.keys(SCENE[scheduling]), ...WORKERS, ...(scheduling === 'mcs' ? CONTEXTS : []), 'null']);
    this.any = fc.constantFrom(...this.scene, 'nowhere');
    this.endpoint = this.ref(ENDPOINTS);
    this.reply = this.ref(REPLIES, 20);
    const inner: Arb<Place> = fc.record({ root: fc.constant('cnode'), index: fc.nat(7), depth: fc.constant(3) });
    const wild: Arb<Place> = fc.record({ root: this.any, index: weighted<Argument>([1, word], [1, this.any]), depth: fc.constantFrom(64, 0, 3, 63, 65, 255) });
    const outer = (index: Arb<Ref>): Arb<Place> => fc.record({ root: fc.constant('cspace'), index, depth: fc.constant(64) });
    this.source = weighted([4, outer(this.any)], [4, outer(slot)], [2, inner], [1, wild]);
    this.destination = weighted([8, outer(slot)], [3, inner], [1, wild], [1, outer(this.any)]);
    this.message = fc.record({
      label: weighted([4, fc.nat(2)], [2, fc.nat(46)], [1, fc.constantFrom(0xf_ffff, 2 ** 52 - 1)]),
      words: weighted([8, fc.array(word, { maxLength: 6, size: 'max' })], [1, fc.constantFrom(33, 119, 120).map((length) => new Array<number>(length).fill(1))]),
      caps: weighted([3, fc.constant<Ref[]>([])], [2, fc.array(weighted([2, this.endpoint], [1, this.any], [1, slot]), { minLength: 1, maxLength: 3 })]),
    });
  }

  /**
   * The root task mostly does what does not block it, so that it gets through its steps and moves the others on.
   */
  step(model: InterfaceModel): Arb<Step> {
    const methods = model.methods.map((method): [number, Arb<Action>] => [WEIGHTS[method.id] ?? 4, this.invocation(method)]);
    const workers = fc.integer({ min: 1, max: MAX_WORKERS });
    const rarelyRoot = weighted([60, workers], [1, fc.constant(0)]);
    return weighted(
      [10, fc.record({ thread: weighted([2, fc.constant(0)], [1, workers]), action: weighted(...methods) })],
      [8, fc.record({ thread: rarelyRoot, action: this.communication() })],
      [6, fc.record({ thread: fc.constant(0), action: this.nonBlocking() })],
      [2, fc.record({ thread: fc.nat(MAX_WORKERS), action: OTHER })],
      [2, fc.record({ thread: rarelyRoot, action: TRAPS })],
      [2, fc.record({ thread: rarelyRoot, action: ACCESSES })],
    );
  }

  /** Mostly a capability of the right kind that the scene has; `right` times as often as any other. */
  private ref(names: readonly Ref[], right = 3): Arb<Ref> {
    const there = names.filter((name) => this.scene.has(name));
    return there.length === 0 ? this.any : weighted([3 * right, fc.constantFrom(...there)], [2, slot], [1, this.any]);
  }

  private communication(): Arb<Action> {
    const { endpoint, reply, message } = this;
    const by = fc.constantFrom<SendCall>('Call', 'Send', 'NBSend');
    const target = weighted([4, endpoint], [2, this.ref(NOTIFICATIONS)]);
    // To receive from anything else is a fault, and most likely the end of the thread.
    const from = this.ref(RECEIVABLE, 20);
    const send = fc.record({ kind: fc.constant('send' as const), by, cap: target, message });
    const replyRecv = fc.record({ kind: fc.constant('replyRecv' as const), cap: from, message, reply });
    const path = this.destination.map(({ root, index, depth }): Action => ({ kind: 'receivePath', root, index: index as Ref | WordValue, depth }));
    if (this.scheduling === 'classic') {
      const receive = fc.record({ kind: fc.constant('receive' as const), by: fc.constantFrom('recv' as const, 'nbRecv' as const), cap: from, reply: fc.constant('null') });
      return weighted<Action>([4, send], [4, receive], [2, replyRecv], [2, fc.record({ kind: fc.constant('reply' as const), message })], [1, path]);
    }
    const receive = fc.record({ kind: fc.constant('receive' as const), by: fc.constantFrom('recv' as const, 'nbRecv' as const, 'wait' as const, 'nbWait' as const), cap: from, reply });
    return weighted<Action>(
      [4, send], [4, receive], [2, replyRecv],
      [2, fc.record({ kind: fc.constant('send' as const), by, cap: reply, message })],
      [1, fc.record({ kind: fc.constant('nbSendRecv' as const), dest: weighted([1, target], [1, reply]), message, cap: from, reply })],
      [1, fc.record({ kind: fc.constant('nbSendWait' as const), dest: weighted([1, target], [1, reply]), message, cap: from })],
      [1, path],
    );
  }

  private nonBlocking(): Arb<Action> {
    const { message } = this;
    const cap = this.ref([...ENDPOINTS, ...NOTIFICATIONS, ...REPLIES]);
    const reply = fc.constantFrom(...REPLIES);
    const from = fc.constantFrom(...RECEIVABLE);
    return weighted<Action>(
      [3, fc.record({ kind: fc.constant('send' as const), by: fc.constant('NBSend' as const), cap, message })],
      [2, fc.record({ kind: fc.constant('receive' as const), by: fc.constant('nbRecv' as const), cap: from, reply })],
    );
  }

  private invocation(method: Method): Arb<Action> {
    const by = weighted<SendCall>([4, fc.constant('Call')], [1, fc.constant('Send')], [1, fc.constant('NBSend')]);
    const request = method.id === 'UntypedRetype' ? this.retype() : this.request(method);
    return fc.tuple(by, request).map(([how, { cap, args }]): Action => ({ kind: 'invoke', by: how, cap, method: method.id, args }));
  }

  private retype(): Arb<{ cap: Ref; args: Argument[] }> {
    const creations = CREATIONS.flatMap(([name, bits]) => {
      const type = Array.from({ length: 16 }, (_, i) => i).find((i) => objectTypeName(this.scheduling, i) === name);
      return type === undefined ? [] : [[type, bits] as const];
    });
    const creation = weighted<readonly [WordValue, WordValue]>([8, fc.constantFrom(...creations)], [1, fc.tuple(fc.nat(12), fc.nat(66))], [1, fc.tuple(word, word)]);
    const destination = weighted<Argument[]>(
      [6, slot.map((to) => ['cspace', 0, 0, to])],
      [3, fc.nat(7).map((to) => ['cspace', 'cnode', 64, to])],
      [1, fc.tuple(this.any, weighted<Argument>([1, word], [1, this.any]), fc.nat(70), word)],
    );
    const count = weighted<WordValue>([6, fc.integer({ min: 1, max: 3 })], [1, word]);
    return fc.tuple(this.ref(KINDS['seL4_Untyped']!), creation, destination, count)
      .map(([cap, [type, bits], to, many]) => ({ cap, args: [type, bits, ...to, many] }));
  }

  /** Arguments of any other method. What names a slot together (root, index, depth) is chosen together. */
  private request(method: Method): Arb<{ cap: Ref; args: Argument[] }> {
    const prefixes = method.order.filter((name) => name.endsWith('depth')).map((name) => name.slice(0, -'depth'.length));
    const places = prefixes.map((prefix) => (isDestination(method, prefix) ? this.destination : this.source));
    const partOf = (name: string): [number, keyof Place] | undefined => {
      const i = prefixes.findIndex((prefix) => ['root', 'index', 'depth'].some((part) => name === prefix + part));
      return i < 0 ? undefined : [i, name.slice(prefixes[i]!.length) as keyof Place];
    };
    const rest = method.order.filter((name) => partOf(name) === undefined);
    // A CNode method without a root parameter names a slot below the capability that is invoked.
    const rootless = prefixes.findIndex((prefix) => !method.order.includes(`${prefix}root`));
    return fc.tuple(this.ref(KINDS[method.interfaceName]!), fc.tuple(...places), fc.tuple(...rest.map((name) => this.argument(method, name))))
      .map(([cap, chosen, values]) => ({
        cap: rootless < 0 ? cap : chosen[rootless]!.root,
        args: method.order.map((name): Argument => {
          const part = partOf(name);
          return part === undefined ? values[rest.indexOf(name)]! : chosen[part[0]]![part[1]];
        }),
      }));
  }

  private argument(method: Method, name: string): Arb<Argument> {
    const cap = method.capParameters.find((parameter) => parameter.name === name);
    if (cap !== undefined) return this.ref(KINDS_BY_NAME[name] ?? KINDS[cap.type.name] ?? []);
    const { type } = method.parameters.find((parameter) => parameter.name === name)!;
    if (type.kind === 'struct') return registers;
    if (type.name === 'seL4_Bool') return fc.boolean();
    // Classic: fault handlers are capability pointers that the kernel looks up later.
    if (name === 'fault_ep') return this.ref(KINDS_BY_NAME[name]!);
    return WORDS[name] ?? word;
  }
}

function isDestination({ id }: Method, prefix: string): boolean {
  return prefix === 'dest_' || id === 'CNodeSaveCaller' || (prefix === '' && !id.startsWith('CNode'));
}

const registers: Arb<Argument> = fc.record({ pc: fc.constantFrom(...ENTRIES), sp: word, a0: word, a1: word, ra: fc.constantFrom(...ENTRIES) }, { requiredKeys: [] });

const OTHER: Arb<Action> = weighted<Action>(
  [3, ALARMS],
  [3, fc.record({ kind: fc.constant('compute' as const), ns: weighted([3, fc.nat(30_000)], [1, fc.nat(2_000_000)]) })],
  [3, fc.constant<Action>({ kind: 'yield' })],
);

const address = weighted<WordValue>([8, fc.constantFrom(...VADDRS)], [1, word]);
const bits = fc.constantFrom(64 as const, 32 as const, 16 as const, 8 as const);

/** Mostly VM faults at first: until somebody maps something there. */
const ACCESSES: Arb<Action> = weighted<Action>(
  [1, fc.record({ kind: fc.constant('load' as const), address, bits })],
  [1, fc.record({ kind: fc.constant('store' as const), address, bits, value: fc.nat(0xff) })],
);

/** A fault, too, on kernels that leave the register to user code. */
const setTLSBase: Arb<Action> = fc.record({ kind: fc.constant('setTLSBase' as const), base: word });

/** Faults that a handler can answer with registers. */
const TRAPS: Arb<Action> = weighted<Action>(
  [3, fc.constant<Action>({ kind: 'unknownSyscall' })], [3, fc.constant<Action>({ kind: 'illegalInstruction' })], [1, setTLSBase],
);
