// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { FAULT_LABELS, INIT_CAP, IPC_BUFFER, OBJECT_TYPES, PAGE_BITS, type Scheduling } from '../../schema/abi/index.ts';
import {
  CapRights, ClassicRootTask, Message, OutOfMemoryError, RootTask, VMAttributes, mapFrame, type Endpoint, type Reply, type RISCVPage, type StartedThread, type Thread, type ThreadOptions,
} from '../../stubs/index.ts';
import { stopOnViolation } from '../kernel/invariants/index.ts';
import { ModelKernel, type ModelOptions } from '../kernel/model.ts';
import { UserThreads, type RunEnd } from './threads.ts';

const CONFIGURATIONS: readonly Scheduling[] = ['mcs', 'classic'];

/** Runs a program of the calls that root tasks of both configurations have. */
async function run(scheduling: Scheduling, main: (task: RootTask) => Promise<void>, model: Partial<ModelOptions> = {}): Promise<RunEnd> {
  const host = new ModelKernel({ configuration: `riscv64-${scheduling}`, afterTrap: stopOnViolation(), ...model });
  return new UserThreads(host).run('root', (context, bootInfo) => {
    const task = scheduling === 'mcs' ? new RootTask(context, bootInfo) : new ClassicRootTask(context, bootInfo);
    return main(task as RootTask);
  });
}

/** A fault message: its words and the reply that lets the faulter go on. */
interface Fault {
  readonly label: number;
  readonly words: readonly bigint[];
  reply(): Promise<void>;
}

/** Threads whose faults the root task handles. */
class Faulting {
  readonly endpoint: Endpoint;
  private readonly task: RootTask;
  private readonly replyObject: Reply | undefined;

  private constructor(task: RootTask, endpoint: Endpoint, reply: Reply | undefined) {
    this.task = task;
    this.endpoint = endpoint;
    this.replyObject = reply;
  }

  static async of(task: RootTask): Promise<Faulting> {
    const isMcs = task.runtime.scheduling === 'mcs';
    return new Faulting(task, await task.untyped.create('Endpoint'), isMcs ? await task.untyped.create('Reply') : undefined);
  }

  start(run: (self: Thread) => Promise<void>, options: Partial<ThreadOptions> = {}): Promise<StartedThread> {
    return this.task.startThread({ name: 'worker', faultEndpoint: this.endpoint, run, ...options });
  }

  async next(): Promise<Fault> {
    const { syscalls } = this.task;
    const message = await syscalls.recv(this.endpoint, this.replyObject);
    const words = message.words();
    const reply = (): Promise<void> => (this.replyObject === undefined ? syscalls.reply(Message.of()) : syscalls.send(this.replyObject, Message.of()));
    return { label: message.label, words, reply };
  }

  /** Runs an access in a thread of its own and gives address, prefetch flag and status of the VM fault that it must be. */
  async faultOf(access: (self: Thread) => Promise<unknown>): Promise<readonly bigint[]> {
    const { tcb } = await this.start(async (self) => {
      await access(self);
      throw new Error('the access did not fault');
    });
    const { label, words } = await this.next();
    expect(label).toBe(FAULT_LABELS[this.task.runtime.scheduling].VMFault);
    await tcb.suspend();
    return words.slice(1);
  }
}

/** Where the tests map pages next to each other. */
const REGION = 0x20_0000_0000;

/** Maps a new page at a number of pages from the start of the region. */
async function page(task: RootTask, number: number, rights: CapRights = CapRights.readWrite): Promise<number> {
  const address = REGION + 0x1000 * number;
  await mapFrame(await task.untyped.create('RISCV_4K_Page'), task.vspace, address, rights, task.untyped);
  return address;
}

const LOAD = 5n;
const STORE = 7n;

describe.each(CONFIGURATIONS)('memory of threads on %s', (scheduling) => {
  it('keeps what is stored, in every size', () => run(scheduling, async (task) => {
    const { memory } = task;
    const at = await page(task, 0);
    expect(await memory.load64(at)).toBe(0n);
    await memory.store64(at, 0x1122_3344_5566_7788n);
    expect([await memory.load8(at + 7), await memory.load16(at + 2), await memory.load32(at + 4)]).toEqual([0x11, 0x5566, 0x1122_3344]);
    await memory.store8(at + 1, 0xff);
    await memory.store16(at + 6, 0xbeef);
    await memory.store32(at + 8, 0xffff_ffff);
    expect([await memory.load64(at), await memory.load64(at + 8)]).toEqual([0xbeef_3344_5566_ff88n, 0xffff_ffffn]);
    await memory.store64(at + 0xff8, 0xffff_ffff_ffff_fffen);
    expect(await memory.load64(at + 0xff8)).toBe(0xffff_ffff_ffff_fffen);
  }));

  it('moves bytes from and to any address', () => run(scheduling, async (task) => {
    const at = await page(task, 0);
    const bytes = Uint8Array.from({ length: 43 }, (_, i) => i + 1);
    await task.memory.write(at + 5, bytes);
    expect(await task.memory.read(at + 5, 43)).toEqual(bytes);
    expect([...await task.memory.read(at + 4, 3)]).toEqual([0, 1, 2]);
    expect(await task.memory.read(at, 0)).toEqual(new Uint8Array(0));
  }));

  it('takes misaligned accesses, across pages too', () => run(scheduling, async (task) => {
    const { memory } = task;
    const at = await page(task, 0);
    await page(task, 1);
    for (const address of [at + 1, at + 6, at + 0xff9, at + 0xffc, at + 0xfff]) {
      await memory.store64(address, 0x8877_6655_4433_2211n);
      expect(await memory.load64(address)).toBe(0x8877_6655_4433_2211n);
      expect([...await memory.read(address, 8)]).toEqual([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
      expect([await memory.load16(address), await memory.load32(address)]).toEqual([0x2211, 0x4433_2211]);
    }
  }));

  it('refuses values and addresses that there are not', () => run(scheduling, async (task) => {
    const at = await page(task, 0);
    await expect(task.memory.store8(at, 256)).rejects.toThrow('256 is no unsigned number of 8 bits');
    await expect(task.memory.store32(at, -1)).rejects.toThrow(RangeError);
    await expect(task.memory.load64(2n ** 64n)).rejects.toThrow('not a 64-bit word');
    expect(await task.memory.load64(at)).toBe(0n);
  }));

  it('faults where the page tables allow no access', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    const readOnly = await page(task, 1, CapRights.read);
    const executeOnly = await page(task, 2, CapRights.none);
    const hole = REGION + 0x10_0000;
    const check = async (access: (self: Thread) => Promise<unknown>, address: number | bigint, status: bigint): Promise<void> => {
      expect(await faulting.faultOf(access)).toEqual([BigInt(address), 0n, status]);
    };
    expect(await task.memory.load64(readOnly)).toBe(0n);
    await check((self) => self.memory.store64(readOnly, 1), readOnly, STORE);
    await check((self) => self.memory.store8(readOnly + 3, 1), readOnly + 3, STORE);
    await check((self) => self.memory.load64(executeOnly), executeOnly, LOAD);
    await check((self) => self.memory.store16(executeOnly, 1), executeOnly, STORE);
    for (const address of [hole, hole + 5, 0x3f_ffff_f000n, 0x40_0000_0000n, 0x80_0000_0000n, 0xffff_ffff_8020_0000n, 0x8000_0000_0010_0000n, 2n ** 64n - 1n]) {
      await check((self) => self.memory.load32(address), address, LOAD);
      await check((self) => self.memory.store32(address, 1), address, STORE);
    }
    expect(await task.memory.load64(readOnly)).toBe(0n);
  }));

  it('names the second page where a misaligned access reaches one that it must not, and stores nothing', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    const writable = await page(task, 0);
    const readOnly = await page(task, 1, CapRights.read);
    expect(await faulting.faultOf((self) => self.memory.store64(writable + 0xffc, 2n ** 64n - 1n))).toEqual([BigInt(readOnly), 0n, STORE]);
    expect(await faulting.faultOf((self) => self.memory.load32(readOnly + 0xffe))).toEqual([BigInt(readOnly + 0x1000), 0n, LOAD]);
    expect(await faulting.faultOf((self) => self.memory.load32(writable - 2))).toEqual([BigInt(writable - 2), 0n, LOAD]);
    expect(await task.memory.load64(writable + 0xff8)).toBe(0n);
  }));

  it('makes the access again when the handler has mapped the page', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    const frame = await task.untyped.create('RISCV_4K_Page');
    const address = task.resources.addresses.allocate();
    const seen: bigint[] = [];
    await faulting.start(async (self) => {
      await self.memory.store64(address + 8, 77);
      seen.push(await self.memory.load64(address + 8));
      await self.memory.load8(0);
    });
    const first = await faulting.next();
    expect(first.words.slice(1)).toEqual([BigInt(address + 8), 0n, STORE]);
    await first.reply();
    // Nothing has changed: the same fault again.
    const again = await faulting.next();
    expect(again.words).toEqual(first.words);
    await mapFrame(frame, task.vspace, address, CapRights.readWrite, task.untyped);
    await again.reply();
    expect((await faulting.next()).words[1]).toBe(0n);
    expect(seen).toEqual([77n]);
    expect(await task.memory.load64(address + 8)).toBe(77n);
  }));

  it('goes on behind a load that the handler made for the thread', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    const seen: bigint[] = [];
    const { tcb } = await faulting.start(async (self) => {
      seen.push(await self.memory.load64(0x3000_0000));
      await self.memory.load8(0);
    });
    const { words: [pc] } = await faulting.next();
    const registers = await tcb.readRegisters(false, 0, 32);
    expect(registers).toMatchObject({ pc, t6: 0x3000_0000n });
    await tcb.writeRegisters(true, 0, 32, { ...registers, pc: pc! + 4n, t5: 0x1234_5678_9abc_def0n });
    expect((await faulting.next()).words[1]).toBe(0n);
    expect(seen).toEqual([0x1234_5678_9abc_def0n]);
  }));

  it('is that of the IPC buffer and of the boot information', () => run(scheduling, async (task) => {
    const { memory } = task;
    const bootInfo = 0x2_1000;
    const buffer = await memory.load64(bootInfo + 4 * 8);
    expect(await memory.load64(bootInfo + 5 * 8)).toBe(BigInt(task.bootInfo.empty.start));
    await task.cnode.mint(task.slots.allocate(), 64, INIT_CAP.threadCNode, INIT_CAP.threadTCB, 64, CapRights.all, 0);
    // The stub put the capability of the source's CNode there; the thread finds it in its memory.
    expect(await memory.load64(buffer + 8n * BigInt(IPC_BUFFER.capsOrBadges))).toBe(BigInt(INIT_CAP.threadCNode));
    await memory.store64(buffer + 8n * BigInt(IPC_BUFFER.msg + 100), 0xabcn);
    expect(task.runtime.context.ipcBuffer![2 * (IPC_BUFFER.msg + 100)]).toBe(0xabc);
  }));

  it('is zero when frames are made of memory again', () => run(scheduling, async (task) => {
    const untyped = await task.untyped.create('Untyped', { sizeBits: 12 });
    const slot = task.slots.allocate();
    const type = OBJECT_TYPES[scheduling].RISCV_4K_Page!;
    await untyped.retype(type, 0, task.cnode, 0, 0, slot, 1);
    const frame = new (task.bootInfoFrame.constructor as typeof RISCVPage)(task.runtime, slot);
    const at = await task.map(frame);
    await task.memory.store64(at + 0x800, 42);
    await task.revoke(untyped);
    await untyped.retype(type, 0, task.cnode, 0, 0, slot, 1);
    await mapFrame(frame, task.vspace, at, CapRights.readWrite, task.untyped);
    expect(await task.memory.load64(at + 0x800)).toBe(0n);
  }));

  it('is shared by all mappings of a frame, and unmapped with the capability of each', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    for (const [type, bits] of [['RISCV_4K_Page', PAGE_BITS.small], ['RISCV_Mega_Page', PAGE_BITS.mega]] as const) {
      const frame = await task.untyped.create(type);
      const copy = await task.copy(frame);
      const third = await task.copy(frame);
      const [a, b, c] = [await task.map(frame, CapRights.readWrite, bits), await task.map(copy, CapRights.readWrite, bits), await task.map(third, CapRights.read, bits)];
      const last = 2 ** bits - 8;
      await task.memory.store64(a + last, 5);
      expect([await task.memory.load64(b + last), await task.memory.load64(c + last)]).toEqual([5n, 5n]);
      await task.delete(third);
      expect(await faulting.faultOf((self) => self.memory.load64(c + last))).toEqual([BigInt(c + last), 0n, LOAD]);
      await task.revoke(frame);
      expect(await faulting.faultOf((self) => self.memory.load64(b + last))).toEqual([BigInt(b + last), 0n, LOAD]);
      expect(await task.memory.load64(a + last)).toBe(5n);
      await task.delete(frame);
      expect(await faulting.faultOf((self) => self.memory.store64(a, 1))).toEqual([BigInt(a), 0n, STORE]);
    }
  }));

  it('goes with the page table that it is mapped in', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    const frame = await task.untyped.create('RISCV_4K_Page');
    const tables = [await task.untyped.create('RISCV_PageTable'), await task.untyped.create('RISCV_PageTable')];
    const at = 0x20_0000_0000;
    for (const table of tables) await table.map(task.vspace, at, VMAttributes.default);
    await frame.map(task.vspace, at, CapRights.readWrite, VMAttributes.default);
    await task.memory.store64(at, 9);
    await task.delete(tables[0]!);
    expect(await faulting.faultOf((self) => self.memory.load64(at))).toEqual([BigInt(at), 0n, LOAD]);
  }));

  it('is that of the address space that the thread has', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    const vspace = await task.untyped.create('RISCV_PageTable');
    await task.asidPool.assign(vspace);
    const at = 0x1000_0000;
    const [own, other] = [await task.untyped.create('RISCV_4K_Page'), await task.untyped.create('RISCV_4K_Page')];
    await mapFrame(own, task.vspace, at + 0x20_0000, CapRights.readWrite, task.untyped);
    await mapFrame(other, vspace, at + 0x20_0000, CapRights.readWrite, task.untyped);
    await task.memory.store64(at + 0x20_0000, 1);
    const seen: bigint[] = [];
    const { tcb } = await faulting.start(async (self) => {
      seen.push(await self.memory.load64(at + 0x20_0000));
      await self.memory.store64(at + 0x20_0000, 2);
      await self.memory.load8(0);
    }, { start: false });
    await setVSpace(task, tcb, vspace.cptr, faulting);
    await tcb.resume();
    expect((await faulting.next()).words[1]).toBe(0n);
    expect(seen).toEqual([0n]);
    expect(await task.memory.load64(at + 0x20_0000)).toBe(1n);
  }));

  it('of a thread without an address space: it cannot even fetch an instruction', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    const pool = task.slots.allocate();
    await task.asidControl.makePool(await task.untyped.create('Untyped', { sizeBits: 12 }), task.cnode, pool, 64);
    const vspace = await task.untyped.create('RISCV_PageTable');
    await new (task.asidPool.constructor as new (runtime: unknown, cptr: number) => typeof task.asidPool)(task.runtime, pool).assign(vspace);
    let hasRun = false;
    const { tcb } = await faulting.start(async (self) => {
      hasRun = true;
      await self.yield();
    }, { start: false });
    await setVSpace(task, tcb, vspace.cptr, faulting);
    await task.cnode.delete(pool, 64);
    await tcb.resume();
    const { words } = await faulting.next();
    expect([words[0] === words[1], words.slice(2), hasRun]).toEqual([true, [1n, 1n], false]);
  }));

  it('ends the same way for a thread that loses it on the way', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    const vspace = await task.untyped.create('RISCV_PageTable');
    await task.asidPool.assign(vspace);
    let rounds = 0;
    const { tcb } = await faulting.start(async (self) => {
      for (;;) {
        rounds++;
        await self.compute(1000);
      }
    }, { start: false, priority: 100 });
    await setVSpace(task, tcb, vspace.cptr, faulting);
    await tcb.resume();
    await task.startThread({
      name: 'deleter', priority: 100, run: async (self) => {
        await self.yield();
        await self.revoke(vspace);
      },
    });
    const { label, words } = await faulting.next();
    expect([label, words.slice(2)]).toEqual([FAULT_LABELS[scheduling].VMFault, [1n, 1n]]);
    expect(rounds).toBeGreaterThan(1);
  }));

  it('outside the text of functions holds no instruction that a thread can execute', () => run(scheduling, async (task) => {
    const faulting = await Faulting.of(task);
    const code = await page(task, 0);
    const { tcb } = await faulting.start(async () => {});
    await faulting.next();
    const { UserException, VMFault } = FAULT_LABELS[scheduling];
    await tcb.writeRegisters(true, 0, 1, { pc: code + 2 });
    expect(await faulting.next()).toMatchObject({ label: UserException, words: [BigInt(code + 2), 0n, 2n, 0n] });
    await tcb.writeRegisters(true, 0, 1, { pc: code + 0x1000 + 1 });
    expect(await faulting.next()).toMatchObject({ label: VMFault, words: [BigInt(code + 0x1000), BigInt(code + 0x1000), 1n, 1n] });
    const noCode = await task.untyped.create('RISCV_4K_Page');
    await noCode.map(task.vspace, code + 0x1000, CapRights.readWrite, VMAttributes.executeNever);
    await tcb.writeRegisters(true, 0, 1, { pc: code + 0x1000 });
    expect(await faulting.next()).toMatchObject({ label: VMFault, words: [BigInt(code + 0x1000), BigInt(code + 0x1000), 1n, 1n] });
  }));
});

/** Gives a thread another address space, and leaves its fault handler. */
async function setVSpace(task: RootTask, tcb: Thread['tcb'], vspace: bigint, faulting: Faulting): Promise<void> {
  await tcb.setSpace(faulting.endpoint.cptr, task.cnode, 0, vspace, 0);
}

describe('frames of devices', () => {
  it('can be had at any physical address, once', () => run('mcs', async (task) => {
    const frame = await task.devices.frame(0x10_1000n);
    expect(await frame.getAddress()).toBe(0x10_1000n);
    expect(await (await task.devices.frame(0x10_2000n)).getAddress()).toBe(0x10_2000n);
    expect(await (await task.devices.frame(0x20_0000n, PAGE_BITS.mega)).getAddress()).toBe(0x20_0000n);
    await expect(task.devices.frame(0x10_1000n)).rejects.toThrow(OutOfMemoryError);
    await expect(task.devices.frame(0x10_1008n)).rejects.toThrow('0x101008 is not aligned to a frame of 2^12 bytes');
    await expect(task.devices.frame(0x9000_0000n)).rejects.toThrow('the task has no device memory of 2^12 bytes at 0x90000000');
    await expect(task.devices.frame(0n, 13)).rejects.toThrow('there are no frames of 2^13 bytes');
  }));

  it('of 1 GiB are translated by one entry, and unmapped with it', () => run('mcs', async (task) => {
    const faulting = await Faulting.of(task);
    const giga = await task.devices.frame(0x1_0000_0000n, PAGE_BITS.giga);
    const at = await task.map(giga, CapRights.readWrite, PAGE_BITS.giga);
    // Translated, but nothing is there: an access fault, which the kernel reports as it reports a page fault.
    expect(await faulting.faultOf((self) => self.memory.load64(at + 0x3fff_fff8))).toEqual([BigInt(at + 0x3fff_fff8), 0n, LOAD]);
    await giga.unmap();
    expect(await faulting.faultOf((self) => self.memory.load64(at))).toEqual([BigInt(at), 0n, LOAD]);
  }));

  it('that nothing answers at are access faults, and the console says so', async () => {
    let console = '';
    await run('mcs', async (task) => {
      const faulting = await Faulting.of(task);
      const at = await task.map(await task.devices.frame(0x10_1000n));
      const nothing = await task.map(await task.devices.frame(0x10_5000n));
      expect(await faulting.faultOf((self) => self.memory.load64(nothing + 8))).toEqual([BigInt(nothing + 8), 0n, LOAD]);
      expect(await faulting.faultOf((self) => self.memory.store8(nothing, 1))).toEqual([BigInt(nothing), 0n, STORE]);
      expect(await faulting.faultOf((self) => self.memory.load32(at + 0x24))).toEqual([BigInt(at + 0x24), 0n, LOAD]);
      expect(await faulting.faultOf((self) => self.memory.load8(at))).toEqual([BigInt(at), 0n, LOAD]);
    }, { console: (text) => { console += text; } });
    expect(console).toMatch(/^model: load of 8 bytes at 0x105008 from pc 0x[0-9a-f]+: nothing is there \(access fault\)\n/);
    expect(console).toContain('store of 1 byte at 0x105000');
    expect(console).toContain('load of 1 byte at 0x101000');
  });

  it('hold no instructions', () => run('mcs', async (task) => {
    const faulting = await Faulting.of(task);
    const at = await task.map(await task.devices.frame(0x10_1000n));
    const { tcb } = await faulting.start(async () => {});
    await faulting.next();
    await tcb.writeRegisters(true, 0, 1, { pc: at });
    expect((await faulting.next()).words).toEqual([BigInt(at), BigInt(at), 1n, 1n]);
  }));
});
