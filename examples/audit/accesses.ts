// SPDX-License-Identifier: BSD-2-Clause
/**
 * Loads and stores: every right that a page can be mapped with × load and store × size of page, what the fault handler
 * hears of those that are not allowed, and each way in which the thread goes on.
 */
import { CapRights, VMAttributes, mapFrame, type Endpoint, type RISCVPage, type Reply, type RootTask, type TCB, type Thread } from 'sel4scope';
import { FAULT_LABELS, OBJECT_TYPES, PAGE_BITS } from 'sel4scope/schema';
import { DEPTH } from './objects.ts';
import { THREAD_PRIORITY, answer, expect, replyObject, type Scenario, type Scenarios } from './scenario.ts';

type Access = 'load' | 'store';
const ACCESSES: readonly Access[] = ['load', 'store'];

/** Fault status of each access, as the kernel reports it. */
const STATUS: Readonly<Record<Access, bigint>> = { load: 5n, store: 7n };

interface Mapped {
  readonly rights: CapRights;
  readonly attributes: number;
  /** Accesses that the hart allows. */
  readonly allows: readonly Access[];
}

const MAPPED: Readonly<Record<string, Mapped>> = {
  'read-write': { rights: CapRights.readWrite, attributes: VMAttributes.default, allows: ACCESSES },
  'read-write-execute-never': { rights: CapRights.readWrite, attributes: VMAttributes.executeNever, allows: ACCESSES },
  'read-only': { rights: CapRights.read, attributes: VMAttributes.default, allows: ['load'] },
  // No page can be written and not read: the kernel maps it without rights.
  'write-only': { rights: CapRights.of({ write: true }), attributes: VMAttributes.default, allows: [] },
  'execute-only': { rights: CapRights.none, attributes: VMAttributes.default, allows: [] },
  'without-rights': { rights: CapRights.none, attributes: VMAttributes.executeNever, allows: [] },
};

const PAGES = { '4k': ['RISCV_4K_Page', PAGE_BITS.small], '2m': ['RISCV_Mega_Page', PAGE_BITS.mega] } as const;

/** What the threads of these scenarios load and store. */
const VALUE = 0x0123_4567_89ab_cdefn;
/** Where pages are mapped that lie at a place of their own. */
const ADDRESS = 0x20_0000_0000;

/** A thread that makes one access, and what its fault handler needs. */
class Accessor {
  loaded: bigint | undefined;
  isThrough = false;
  readonly tcb: TCB;
  private readonly task: RootTask;
  private readonly handler: Endpoint;
  private readonly reply: Reply | undefined;

  private constructor(task: RootTask, handler: Endpoint, reply: Reply | undefined, tcb: TCB) {
    this.task = task;
    this.handler = handler;
    this.reply = reply;
    this.tcb = tcb;
  }

  /** Starts the thread; it runs when the root task waits. */
  static async start(task: RootTask, access: Access, address: number): Promise<Accessor> {
    const handler = await task.untyped.create('Endpoint', { name: 'fault handler' });
    const reply = await replyObject(task);
    const holder: { accessor?: Accessor } = {};
    const { tcb } = await task.startThread({
      name: 'accessor', priority: THREAD_PRIORITY, faultEndpoint: handler, run: (self) => holder.accessor!.run(self, access, address),
    });
    return (holder.accessor = new Accessor(task, handler, reply, tcb));
  }

  private async run(self: Thread, access: Access, address: number): Promise<void> {
    if (access === 'load') this.loaded = await self.memory.load64(address);
    else await self.memory.store64(address, VALUE);
    this.isThrough = true;
    await self.use(this.handler).send();
  }

  /** Waits for the VM fault that the access must be. */
  async expectFault(address: number, status: bigint): Promise<bigint> {
    const message = await this.task.syscalls.recv(this.handler, this.reply);
    const [pc, at, prefetch, fsr] = message.words();
    expect(message.label === FAULT_LABELS[this.task.runtime.scheduling].VMFault && !this.isThrough, 'the access is a VM fault');
    expect(at === BigInt(address) && prefetch === 0n && fsr === status, `the fault names the address and status ${status}`);
    return pc!;
  }

  /** Lets the thread go on where it faulted. */
  restart(): Promise<void> {
    return answer(this.task, this.reply);
  }

  /** Waits for the thread to say that it has made its access. */
  async expectThrough(): Promise<void> {
    const message = await this.task.syscalls.recv(this.handler, this.reply);
    expect(message.label === 0 && this.isThrough, 'the access was made');
  }
}

function ofRights(access: Access, page: keyof typeof PAGES, { rights, attributes, allows }: Mapped): Scenario {
  return {
    run: async (task) => {
      const [type, bits] = PAGES[page];
      const frame = await task.untyped.create(type);
      const writable = await task.map(await task.copy(frame), CapRights.readWrite, bits);
      await mapAt(task, frame, ADDRESS, rights, attributes);
      const offset = 2 ** bits - 8;
      if (access === 'load') await task.memory.store64(writable + offset, VALUE);
      const accessor = await Accessor.start(task, access, ADDRESS + offset);
      if (!allows.includes(access)) {
        await accessor.expectFault(ADDRESS + offset, STATUS[access]);
        await frame.map(task.vspace, ADDRESS, CapRights.readWrite, VMAttributes.default);
        await accessor.restart();
      }
      await accessor.expectThrough();
      const found = access === 'load' ? accessor.loaded : await task.memory.load64(writable + offset);
      expect(found === VALUE, 'both mappings show the same memory');
    },
  };
}

async function mapAt(task: RootTask, frame: RISCVPage, address: number, rights: CapRights, attributes: number): Promise<void> {
  // Makes the page tables too; then it is mapped again with what is asked for.
  await mapFrame(frame, task.vspace, address, CapRights.read, task.untyped);
  await frame.map(task.vspace, address, rights, attributes);
}

/** A page that was mapped and is no longer, by one of the ways to unmap it. */
function gone(access: Access, unmap: (task: RootTask, frame: RISCVPage) => Promise<void>): Scenario {
  return {
    run: async (task) => {
      const parent = await task.untyped.create('RISCV_4K_Page');
      const frame = await task.copy(parent);
      const address = await task.map(frame);
      await task.memory.store64(address, VALUE);
      await unmap(task, frame);
      const accessor = await Accessor.start(task, access, address);
      await accessor.expectFault(address, STATUS[access]);
      await mapFrame(parent, task.vspace, address, CapRights.readWrite, task.untyped);
      await accessor.restart();
      await accessor.expectThrough();
      expect(await task.memory.load64(address) === VALUE, 'the memory is as it was');
    },
  };
}

const UNMAPPED: Readonly<Record<string, (task: RootTask, frame: RISCVPage) => Promise<void>>> = {
  unmapped: (_task, frame) => frame.unmap(),
  'capability-deleted': (task, frame) => task.delete(frame),
  'capability-moved-away': async (task, frame) => {
    const slot = task.slots.allocate();
    await task.cnode.move(slot, DEPTH, task.cnode, frame.cptr, DEPTH);
    await task.cnode.delete(slot, DEPTH);
  },
};

const SKIPPED: Scenario = {
  run: async (task) => {
    const accessor = await Accessor.start(task, 'load', ADDRESS);
    const pc = await accessor.expectFault(ADDRESS, STATUS.load);
    const registers = await task.use(accessor.tcb).readRegisters(false, 0, 32);
    expect(registers.pc === pc, 'the thread stands at its load');
    await accessor.tcb.writeRegisters(true, 0, 32, { ...registers, pc: pc + 4n, t5: VALUE });
    await accessor.expectThrough();
    expect(accessor.loaded === VALUE, 'the thread has loaded what the handler gave it');
  },
};

const REUSED: Scenario = {
  run: async (task) => {
    const untyped = await task.untyped.create('Untyped', { sizeBits: PAGE_BITS.small });
    const slot = task.slots.allocate();
    const retype = (): Promise<void> => untyped.retype(OBJECT_TYPES[task.runtime.scheduling].RISCV_4K_Page!, 0, task.cnode, 0, 0, slot, 1);
    await retype();
    const frame = new (task.bootInfoFrame.constructor as typeof RISCVPage)(task.runtime, slot);
    const address = await task.map(frame);
    await task.memory.store64(address, VALUE);
    await task.revoke(untyped);
    await retype();
    await mapFrame(frame, task.vspace, address, CapRights.readWrite, task.untyped);
    expect(await task.memory.load64(address) === 0n, 'memory that is used again is zero');
  },
};

/** Device memory with no device behind it: translated, but an access fault. */
function nothingThere(access: Access): Scenario {
  return {
    run: async (task) => {
      const address = await task.map(await task.devices.frame(0x10_5000n));
      const accessor = await Accessor.start(task, access, address);
      await accessor.expectFault(address, STATUS[access]);
      await accessor.tcb.suspend();
    },
  };
}

function everyAccess(name: string, make: (access: Access) => Scenario): [string, Scenario][] {
  return ACCESSES.map((access) => [`${access}-${name}`, make(access)]);
}

export const ACCESS_SCENARIOS: Scenarios = Object.fromEntries([
  ...Object.entries(MAPPED).flatMap(([name, mapped]) => (Object.keys(PAGES) as (keyof typeof PAGES)[]).flatMap((page) =>
    everyAccess(`${name}-${page}`, (access) => ofRights(access, page, mapped)))),
  ...Object.entries(UNMAPPED).flatMap(([name, unmap]) => everyAccess(name, (access) => gone(access, unmap))),
  ...everyAccess('nothing-there', nothingThere),
  ['load-made-by-the-handler', SKIPPED],
  ['memory-used-again', REUSED],
]);
