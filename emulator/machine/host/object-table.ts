// SPDX-License-Identifier: BSD-2-Clause
import { CAP_TYPE } from '../../../schema/abi/index.ts';
import type { KernelObserver } from '../../host.ts';
import { NO_OBJECT, type Capability } from '../image/capability.ts';

/** Key of capabilities without an object. */
const NO_KEY = -1;

interface KnownObject {
  readonly id: number;
  readonly type: number;
  name: string;
}

/**
 * Ids of kernel objects. An object is its type and its physical address; whoever is created where another one was gets a
 * new id. Ids count up from 1 and are never used again.
 */
export class ObjectTable {
  private readonly objects = new Map<number, KnownObject>();
  private readonly byId: (KnownObject | undefined)[] = [undefined];
  private readonly observer: KernelObserver;

  constructor(observer: KernelObserver) {
    this.observer = observer;
  }

  /** Tells an observer that comes late of all objects that there are. */
  announceTo(observer: KernelObserver): void {
    for (const object of this.byId) if (object !== undefined) observer.subject(object.id, object.type, object.name);
  }

  /** Id of the object behind a capability, found now if it was not known; 0 for capabilities without an object. */
  idOf(cap: Capability): number {
    const key = keyOf(cap);
    return key === NO_KEY ? 0 : this.find(key).id;
  }

  /** Id of the TCB that kernel pointers to `tcb` mean. */
  threadAt(tcb: number): number {
    return this.find(keyFor(CAP_TYPE.Thread, tcb, 0)).id;
  }

  /** The object behind a capability was created just now: whatever was there before is gone. */
  created(cap: Capability): number {
    const key = keyOf(cap);
    const old = this.objects.get(key);
    if (old !== undefined) this.byId[old.id] = undefined;
    this.objects.delete(key);
    return key === NO_KEY ? 0 : this.find(key).id;
  }

  /** The TCB at an address is gone. */
  threadDestroyed(tcb: number): void {
    const key = keyFor(CAP_TYPE.Thread, tcb, 0);
    const old = this.objects.get(key);
    this.objects.delete(key);
    if (old !== undefined) this.byId[old.id] = undefined;
  }

  /** Names an object; observers hear of it if the name is new. */
  rename(id: number, name: string): void {
    const object = this.byId[id];
    if (object === undefined || object.name === name) return;
    object.name = name;
    this.observer.subject(id, object.type, name);
  }

  private find(key: number): KnownObject {
    let object = this.objects.get(key);
    if (object === undefined) {
      object = { id: this.byId.length, type: Math.floor(key / 64) % 32, name: '' };
      this.objects.set(key, object);
      this.byId.push(object);
      this.observer.subject(object.id, object.type, '');
    }
    return object;
  }
}

/** Objects at one address differ by type, untyped memory also by its size. */
function keyFor(type: number, address: number, sizeBits: number): number {
  return (address * 32 + type) * 64 + sizeBits;
}

function keyOf(cap: Capability): number {
  switch (cap.type) {
    case CAP_TYPE.Untyped:
      return keyFor(cap.type, cap.object, cap.sizeBits);
    case CAP_TYPE.IRQHandler:
      return keyFor(cap.type, cap.irq, 0);
    case CAP_TYPE.Zombie:
      return cap.object === NO_OBJECT ? NO_KEY : keyFor(cap.isTcbZombie ? CAP_TYPE.Thread : CAP_TYPE.CNode, cap.object, 0);
    case CAP_TYPE.Reply:
      return cap.object === NO_OBJECT ? NO_KEY : keyFor(cap.repliesToThread ? CAP_TYPE.Thread : CAP_TYPE.Reply, cap.object, 0);
    default:
      return cap.object === NO_OBJECT ? NO_KEY : keyFor(cap.type, cap.object, 0);
  }
}
