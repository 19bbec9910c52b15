// SPDX-License-Identifier: BSD-2-Clause
/** Threads: registers, configuration, running and stopping. */
import { TCB } from 'sel4scope';
import type { AuditCase } from './auditor.ts';
import { idleThread, stoppedThread } from './objects.ts';

const { methods } = TCB;
/** Registers of `seL4_UserContext` on riscv64. */
const ALL_REGISTERS = 32;

export const THREAD_CASES: readonly AuditCase[] = [
  {
    title: 'read all registers, which needs the IPC buffer',
    run: async (a) => a.accepted(await stoppedThread(a), methods.readRegisters, false, 0, ALL_REGISTERS),
  },
  {
    title: 'read as many registers as fit the message registers',
    run: async (a) => a.accepted(await stoppedThread(a), methods.readRegisters, true, 0, 3),
  },
  {
    title: 'read no registers',
    run: async (a) => a.refused('RangeError', await stoppedThread(a), methods.readRegisters, false, 0, 0),
  },
  {
    title: 'read the own registers',
    run: async (a) => a.refused('IllegalOperation', a.task.tcb, methods.readRegisters, false, 0, 1),
  },
  {
    title: 'write and copy registers',
    run: async (a) => {
      const thread = await stoppedThread(a);
      await a.accepted(thread, methods.writeRegisters, false, 0, ALL_REGISTERS, { pc: 0x1000, sp: 0x2000, a0: 0xffff_ffff_ffff_ffffn });
      await a.accepted(await stoppedThread(a), methods.copyRegisters, thread, false, false, true, true, 0);
    },
  },
  {
    title: 'configure a thread, then its parts one by one',
    run: async (a) => {
      const { task } = a;
      const thread = await stoppedThread(a);
      const frame = await task.untyped.create('RISCV_4K_Page');
      const address = await task.map(frame);
      await a.accepted(thread, methods.configure, task.cnode, 0, task.vspace, 0, address, frame);
      await a.accepted(thread, methods.setIPCBuffer, address + 1024, frame);
      await a.accepted(thread, methods.setSpace, 0, task.cnode, 0, task.vspace, 0);
    },
  },
  {
    title: 'an unaligned IPC buffer',
    run: async (a) => a.refused('AlignmentError', await stoppedThread(a), methods.setIPCBuffer, 0x1000_0008, a.task.rootIpcBuffer),
  },
  {
    title: 'an address space that is none',
    run: async (a) => a.refused('IllegalOperation', await stoppedThread(a), methods.setSpace, 0, a.task.cnode, 0, a.task.cnode, 0),
  },
  {
    title: 'priorities within the authority',
    run: async (a) => {
      const thread = await stoppedThread(a);
      await a.accepted(thread, methods.setMCPriority, a.task.tcb, 100);
      await a.accepted(thread, methods.setPriority, a.task.tcb, 50);
    },
  },
  {
    title: 'a priority above the authority',
    run: async (a) => {
      const authority = await stoppedThread(a);
      await a.refused('RangeError', await stoppedThread(a), methods.setPriority, authority, 1);
    },
  },
  {
    title: 'scheduling parameters with a fault endpoint',
    run: async (a) => {
      const endpoint = await a.task.untyped.create('Endpoint');
      const schedContext = await a.task.untyped.create('SchedContext');
      await a.accepted(await stoppedThread(a), methods.setSchedParams, a.task.tcb, 10, 10, schedContext, endpoint);
    },
  },
  {
    title: 'a timeout endpoint, and something that is none',
    run: async (a) => {
      const thread = await stoppedThread(a);
      await a.accepted(thread, methods.setTimeoutEndpoint, await a.task.untyped.create('Endpoint'));
      await a.refused('InvalidCapability', thread, methods.setTimeoutEndpoint, a.task.cnode);
    },
  },
  {
    title: 'resume and suspend',
    run: async (a) => {
      const { tcb } = await idleThread(a);
      await a.accepted(tcb, methods.resume);
      await a.accepted(tcb, methods.suspend);
    },
  },
  {
    title: 'bind and unbind a notification',
    run: async (a) => {
      const thread = await stoppedThread(a);
      await a.accepted(thread, methods.bindNotification, await a.task.untyped.create('Notification'));
      await a.accepted(thread, methods.unbindNotification);
      await a.refused('IllegalOperation', thread, methods.unbindNotification);
    },
  },
  {
    title: 'thread-local storage and flags',
    run: async (a) => {
      const thread = await stoppedThread(a);
      await a.accepted(thread, methods.setTLSBase, 0x4000);
      await a.accepted(thread, methods.setFlags, 0, 1);
    },
  },
];
