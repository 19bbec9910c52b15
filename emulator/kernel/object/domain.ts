// SPDX-License-Identifier: BSD-2-Clause
/** Domains and their schedule. Manual, "Domains"; RFC-20, "Runtime Domain Schedules". */
import { CAP_TYPE, ZERO, fromNumber } from '../../../schema/abi/index.ts';
import type { DomainCap } from '../capability.ts';
import { ILLEGAL_OPERATION, TRUNCATED_MESSAGE, invalidArgument, rangeError, type SyscallError } from '../errors.ts';
import type { Decode, Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import { TICK } from '../scheduling/budget.ts';
import { enterDomain, rescheduleRequired, setDomain } from '../scheduling/scheduler.ts';
import { argNumber, extraSlot } from './arguments.ts';

/** Entries of the domain schedule (`KernelNumDomainSchedules`): with one domain just that one and an end marker. */
function scheduleLength(kernel: Kernel): number {
  return kernel.domains > 1 ? 100 : 2;
}

/** Durations have 56 bits, of which these are in the high lane. */
const DURATION_HIGH_LANE_LIMIT = 0x100_0000;
/** MCS: durations are in ticks of the 10 MHz timer, ns. */
const TIMER_TICK = 100;

/** After boot only domain 0 runs, without end; the rest of the schedule is end markers. */
export function initDomainSchedule(kernel: Kernel): void {
  for (let i = 0; i < scheduleLength(kernel); i++) kernel.domainSchedule.push({ domain: 0, duration: i === 0 ? Infinity : 0 });
}

export const decodeDomain: Decode<DomainCap> = (kernel, invocation) => {
  switch (invocation.method) {
    case 'DomainSetSet': return decodeSet(kernel, invocation);
    case 'DomainScheduleConfigure': return decodeScheduleConfigure(kernel, invocation);
    case 'DomainScheduleSetStart': return decodeScheduleSetStart(kernel, invocation);
    default: return ILLEGAL_OPERATION;
  }
};

function decodeSet(kernel: Kernel, invocation: Invocation): SyscallError | Perform {
  if (invocation.length < 1) return TRUNCATED_MESSAGE;
  const domain = argNumber(invocation, 0);
  if (domain >= kernel.domains) return invalidArgument(0);
  const cap = extraSlot(invocation, 0)?.cap;
  if (cap === undefined) return TRUNCATED_MESSAGE;
  if (cap.type !== CAP_TYPE.Thread) return invalidArgument(1);
  return () => {
    setDomain(kernel, cap.object, domain);
    return 'done';
  };
}

function decodeScheduleConfigure(kernel: Kernel, invocation: Invocation): SyscallError | Perform {
  if (invocation.length < 3) return TRUNCATED_MESSAGE;
  const index = argNumber(invocation, 0);
  const domain = argNumber(invocation, 1);
  const ticks = argNumber(invocation, 2);
  // The last entry stays an end marker.
  const last = scheduleLength(kernel) - 1;
  if (index >= last) return rangeError(ZERO, fromNumber(last - 1));
  if (domain >= kernel.domains) return rangeError(ZERO, fromNumber(kernel.domains - 1));
  if (invocation.argHi(2) >= DURATION_HIGH_LANE_LIMIT) return invalidArgument(2);
  const isEndMarker = ticks === 0;
  if (isEndMarker && domain !== 0) return invalidArgument(1);
  if (isEndMarker && index === kernel.domainScheduleStart) return invalidArgument(2);
  return () => {
    kernel.domainSchedule[index] = { domain, duration: ticks * (kernel.mcs ? TIMER_TICK : TICK) };
    return 'done';
  };
}

function decodeScheduleSetStart(kernel: Kernel, invocation: Invocation): SyscallError | Perform {
  if (invocation.length < 1) return TRUNCATED_MESSAGE;
  const index = argNumber(invocation, 0);
  if (index >= scheduleLength(kernel)) return rangeError(ZERO, fromNumber(scheduleLength(kernel) - 1));
  if (kernel.domainSchedule[index]!.duration === 0) return invalidArgument(0);
  return () => {
    kernel.domainScheduleStart = index;
    enterDomain(kernel, index);
    rescheduleRequired(kernel);
    return 'done';
  };
}
