// SPDX-License-Identifier: BSD-2-Clause
import type { BootInfo } from '../../schema/abi/boot-info.ts';
import { ReplyMonitor, type ReplyPolicyOptions } from '../runtime/reply-policy.ts';
import { AddressAllocator, DEFAULT_FIRST_ADDRESS } from './address-space.ts';
import { DeviceRegions } from './device-memory.ts';
import { SlotAllocator } from './slot-allocator.ts';
import { UntypedPools } from './untyped-allocator.ts';

export interface RootTaskOptions {
  /** Name of the root task's thread for observers. Default `root`. */
  readonly name?: string;
  /** What happens when a reply breaks the protocol. Default: throw. */
  readonly replies?: ReplyPolicyOptions;
  /** First virtual address for the task's own mappings. Default {@link DEFAULT_FIRST_ADDRESS}. */
  readonly firstAddress?: number;
  /** Also names threads by DebugNameThread, which only kernels built with printing have. Default false. */
  readonly debugNames?: boolean;
}

/** What all threads of a task share. */
export class TaskResources {
  readonly bootInfo: BootInfo;
  readonly replies: ReplyMonitor;
  readonly slots: SlotAllocator;
  readonly pools: UntypedPools;
  readonly deviceRegions: DeviceRegions;
  readonly addresses: AddressAllocator;
  readonly debugNames: boolean;

  constructor(bootInfo: BootInfo, options: RootTaskOptions = {}) {
    this.bootInfo = bootInfo;
    this.replies = new ReplyMonitor(options.replies);
    this.slots = new SlotAllocator(bootInfo.empty);
    this.pools = new UntypedPools(bootInfo);
    this.deviceRegions = new DeviceRegions(bootInfo.untypedList);
    this.addresses = new AddressAllocator(options.firstAddress ?? DEFAULT_FIRST_ADDRESS);
    this.debugNames = options.debugNames ?? false;
  }
}
