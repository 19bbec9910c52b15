// SPDX-License-Identifier: BSD-2-Clause
/**
 * Defects: historic faults of the reply protocol as named switches, at the places where released kernels differed.
 * With a defect on, the model shows what a user could observe before the fix.
 */
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import type { Release } from './releases.ts';

export interface Defect {
  readonly title: string;
  /** What a user could observe. */
  readonly shows: string;
  /** Commits of seL4 that mended it; the issue where none has. */
  readonly mendedBy: string;
  /** Kernels that can have it. */
  readonly configurations: readonly Scheduling[];
  /** First and last release with it; null for one that no release with riscv64 shows. */
  readonly releases: readonly [first: Release, last: Release] | null;
  /** Rules that must find it, and the methods (system calls, causes) they name. */
  readonly rules: readonly string[];
  readonly methods: readonly string[];
}

const BOTH: readonly Scheduling[] = ['mcs', 'classic'];
const MCS: readonly Scheduling[] = ['mcs'];
const CLASSIC: readonly Scheduling[] = ['classic'];

export const DEFECTS = {
  'page-get-address': {
    title: 'Page_GetAddress loses its message info',
    shows: 'Call: MR0 holds the address but the tag is 0. Send: MR0 and a tag of length 1 are written, the badge register is not.',
    mendedBy: '4ce6cbe9e (seL4#243, seL4#846)',
    configurations: BOTH, releases: ['9.0.1', '12.1.0'],
    rules: ['K05', 'K09', 'N01'], methods: ['RISCVPageGetAddress'],
  },
  'sc-consumed': {
    title: 'SchedContext_Consumed loses its message info',
    shows: 'Call: MR0 holds the time but the tag is 0. Send: MR0 and a tag of length 1 are written, the badge register is not.',
    mendedBy: '90dafb2e7 (seL4#1435, seL4#1433)',
    configurations: MCS, releases: ['10.0.0-mcs', '13.0.0'],
    rules: ['K05', 'K09', 'N01'], methods: ['SchedContextConsumed'],
  },
  'sc-yield-to': {
    title: 'SchedContext_YieldTo that completes at once loses its message info',
    shows: 'Call: MR0 holds the time but the tag is 0. Send: MR0 and a tag of length 1 are written, the badge register is not.',
    mendedBy: '90dafb2e7 (seL4#1435, seL4#1433)',
    configurations: MCS, releases: ['10.0.0-mcs', '13.0.0'],
    rules: ['K05', 'K09', 'N01'], methods: ['SchedContextYieldTo'],
  },
  'yield-to-wrong-thread': {
    title: 'A delayed YieldTo is answered in the registers of whichever thread runs',
    shows: 'When a second thread yields to the same scheduling context, or its object is destroyed, tag and MR0 of the thread that does so are written; the yielder never learns the time, and no badge is set.',
    mendedBy: '90dafb2e7 (seL4#1435, seL4#1433)',
    configurations: MCS, releases: ['10.0.0-mcs', '13.0.0'],
    rules: ['N02', 'N03', 'S11'], methods: ['SchedContextYieldTo'],
  },
  'yield-to-send': {
    title: 'A delayed YieldTo answers whoever yielded',
    shows: 'When the thread that yielded runs again, its badge register is 0, its tag has length 1, and MR0 holds the consumed time: also when it yielded by Send or NBSend, and when another thread has set its registers by WriteRegisters or CopyRegisters in the meantime.',
    mendedBy: 'open: seL4#1471',
    configurations: MCS, releases: ['10.0.0-mcs', '16.0.0'],
    rules: ['N02'], methods: ['SchedContextYieldTo'],
  },
  'yield-to-returns': {
    title: 'YieldTo returns at once',
    shows: 'The caller of YieldTo to a ready thread of its own priority goes on at once, with a consumed time in which that thread has not run.',
    mendedBy: '6611cff6c',
    configurations: MCS, releases: ['10.0.0-mcs', '10.1.1-mcs'],
    rules: ['K14'], methods: ['SchedContextYieldTo'],
  },
  'page-table-unmap': {
    title: 'PageTable_Unmap of a mapped table does nothing and does not answer',
    shows: 'The Call returns with the registers of the request: the stub takes the method label for an error code. The table stays mapped.',
    mendedBy: 'f612028b1 (caused by 4d0f02c02)',
    configurations: BOTH, releases: null,
    rules: ['K01', 'K03'], methods: ['RISCVPageTableUnmap'],
  },
  'page-table-map-vspace': {
    title: 'PageTable_Map reports a wrong address space as a wrong argument',
    shows: 'InvalidArgument instead of InvalidCapability, with whatever argument number an earlier error of the system left.',
    mendedBy: 'b1b702661',
    configurations: BOTH, releases: null,
    rules: ['K11'], methods: ['RISCVPageTableMap'],
  },
  'page-table-map-occupied': {
    title: 'PageTable_Map reports an occupied place as a failed lookup',
    shows: 'FailedLookup with a missing capability instead of DeleteFirst.',
    mendedBy: 'd205615c5',
    configurations: BOTH, releases: null,
    rules: ['K11'], methods: ['RISCVPageTableMap'],
  },
  'asid-lookup': {
    title: 'An address space that lost its identifier is reported as a missing capability',
    shows: 'FailedLookup with MissingCapability and a number of bits instead of InvalidRoot.',
    mendedBy: '530e2f71b',
    configurations: BOTH, releases: ['9.0.1', '10.0.0-mcs'],
    rules: ['K11'], methods: ['RISCVPageTableMap', 'RISCVPageMap'],
  },
  'page-remap': {
    title: 'Page_Map maps a mapped page at another address',
    shows: 'Instead of InvalidArgument the mapping proceeds and the answer is a success; the page is mapped twice.',
    mendedBy: '4a8b9edb8 (caused by bc5ef019f)',
    configurations: BOTH, releases: null,
    rules: ['K14'], methods: ['RISCVPageMap'],
  },
  'retype-range': {
    title: 'Untyped_Retype gives a range that it does not accept',
    shows: 'RangeError for too large an object says that up to 2^61 bytes are possible.',
    mendedBy: '5fe431f6e',
    configurations: BOTH, releases: null,
    rules: ['K11'], methods: ['UntypedRetype'],
  },
  'timeout-endpoint-error': {
    title: 'SetTimeoutEndpoint without a capability reports the last error of the system',
    shows: 'Any error with its payload, whoever caused it; success if there was none yet.',
    mendedBy: 'ad32c2769',
    configurations: MCS, releases: ['10.0.0-mcs', '13.0.0'],
    rules: ['K12', 'K14'], methods: ['TCBSetTimeoutEndpoint'],
  },
  'configure-flags-short': {
    title: 'ConfigureFlags accepts a message without flags',
    shows: 'With four words it succeeds, and takes the flags from an old word of the IPC buffer.',
    mendedBy: '3bb899bc5',
    configurations: MCS, releases: ['12.1.0', '12.1.0'],
    rules: ['L08'], methods: ['SchedControlConfigureFlags'],
  },
  'user-exception-layout': {
    title: 'UserException has a word too many',
    shows: 'Five words: a7 where the number belongs, then number and code; a reply of three words sets a7.',
    mendedBy: '9f5733e15',
    configurations: BOTH, releases: ['9.0.1', '11.0.0'],
    rules: ['F01', 'F05'], methods: ['userException', 'Send', 'Reply'],
  },
  'vm-fault-prefetch': {
    title: 'VMFault leaves out the word that says whether it was an instruction fetch',
    shows: 'The handler reads what it had in MR2 before.',
    mendedBy: '05a914b6f',
    configurations: BOTH, releases: null,
    rules: ['F01', 'K08'], methods: ['vmFault'],
  },
  'cap-fault-lookup': {
    title: 'CapFault does not tell why the lookup failed',
    shows: 'The lookup failure is the one that the thread keeps, which is never set: always InvalidRoot.',
    mendedBy: 'c119df035',
    configurations: MCS, releases: ['10.0.0-mcs', '15.0.0'],
    rules: ['F03'], methods: ['Call'],
  },
  'reply-cap-fault': {
    title: 'CapFault about a reply capability tells of an earlier failed lookup',
    shows: 'Receiving with a capability that is no reply object gives the lookup failure of the last CapFault of the system, InvalidRoot before any.',
    mendedBy: '5d371316f',
    configurations: MCS, releases: ['10.0.0-mcs', '15.0.0'],
    rules: ['F03'], methods: ['Recv'],
  },
  'cancel-ipc-fault': {
    title: 'A faulter that is resumed keeps its fault',
    shows: 'The next message of the thread reaches its receiver as the fault message.',
    mendedBy: '12be24951',
    configurations: MCS, releases: ['10.0.0-mcs', '10.1.1-mcs'],
    rules: ['F04', 'S05', 'S08'], methods: ['TCBResume', 'Send'],
  },
  'classic-ghost-fault': {
    title: 'A faulter that nobody received keeps its fault',
    shows: 'A faulter still queued on its handler\'s endpoint is suspended, resumed or given other registers, or the endpoint is destroyed, or its sends are cancelled. The next message of the thread reaches its receiver as the old fault message, with the pc of now; a Call is answered as if it were that fault, and made again. Seen on 1326364bc; before 11.0.0 a Send waited for such an answer, too.',
    mendedBy: 'open: in the first public source of 2014 already',
    configurations: CLASSIC, releases: ['9.0.1', '16.0.0'],
    rules: ['F04', 'S05', 'S08'], methods: ['CNodeDelete', 'Recv', 'Reply', 'TCBResume'],
  },
  'answered-restart': {
    title: 'A thread that is stopped on its answer repeats its system call',
    shows: 'Answered but not yet run, suspended and resumed, the thread executes the system call again, with badge and tag of the answer in the registers.',
    mendedBy: '7c1a70533',
    configurations: BOTH, releases: ['9.0.1', '10.1.1-mcs'],
    rules: ['S02', 'S03'], methods: ['TCBSuspend', 'Call'],
  },
  'call-without-reply': {
    title: 'A caller whose receiver has no reply object goes on',
    shows: 'A Call returns an empty success of the kernel instead of waiting for ever; a faulting instruction is executed again.',
    mendedBy: '5d1db7c94',
    configurations: MCS, releases: ['10.0.0-mcs', '10.1.1-mcs'],
    rules: ['N01', 'S05'], methods: ['Call', 'userException'],
  },
  'cancel-faulters': {
    title: 'Faulters start again when their handler endpoint goes away',
    shows: 'Destroying the endpoint, or cancelling badged sends, puts queued faulters into Restart instead of Inactive: the fault is raised again.',
    mendedBy: '395df9396, 225d74f6a',
    configurations: MCS, releases: ['10.0.0-mcs', '10.1.1-mcs'],
    rules: ['S05'], methods: ['CNodeDelete', 'CNodeCancelBadgedSends'],
  },
  'wake-unschedulable': {
    title: 'A signal makes a thread ready that has no time',
    shows: 'A passive thread that waits on a notification without a scheduling context runs when it is signalled.',
    mendedBy: '61b886664',
    configurations: MCS, releases: ['10.0.0-mcs', '10.1.1-mcs'],
    rules: ['S07', 'S12'], methods: ['Send', 'Wait'],
  },
  'unbind-current': {
    title: 'A thread unbinds its own scheduling context and runs on',
    shows: 'Unbind and UnbindObject succeed on the context of the running thread, whose time is charged to nobody.',
    mendedBy: '52dd8f092',
    configurations: MCS, releases: ['10.0.0-mcs', '10.1.1-mcs'],
    rules: ['S12'], methods: ['SchedContextUnbind', 'SchedContextUnbindObject'],
  },
  'consumed-ticks': {
    title: 'Consumed time in timer ticks',
    shows: 'Consumed time comes in ticks of 100 ns instead of microseconds. Released kernels (up to 12.0.0) did so only when their counter overflowed, which no run of the model lives to see: here it is always so.',
    mendedBy: '1db081075',
    configurations: MCS, releases: null,
    rules: ['T01'], methods: ['SchedContextConsumed'],
  },
  'wait-loses-caller': {
    title: 'Waiting on a notification loses the caller',
    shows: 'A server that waits on a notification before it answers has no reply capability any more: its caller waits for ever.',
    mendedBy: 'f15959a73',
    configurations: CLASSIC, releases: null,
    rules: ['S06'], methods: ['Recv'],
  },
  'device-buffer': {
    title: 'A device frame as IPC buffer',
    shows: 'SetIPCBuffer and Configure accept a device frame, and the kernel writes messages to it.',
    mendedBy: 'eb04d84e2',
    configurations: BOTH, releases: null,
    rules: ['B01', 'I02'], methods: ['Recv', 'Wait'],
  },
} as const satisfies Record<string, Defect>;

export type DefectName = keyof typeof DEFECTS;

export const DEFECT_NAMES = Object.keys(DEFECTS) as DefectName[];

/** The defect of a name. Throws a RangeError that lists the names. */
export function defectNamed(name: string): DefectName {
  if (!(name in DEFECTS)) throw new RangeError(`no defect '${name}'; choose from ${DEFECT_NAMES.join(', ')}`);
  return name as DefectName;
}
