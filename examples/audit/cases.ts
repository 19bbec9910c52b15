// SPDX-License-Identifier: BSD-2-Clause
/** All cases: every situation of every method, by every system call that can invoke it, with every kind of IPC buffer. */
import type { IpcBufferOption, RootTask } from 'sel4scope';
import { interfacesOf, type BufferKind, type Method, type Scheduling } from 'sel4scope/schema';
import { ACCESS_SCENARIOS } from './accesses.ts';
import { Auditor, ExpectationError, type AuditTask } from './auditor.ts';
import { BUFFERS } from './buffers.ts';
import { CSPACE } from './cspace.ts';
import { derivedVariants, INVOKING } from './derived.ts';
import { FAULTS } from './faults.ts';
import { UNHEARD_FAULTS } from './ghost-fault.ts';
import { HANDLERS } from './handlers.ts';
import { INTERRUPTS } from './interrupts.ts';
import { LATE_ANSWERS } from './late-answers.ts';
import { LONG_OPERATIONS } from './long-operations.ts';
import { MEMORY } from './memory.ts';
import { MESSAGES } from './ipc.ts';
import type { InvokingSyscall } from './request.ts';
import type { Scenarios } from './scenario.ts';
import { SCHEDULING } from './scheduling.ts';
import { SERVERS } from './servers.ts';
import { THREADS } from './threads.ts';
import type { SituationKind, Variant, Variants } from './variant.ts';
import { WAITING } from './waiting.ts';

/** One case: what a run of its own is made of. */
export interface AuditCase {
  /** `METHOD/SITUATION/SYSCALL/BUFFER`, e.g. `SchedContextConsumed/own/Call/rw`; `FAMILY/SITUATION` for a scenario. */
  readonly id: string;
  /** Id of the method that it is about, or one of {@link SCENARIO_FAMILIES}. */
  readonly method: string;
  /** Class of the method's object, e.g. `seL4_TCB`. */
  readonly object: string;
  readonly situation: string;
  readonly kind: SituationKind;
  readonly syscall: InvokingSyscall;
  /** IPC buffer of the caller. */
  readonly buffer: BufferKind;
  /** Whether the caller never returns: a run of the case alone ends with nothing left to run. */
  readonly stalls: boolean;
  /** Whether it needs a system of its own: it stalls, or uses up what other cases need. */
  readonly alone: boolean;
  /** Whether it makes system calls that release builds of a kernel do not have. */
  readonly needsDebugBuild: boolean;
  /** Whether it needs interrupts that a kernel hands out: those of devices. */
  readonly needsInterrupts: boolean;
  /** Rules that warn of what the case does on purpose: no findings about the kernel. */
  readonly provokes: readonly string[];
  /** Runs the case. Throws an ExpectationError when the kernel did not do what it must. */
  readonly run: (task: AuditTask) => Promise<void>;
}

const SOURCES: readonly Variants[] = [MEMORY, CSPACE, THREADS, SCHEDULING, LATE_ANSWERS, LONG_OPERATIONS];

/** Those of interrupt control and of handlers, whose capabilities the former gives. */
const INTERRUPT_METHODS = /^(RISCV)?IRQ/;

const BUFFER_OPTION: Readonly<Record<BufferKind, IpcBufferOption>> = { none: 'none', ro: 'readOnly', rw: 'readWrite' };

/** Kinds of situations that are tried with every kind of buffer by every system call; the others by Call only. */
const EVERY_BUFFER: ReadonlySet<SituationKind> = new Set(['accepted', 'late answer', 'preempted']);

/** Kinds of situations that do not come about unless the kernel gets the whole request. */
const MEANT_AS_IT_IS: ReadonlySet<SituationKind> = new Set(['preempted', 'caller suspended', 'caller deleted']);

/** The cases of a configuration, in the order of the methods' labels. */
export function auditCases(scheduling: Scheduling): AuditCase[] {
  const cases: AuditCase[] = [];
  for (const method of interfacesOf(`riscv64-${scheduling}`).methods) {
    for (const [situation, variant] of Object.entries(variantsOf(method))) {
      if (variant.only !== undefined && variant.only !== scheduling) continue;
      for (const syscall of variant.syscalls ?? INVOKING[scheduling]) {
        if (!INVOKING[scheduling].includes(syscall)) continue;
        for (const buffer of ['rw', 'ro', 'none'] as const) {
          if (isWorthwhile(method, variant, syscall, buffer)) cases.push(caseOf(method, situation, variant, syscall, buffer));
        }
      }
    }
  }
  return [...cases, ...scenarioCases(scheduling)];
}

/** Scenarios by family. */
const SCENARIOS: Readonly<Record<string, Scenarios>> = {
  Messages: MESSAGES, Faults: { ...FAULTS, ...UNHEARD_FAULTS }, Handlers: HANDLERS, Waiting: WAITING, Servers: SERVERS, Buffers: BUFFERS,
  Memory: ACCESS_SCENARIOS, Interrupts: INTERRUPTS,
};

/** Families of scenarios: in a case one stands where the method does, for they are about system calls. */
export const SCENARIO_FAMILIES: readonly string[] = Object.keys(SCENARIOS);

function scenarioCases(scheduling: Scheduling): AuditCase[] {
  return Object.entries(SCENARIOS).flatMap(([family, scenarios]) => Object.entries(scenarios)
    .filter(([, { only }]) => only === undefined || only === scheduling)
    .map(([situation, { run, needsDebugBuild = false }]): AuditCase => ({
      id: `${family}/${situation}`, method: family, object: 'system calls', situation, kind: 'accepted', syscall: 'Call', buffer: 'rw',
      // All but the messages leave threads behind.
      stalls: false, alone: scenarios !== MESSAGES, needsDebugBuild, needsInterrupts: scenarios === INTERRUPTS, provokes: [], run: (task) => run(task as RootTask),
    })));
}

function isWorthwhile(method: Method, variant: Variant, syscall: InvokingSyscall, buffer: BufferKind): boolean {
  if (variant.buffers !== undefined) return variant.buffers.includes(buffer);
  if (buffer === 'rw') return true;
  if (MEANT_AS_IT_IS.has(variant.kind) && !fits(method, variant, buffer)) return false;
  return syscall === 'Call' || EVERY_BUFFER.has(variant.kind);
}

function variantsOf(method: Method): Readonly<Record<string, Variant>> {
  const own: Record<string, Variant> = Object.assign({}, ...SOURCES.map((source) => source[method.id]));
  const good = Object.values(own).find(({ kind }) => kind === 'accepted');
  if (good === undefined) throw new Error(`no case in which ${method.id} is accepted`);
  return { ...own, ...derivedVariants(method, good) };
}

function caseOf(method: Method, situation: string, variant: Variant, syscall: InvokingSyscall, buffer: BufferKind): AuditCase {
  return {
    id: `${method.id}/${situation}/${syscall}/${buffer}`,
    method: method.id, object: method.interfaceName, situation, kind: variant.kind, syscall, buffer, stalls: variant.expect === 'stops',
    alone: variant.alone === true || variant.expect === 'stops', needsDebugBuild: false, needsInterrupts: INTERRUPT_METHODS.test(method.id), provokes: variant.provokes ?? [],
    run: async (task) => {
      const auditor = await Auditor.prepare(task, syscall, { ...variant.caller, ipcBuffer: BUFFER_OPTION[buffer] });
      await auditor.invoke(method.id, await variant.build(auditor));
      if (variant.expect === 'stops') throw new ExpectationError('the caller came back from an invocation that must stop it');
      if (fits(method, variant, buffer)) auditor.expectAnswer(variant.expect);
    },
  };
}

/** Whether the request reaches the kernel as it is meant: without a buffer, extra capabilities and words behind the registers do not. */
function fits(method: Method, variant: Variant, buffer: BufferKind): boolean {
  if (buffer !== 'none' || variant.kind === 'null' || variant.kind === 'wrong type') return true;
  return method.capParameters.length === 0 && method.requestLength <= 4;
}
