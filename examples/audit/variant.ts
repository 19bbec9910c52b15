// SPDX-License-Identifier: BSD-2-Clause
/** One situation of one method, before it is told by which system call and with which IPC buffer it is tried. */
import type { CapabilityRef, Thread } from 'sel4scope';
import type { BufferKind, ErrorName, Scheduling } from 'sel4scope/schema';
import type { Auditor, CallerOptions, Expectation } from './auditor.ts';
import type { Arguments, InvokingSyscall, Request } from './request.ts';

/** Kinds of situations: the columns of the report's matrix. */
export const SITUATION_KINDS = [
  'accepted', 'refused', 'too little', 'too much', 'null', 'wrong type', 'no such slot', 'bad depth', 'out of budget', 'preempted',
  'caller suspended', 'caller deleted', 'late answer',
] as const;
export type SituationKind = (typeof SITUATION_KINDS)[number];

/** What the caller invokes: a capability, the arguments, and what to do to the request before it is sent. */
export interface Built {
  readonly cap: CapabilityRef;
  readonly args?: Arguments;
  readonly spoil?: (request: Request) => Request;
  /** What the caller does first, as a thread. */
  readonly before?: (self: Thread) => Promise<void>;
}

export interface Variant {
  readonly kind: SituationKind;
  readonly expect: Expectation;
  /** Makes the objects and sets the scene, with the root task's own invocations. */
  readonly build: (a: Auditor) => Promise<Built>;
  /** Default: all configurations. */
  readonly only?: Scheduling;
  readonly caller?: CallerOptions;
  /** IPC buffers of the caller. Default: all that make a difference. */
  readonly buffers?: readonly BufferKind[];
  /** Default: all that the configuration has. */
  readonly syscalls?: readonly InvokingSyscall[];
  /** The case uses up something of the system that others need: it runs only in a system of its own. */
  readonly alone?: boolean;
  /** Rules that warn of what the case does on purpose: no fault of the kernel. */
  readonly provokes?: readonly string[];
}

/** Situations by method id and name; the names are unique for a method. */
export type Variants = Readonly<Record<string, Readonly<Record<string, Variant>>>>;

type Build = Variant['build'];
type Options = Partial<Omit<Variant, 'build' | 'expect'>>;

/** The kernel must accept it. */
export function accepted(build: Build, options: Options = {}): Variant {
  return { kind: 'accepted', expect: 'accepted', build, ...options };
}

/** The kernel must refuse it with this error. */
export function refused(error: ErrorName, build: Build, options: Options = {}): Variant {
  return { kind: 'refused', expect: error, build, ...options };
}

/** It is preempted on its way, and accepted when it is executed again. */
export function preempted(build: Build, options: Options = {}): Variant {
  return { kind: 'preempted', expect: 'accepted', build, ...options };
}

/** The caller must never return from it. */
export function stops(build: Build, options: Options = {}): Variant {
  return { kind: 'caller suspended', expect: 'stops', build, ...options };
}
