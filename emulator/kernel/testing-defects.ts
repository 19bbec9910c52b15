// SPDX-License-Identifier: BSD-2-Clause
/** For tests of defects: for each a small program that shows it. On a correct kernel nothing is wrong with the programs. */
import { INIT_CAP, SLOT } from '../../schema/abi/index.ts';
import type { DefectName } from './defects.ts';
import { createObject } from './object/object-types.ts';
import type { Endpoint } from './objects.ts';
import type { Placed, TestThread, World } from './testing-threads.ts';

const CNODE = INIT_CAP.threadCNode;
const VSPACE = INIT_CAP.threadVSpace;
/** Where nothing is mapped. */
const ADDRESS = 0x10_0000_0000;
const DEPTH = 64;
const ILLEGAL_INSTRUCTION = { cause: 2, valueLo: 0, valueHi: 0 };
const LOAD_PAGE_FAULT = { cause: 13, valueLo: 0x5000, valueHi: 0 };

/** A thread of priority 100 that runs, with another of the same priority that is ready. */
function yielder(w: World): { caller: TestThread; target: TestThread } {
  const target = w.thread('target', { priority: 50 });
  const caller = w.thread('caller', { priority: 100, mcp: 255 });
  w.resume(target, caller);
  w.rest();
  w.succeed(target.cptr, 'TCBSetPriority', [100], [caller.cptr]);
  w.mustRun(caller);
  return { caller, target };
}

/** A thread that runs, and a handler of higher priority that waits for its faults. */
function faulter(w: World): { handler: TestThread; thread: TestThread; endpoint: Placed<Endpoint>; reply: number } {
  const endpoint = w.endpoint('faults');
  const reply = w.kernel.mcs ? w.reply().cptr : 0;
  const handler = w.thread('handler', { priority: 101 });
  const thread = w.thread('faulter', { priority: 100, faultHandler: endpoint });
  w.resume(handler, thread);
  w.rest();
  w.trap('Recv', { cptr: endpoint.cptr, reply });
  w.mustRun(thread);
  return { handler, thread, endpoint, reply };
}

/** The running thread answers whom it received from. */
function answer(w: World, reply: number, words: readonly number[] = []): void {
  if (w.kernel.mcs) w.trap('Send', { cptr: reply, words });
  else w.trap('Reply', { words });
}

/** Page tables for {@link ADDRESS}, by the root task. */
function mapTables(w: World): void {
  for (const name of ['upper', 'lower']) {
    w.succeed(w.create('RISCV_PageTable', name).cptr, 'RISCVPageTableMap', [ADDRESS, 0], [VSPACE]);
  }
}

export const DEFECT_PROGRAMS: Record<DefectName, (w: World) => void> = {
  'page-get-address': (w) => {
    const { cptr } = w.create('RISCV_4K_Page', 'page');
    w.call(cptr, 'RISCVPageGetAddress');
    w.invoke('Send', cptr, 'RISCVPageGetAddress');
  },
  'sc-consumed': (w) => {
    w.call(INIT_CAP.initThreadSC, 'SchedContextConsumed');
    w.invoke('NBSend', INIT_CAP.initThreadSC, 'SchedContextConsumed');
  },
  'sc-yield-to': (w) => {
    const target = w.thread('target');
    w.resume(target);
    w.call(target.context!.cptr, 'SchedContextYieldTo');
    w.invoke('Send', target.context!.cptr, 'SchedContextYieldTo');
  },
  'yield-to-wrong-thread': (w) => {
    const wakeUp = w.notification('wake up');
    const second = w.thread('second', { priority: 110, mcp: 255 });
    const caller = w.thread('caller', { priority: 101, mcp: 255 });
    const target = w.thread('target', { priority: 100 });
    w.resume(second, caller, target);
    w.rest();
    w.wait(wakeUp);
    w.succeed(caller.cptr, 'TCBSetPriority', [100], [caller.cptr]);
    w.mustRun(caller);
    w.call(target.context!.cptr, 'SchedContextYieldTo');
    w.mustRun(target);
    w.trap('Send', { cptr: wakeUp.cptr });
    w.mustRun(second);
    w.invoke('Send', target.context!.cptr, 'SchedContextYieldTo');
    w.wait(wakeUp);
    w.wait(w.notification());
    w.mustRun(caller);
  },
  'yield-to-send': (w) => {
    const { caller, target } = yielder(w);
    w.invoke('Send', target.context!.cptr, 'SchedContextYieldTo');
    w.mustRun(target);
    w.wait(w.notification());
    w.mustRun(caller);
  },
  'yield-to-returns': (w) => {
    const { target } = yielder(w);
    w.call(target.context!.cptr, 'SchedContextYieldTo');
  },
  'page-table-unmap': (w) => {
    const { cptr } = w.create('RISCV_PageTable', 'table');
    w.succeed(cptr, 'RISCVPageTableMap', [ADDRESS, 0], [VSPACE]);
    w.call(cptr, 'RISCVPageTableUnmap');
  },
  'page-table-map-vspace': (w) => {
    w.call(w.create('RISCV_PageTable', 'table').cptr, 'RISCVPageTableMap', [ADDRESS, 0], [CNODE]);
  },
  'page-table-map-occupied': (w) => {
    mapTables(w);
    w.call(w.create('RISCV_PageTable', 'too many').cptr, 'RISCVPageTableMap', [ADDRESS, 0], [VSPACE]);
  },
  'asid-lookup': (w) => {
    const pool = w.emptySlot().cptr;
    const vspace = w.create('RISCV_PageTable', 'address space').cptr;
    w.succeed(INIT_CAP.asidControl, 'RISCVASIDControlMakePool', [pool, DEPTH], [w.create('Untyped', 'memory', 12).cptr, CNODE]);
    w.succeed(pool, 'RISCVASIDPoolAssign', [], [vspace]);
    w.succeed(CNODE, 'CNodeDelete', [pool, DEPTH]);
    w.call(w.create('RISCV_PageTable', 'table').cptr, 'RISCVPageTableMap', [ADDRESS, 0], [vspace]);
    w.call(w.create('RISCV_4K_Page', 'page').cptr, 'RISCVPageMap', [ADDRESS, 3, 0], [vspace]);
  },
  'page-remap': (w) => {
    mapTables(w);
    const { cptr } = w.create('RISCV_4K_Page', 'page');
    w.succeed(cptr, 'RISCVPageMap', [ADDRESS, 3, 0], [VSPACE]);
    w.call(cptr, 'RISCVPageMap', [ADDRESS + 0x1000, 3, 0], [VSPACE]);
  },
  'retype-range': (w) => {
    const untyped = 0;
    w.call(w.create('Untyped', 'memory', 12).cptr, 'UntypedRetype', [untyped, 40, 0, 0, w.emptySlot().cptr, 1], [CNODE]);
  },
  'timeout-endpoint-error': (w) => {
    w.call(INIT_CAP.threadTCB, 'TCBSetTimeoutEndpoint');
    w.call(CNODE, 'CNodeCopy', [CNODE, DEPTH, CNODE, DEPTH, 15], [CNODE]);
    w.call(INIT_CAP.threadTCB, 'TCBSetTimeoutEndpoint');
  },
  'configure-flags-short': (w) => {
    w.call(w.schedControl, 'SchedControlConfigureFlags', [5000, 5000, 0, 0], [w.schedContext('context').cptr]);
  },
  'user-exception-layout': (w) => {
    const { handler, thread, reply } = faulter(w);
    w.host.exception(ILLEGAL_INSTRUCTION);
    w.mustRun(handler);
    answer(w, reply, [thread.object.registers[2 * SLOT.FaultIP]! + 4, 0, 7]);
  },
  'vm-fault-prefetch': (w) => {
    const { handler } = faulter(w);
    w.host.exception(LOAD_PAGE_FAULT);
    w.mustRun(handler);
  },
  'cap-fault-lookup': (w) => {
    const { handler } = faulter(w);
    w.trap('NBSend', { cptr: w.notification().cptr });
    w.trap('Call', { cptr: 0x4000_0000 });
    w.mustRun(handler);
  },
  'reply-cap-fault': (w) => {
    const { handler } = faulter(w);
    w.trap('Recv', { cptr: w.endpoint().cptr, reply: w.notification().cptr });
    w.mustRun(handler);
  },
  'cancel-ipc-fault': (w) => {
    const { handler, thread } = faulter(w);
    const receiver = w.endpoint('receiver');
    const wakeUp = w.notification();
    w.host.exception(ILLEGAL_INSTRUCTION);
    w.mustRun(handler);
    w.succeed(thread.cptr, 'TCBResume');
    w.wait(wakeUp);
    w.mustRun(thread);
    w.trap('NBSend', { cptr: wakeUp.cptr });
    w.mustRun(handler);
    w.call(thread.cptr, 'TCBResume');
    w.wait(wakeUp);
    w.mustRun(thread);
    w.succeed(handler.cptr, 'TCBResume');
    w.mustRun(handler);
    w.wait(receiver);
    w.mustRun(thread);
    w.trap('Send', { cptr: receiver.cptr, label: 77 });
  },
  'classic-ghost-fault': (w) => {
    const [unheard, lost, service] = [w.endpoint('unheard'), w.endpoint('lost'), w.endpoint('service')];
    const caller = w.thread('caller', { priority: 103, faultHandler: unheard });
    const sender = w.thread('sender', { priority: 102, faultHandler: lost });
    const server = w.thread('server', { priority: 101 });
    w.resume(caller, sender, server);
    w.rest();
    w.host.exception(ILLEGAL_INSTRUCTION);
    w.mustRun(sender);
    w.host.exception(ILLEGAL_INSTRUCTION);
    w.mustRun(server);
    w.succeed(caller.cptr, 'TCBResume');
    if (w.current === caller.object) w.trap('Call', { cptr: service.cptr, label: 77 });
    w.mustRun(server);
    w.wait(service);
    w.trap('Reply');
    // Whose call was taken for a fault makes it again.
    if (w.current === caller.object) w.wait(w.notification());
    w.mustRun(server);
    w.invoke('Send', CNODE, 'CNodeDelete', [lost.cptr, DEPTH]);
    w.mustRun(sender);
    w.trap('Send', { cptr: service.cptr, label: 78 });
    w.mustRun(server);
    w.wait(service);
  },
  'answered-restart': (w) => {
    const endpoint = w.endpoint();
    const reply = w.kernel.mcs ? w.reply().cptr : 0;
    const server = w.thread('server', { priority: 101 });
    const client = w.thread('client', { priority: 100 });
    w.resume(server, client);
    w.rest();
    w.trap('Recv', { cptr: endpoint.cptr, reply });
    w.mustRun(client);
    w.trap('Call', { cptr: endpoint.cptr, label: 7 });
    w.mustRun(server);
    answer(w, reply, [1]);
    w.mustRun(server);
    w.succeed(client.cptr, 'TCBSuspend');
    w.succeed(client.cptr, 'TCBResume');
    w.wait(w.notification());
    w.mustRun(client);
    // Whatever instruction comes next, the registers are those of the answer.
    w.host.syscall();
  },
  'call-without-reply': (w) => {
    const endpoint = w.endpoint();
    const server = w.thread('server', { priority: 101 });
    const client = w.thread('client', { priority: 100 });
    const unlucky = w.thread('unlucky', { priority: 99, faultHandler: endpoint });
    w.resume(server, client, unlucky);
    w.rest();
    w.wait(endpoint);
    w.mustRun(client);
    w.trap('Call', { cptr: endpoint.cptr, label: 7 });
    w.mustRun(server);
    w.wait(endpoint);
    if (w.current === client.object) w.wait(w.notification());
    w.mustRun(unlucky);
    w.host.exception(ILLEGAL_INSTRUCTION);
    w.mustRun(server);
  },
  'cancel-faulters': (w) => {
    const endpoint = w.endpoint();
    const badged = w.mint(endpoint, { badge: { lo: 5, hi: 0 } });
    const other = w.endpoint('other');
    const first = w.thread('first', { priority: 103, faultHandler: badged });
    const second = w.thread('second', { priority: 102, faultHandler: other });
    const destroyer = w.thread('destroyer', { priority: 101 });
    w.resume(first, second, destroyer);
    w.rest();
    w.host.exception(ILLEGAL_INSTRUCTION);
    w.mustRun(second);
    w.host.exception(ILLEGAL_INSTRUCTION);
    w.mustRun(destroyer);
    w.invoke('Send', CNODE, 'CNodeCancelBadgedSends', [badged.cptr, DEPTH]);
    // Faulters that start again come first, and raise their faults again.
    if (w.current === first.object) w.wait(w.notification());
    w.mustRun(destroyer);
    w.succeed(CNODE, 'CNodeRevoke', [other.cptr, DEPTH]);
    w.invoke('Send', CNODE, 'CNodeDelete', [other.cptr, DEPTH]);
  },
  'wake-unschedulable': (w) => {
    const notification = w.notification();
    const sleeper = w.thread('sleeper', { priority: 101 });
    const other = w.thread('other', { priority: 100, mcp: 255 });
    w.resume(sleeper, other);
    w.rest();
    w.wait(notification);
    w.mustRun(other);
    w.succeed(sleeper.cptr, 'TCBSetPriority', [50], [other.cptr]);
    w.succeed(sleeper.context!.cptr, 'SchedContextUnbind');
    w.trap('Send', { cptr: notification.cptr });
    w.mustRun(other);
    w.wait(w.notification());
  },
  'unbind-current': (w) => {
    const first = w.thread('first', { priority: 101 });
    const second = w.thread('second', { priority: 100 });
    w.resume(first, second);
    w.rest();
    w.call(first.context!.cptr, 'SchedContextUnbind');
    w.wait(w.notification());
    w.mustRun(second);
    w.call(second.context!.cptr, 'SchedContextUnbindObject', [], [second.cptr]);
  },
  'consumed-ticks': (w) => {
    // Time is charged when the budget ends.
    let left = 12_000_000;
    while (left > 0) left = w.host.compute(left);
    w.call(INIT_CAP.initThreadSC, 'SchedContextConsumed');
  },
  'wait-loses-caller': (w) => {
    const endpoint = w.endpoint();
    const server = w.thread('server', { priority: 101 });
    const client = w.thread('client', { priority: 100 });
    w.resume(server, client);
    w.rest();
    w.trap('Recv', { cptr: endpoint.cptr });
    w.trap('Call', { cptr: endpoint.cptr });
    w.mustRun(server);
    w.wait(w.notification());
  },
  'device-buffer': (w) => {
    const endpoint = w.endpoint();
    const sender = w.thread('sender', { priority: 101 });
    const receiver = w.thread('receiver', { priority: 100, buffer: 'none' });
    const device = w.place(createObject(w.kernel, 'RISCV_4K_Page', 0, 0x1000_0000, true));
    w.call(receiver.cptr, 'TCBSetIPCBuffer', [0x20_0000], [device.cptr]);
    w.resume(sender, receiver);
    w.rest();
    w.trap('Send', { cptr: endpoint.cptr, words: [1, 2, 3, 4, 5, 6] });
    w.mustRun(receiver);
    w.wait(endpoint);
  },
};
