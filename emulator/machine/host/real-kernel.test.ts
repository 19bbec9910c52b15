// SPDX-License-Identifier: BSD-2-Clause
/**
 * The same programs on the model and on real kernels, record by record. The kernels are built outside the checkout:
 * `SEL4SCOPE_KERNEL_MCS` and `SEL4SCOPE_KERNEL_CLASSIC` name a kernel.elf each. `SEL4SCOPE_COMPARE_EVERY` is how many cases of
 * the audit one is taken of, 60 if not given; `SEL4SCOPE_COMPARE_CASES`, a regular expression, says which cases count.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ExpectationError } from '../../../examples/audit/auditor.ts';
import { auditCases, type AuditCase } from '../../../examples/audit/cases.ts';
import { RISCV64_SLOTS, STATE, THREAD_STATES, tagLabel, type Scheduling } from '../../../schema/abi/index.ts';
import { CAUSE, CAUSES, DELIVERY, DELIVERY_KINDS, OUTCOME, OUTCOMES, type Delivery, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { ClassicRootTask, RootTask } from '../../../stubs/index.ts';
import type { BootInfo } from '../../../schema/abi/boot-info.ts';
import type { KernelHost, RootTaskImage } from '../../host.ts';
import type { DefectName } from '../../kernel/defects.ts';
import { ModelKernel } from '../../kernel/model.ts';
import { Probe } from '../../probe/probe.ts';
import { UserThreads } from '../../user/threads.ts';
import { readKernelImage, type KernelImage } from '../image/kernel-image.ts';
import { ImageKernel } from './image-kernel.ts';

/** What a correct model does otherwise than the kernels of today. */
const KERNELS_OF_TODAY: Record<Scheduling, readonly DefectName[]> = { mcs: ['yield-to-send'], classic: ['classic-ghost-fault'] };
/** Situations that depend on how long the kernel takes. */
const BY_TIME = /out of budget|preempted|caller suspended|caller deleted/;
/** So do alarms; and DebugSnapshot makes real kernels fail. */
const LEFT_OUT = /^Interrupts\/(wakes|reaches|lends|preempts)-|debug/;
const FIRST_SLOT = 0x100;
const EVERY = Number(process.env['SEL4SCOPE_COMPARE_EVERY'] ?? 60);
const CASES = new RegExp(process.env['SEL4SCOPE_COMPARE_CASES'] ?? '');
const LONG = 1_800_000;

interface Run {
  readonly end: string;
  readonly records: readonly TrapRecord[];
  readonly untyped: ReadonlySet<number>;
}

/** Runs a case with the same initial resources, whatever the memory of the host. */
async function run(host: KernelHost, each: AuditCase, scheduling: Scheduling, sizes: ReadonlyMap<string, number>): Promise<Run> {
  const records: TrapRecord[] = [];
  const untyped = new Set<number>();
  const boot = host.boot.bind(host);
  host.boot = (image: RootTaskImage): BootInfo => {
    const info = boot(image);
    const left = new Map(sizes);
    const untypedList = info.untypedList.filter((one) => {
      const count = left.get(sizeKey(one)) ?? 0;
      left.set(sizeKey(one), count - 1);
      return count > 0;
    });
    for (const { slot } of untypedList) untyped.add(slot);
    return { ...info, untypedList, empty: { ...info.empty, start: FIRST_SLOT } };
  };
  new Probe(host, { subject: () => {}, record: (record) => records.push(record.clone()) });
  const end = await new UserThreads(host, { timeLimit: 60e9 }).run('root', (context, bootInfo) => {
    const quiet = { replies: { policy: 'off' as const } };
    return each.run(scheduling === 'mcs' ? new RootTask(context, bootInfo, quiet) : new ClassicRootTask(context, bootInfo, quiet));
  }).catch((error: Error) => {
    // A case may object to what kernels of today do.
    if (error.cause instanceof ExpectationError) return error.cause.message;
    throw error;
  });
  return { end, records, untyped };
}

function sizeKey({ sizeBits, isDevice }: { sizeBits: number; isDevice: boolean }): string {
  return `${sizeBits}${isDevice ? 'd' : ''}`;
}

/** How many untyped objects of each size both hosts have. */
function commonSizes(a: KernelHost, b: KernelHost): Map<string, number> {
  const counts = [a, b].map((host) => {
    const map = new Map<string, number>();
    for (const one of host.boot({ name: 'root', entryLo: 0x1_0000, entryHi: 0 }).untypedList) map.set(sizeKey(one), (map.get(sizeKey(one)) ?? 0) + 1);
    return map;
  });
  return new Map([...counts[0]!].map(([key, count]) => [key, Math.min(count, counts[1]!.get(key) ?? 0)]));
}

/** Records as text, without what the two hosts cannot have in common: ids, times, interrupts in vain, the slots of untyped memory and its addresses. */
function normalised({ records, untyped }: Run, onFastPath: ReadonlySet<number>): string[] {
  const ids = new Map([[0, 0]]);
  const id = (n: number): number => {
    if (!ids.has(n)) ids.set(n, ids.size);
    return ids.get(n)!;
  };
  const cptr = (lo: number, hi: number): string => (hi === 0 && untyped.has(lo) ? 'untyped' : hex(lo, hi));
  const kept = records.filter((record) => !isVain(record));
  const place = new Map([[0, 0], ...kept.map(({ seq }, i) => [seq, i + 1] as const)]);
  const times = new Map<number, string>();
  return kept.map((r) => [
    `${place.get(r.seq)!} ${CAUSES[r.cause]!} by ${id(r.thread)} ${r.syscall} on ${cptr(r.cptrLo, r.cptrHi)}: ${r.capType} object ${id(r.object)} method ${r.method}`,
    `tag ${hex(r.tagLo, r.tagHi)} words ${lanes(r.words, r.wordCount).replace(times.get(r.thread) ?? 'none', '[time]')} caps ${Array.from({ length: r.capCount }, (_, i) => cptr(r.caps[2 * i]!, r.caps[2 * i + 1]!)).join()}`,
    `reply ${hex(r.replyLo, r.replyHi)} buffer ${r.bufferKind} ${OUTCOMES[r.outcome]!} flags ${r.flags} fault ${r.fault} stray ${r.stray}`,
    `pc ${hex(r.pcBeforeLo, r.pcBeforeHi)} ${hex(r.pcAfterLo, r.pcAfterHi)} next ${id(r.next)} ${r.nextState}`,
    ...r.deliveries.slice(0, r.deliveryCount).map((d) => {
      // A time that a thread was told stays in its registers, for its next request to name.
      const isTime = tellsTime(r, d);
      if (isTime) times.set(d.thread, lanes(d.words, d.wordCount));
      return delivery(d, id, place.get(d.answers)!, isTime);
    }).sort(),
    ...steps(r, onFastPath.has(place.get(r.seq)!)).map((t) => `${id(t.thread)}: ${THREAD_STATES[t.from]!} to ${THREAD_STATES[t.to]!} ${t.flags}`),
  ].join('\n'));
}

/** A timer interrupt that changes nothing, or only makes a system call be made again at once. */
function isVain({ cause, outcome, thread, next, deliveryCount, transitionCount }: TrapRecord): boolean {
  if (thread !== next || deliveryCount > 0) return false;
  return outcome === OUTCOME.preempted || (cause === CAUSE.interrupt && transitionCount === 0);
}

function delivery(d: Delivery, id: (n: number) => number, answers: number, isTime: boolean): string {
  return `${DELIVERY_KINDS[d.kind]!} for ${id(d.thread)} answers ${answers}: ${hex(d.badgeLo, d.badgeHi)} ${hex(d.tagLo, d.tagHi)} `
    + `${isTime ? `${d.wordCount} words` : lanes(d.words, d.wordCount)} wrote ${bits(d.slots).map((s) => RISCV64_SLOTS[s]!).join()} buffer ${bits(d.bufferWords).join()}`;
}

const TIME_METHODS = new Set(['SchedContextConsumed', 'SchedContextYieldTo']);
const TIMEOUT = 5;
let methods: ReadonlyMap<number, string> = new Map();

/** Whether words of the delivery are a time that a thread used. */
function tellsTime(record: TrapRecord, { kind, tagLo, tagHi }: Delivery): boolean {
  return kind === DELIVERY.lateReply || TIME_METHODS.has(methods.get(record.method) ?? '') || (kind === DELIVERY.fault && tagLabel(tagLo, tagHi) === TIMEOUT);
}

interface Step {
  readonly thread: number;
  readonly from: number;
  readonly to: number;
  readonly flags: number;
}

/** Transitions by thread. The fast path leaves out the states in between. */
function steps(record: TrapRecord, onFastPath: boolean): Step[] {
  const result: Step[] = [];
  for (const step of record.transitions.slice(0, record.transitionCount)) {
    const last = onFastPath ? result.findLastIndex(({ thread }) => thread === step.thread) : -1;
    if (last >= 0) result[last] = { ...step, from: result[last]!.from };
    else result.push({ ...step });
  }
  return result.sort((a, b) => a.thread - b.thread);
}

/** Places of the records in which a kernel took its fast path: the invoker is blocked at once, without Restart on the way. */
function fastPaths({ records }: Run): Set<number> {
  return new Set(records.filter((record) => !isVain(record)).flatMap(({ thread, transitions, transitionCount }, i) => {
    const own = transitions.slice(0, transitionCount).filter((step) => step.thread === thread);
    return own.length === 1 && own[0]!.from === STATE.Running && own[0]!.to > STATE.Restart ? [i + 1] : [];
  }));
}

/** Page addresses differ: hosts have memory of their own. */
function hex(lo: number, hi: number): string {
  const value = (BigInt(hi) << 32n) | BigInt(lo);
  return value >= 0x8000_0000n && value < 0x1_4000_0000n && value % 4096n === 0n ? 'page' : value.toString(16);
}

function lanes(words: Uint32Array, count: number): string {
  return `[${Array.from({ length: count }, (_, i) => hex(words[2 * i]!, words[2 * i + 1]!)).join()}]`;
}

function bits(set: Uint32Array): number[] {
  return Array.from({ length: 32 * set.length }, (_, i) => i).filter((i) => ((set[i >>> 5]! >>> (i & 31)) & 1) === 1);
}

describe.each(['mcs', 'classic'] as const)('a real %s kernel and the model', (scheduling) => {
  const variable = `SEL4SCOPE_KERNEL_${scheduling.toUpperCase()}`;
  const path = process.env[variable];
  if (path === undefined) console.warn(`the comparison of the model with a real ${scheduling} kernel is skipped: ${variable} is not set`);
  // Few instructions' worth of time: the model's traps are short.
  const machine = { nsPerInstruction: 1 };
  const real = (image: KernelImage): ImageKernel => new ImageKernel(image, { machine });
  const model = (): ModelKernel => new ModelKernel({ configuration: `riscv64-${scheduling}`, defects: KERNELS_OF_TODAY[scheduling] });

  it.skipIf(path === undefined)('make the same records of the same programs', async () => {
    const image = readKernelImage(path!, readFileSync(path!));
    expect(image.scheduling).toBe(scheduling);
    methods = new Map(image.interfaces.methods.map((method) => [method.label, method.id]));
    const sizes = commonSizes(model(), real(image));
    const cases = auditCases(scheduling).filter(({ id, kind }) => !BY_TIME.test(kind) && !LEFT_OUT.test(id) && CASES.test(id)).filter((_, i) => i % EVERY === 0);
    expect(cases.length).toBeGreaterThan(0);
    for (const each of cases) {
      const [a, b] = [await run(model(), each, scheduling, sizes), await run(real(image), each, scheduling, sizes)];
      const fast = fastPaths(b);
      expect.soft({ case: each.id, end: b.end, records: normalised(b, fast) }, each.id).toEqual({ case: each.id, end: a.end, records: normalised(a, fast) });
    }
  }, LONG);

  it.skipIf(path === undefined)('are the same twice', async () => {
    const image = readKernelImage(path!, readFileSync(path!));
    const each = auditCases(scheduling).find(({ id }) => id.startsWith('UntypedRetype/'))!;
    const sizes = commonSizes(real(image), real(image));
    const [a, b] = [await run(real(image), each, scheduling, sizes), await run(real(image), each, scheduling, sizes)].map(({ records }) => records);
    expect(a!.length).toBeGreaterThan(0);
    expect(a).toEqual(b);
  }, LONG);
});
