// SPDX-License-Identifier: BSD-2-Clause
/** Names of what the records of one run number. */
import { CAP_TYPE } from '../../schema/abi/cap-types.ts';
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import type { RecordNames } from '../../schema/trace/plain.ts';
import type { Subject } from '../../schema/trace/names.ts';
import type { TrapRecord } from '../../schema/trace/trap-record.ts';
import { syscallText } from '../query/record-row.ts';
import { activityName, activityOf } from '../store/activity.ts';

export class RunNames implements RecordNames {
  readonly scheduling: Scheduling;
  readonly interfaces: InterfaceModel;
  readonly subjects: readonly Subject[];
  private readonly byId: ReadonlyMap<number, Subject>;
  private readonly activities = new Map<number, string>();

  constructor(interfaces: InterfaceModel, subjects: readonly Subject[]) {
    this.scheduling = interfaces.configuration.scheduling;
    this.interfaces = interfaces;
    this.subjects = subjects;
    this.byId = new Map(subjects.map((subject) => [subject.id, subject]));
  }

  subject(id: number): Subject | undefined {
    return this.byId.get(id);
  }

  method(label: number): string | undefined {
    return this.interfaces.byLabel[label]?.id;
  }

  /** Never empty. */
  thread(id: number): string {
    return id === 0 ? 'idle thread' : this.byId.get(id)?.name || `thread ${id}`;
  }

  /** Empty for none. */
  object(id: number): string {
    return this.byId.get(id)?.name ?? '';
  }

  /** Method of a trap; without one its system call; without one its cause. */
  activity(record: TrapRecord): string {
    const code = activityOf(record.cause, record.syscall, record.method);
    let name = this.activities.get(code);
    if (name === undefined) this.activities.set(code, (name = activityName(code, this.interfaces)));
    return name;
  }

  syscall(number: number): string {
    return number === 0 ? '' : syscallText(number, this.interfaces);
  }

  threads(): readonly Subject[] {
    return this.subjects.filter(({ type }) => type === CAP_TYPE.Thread);
  }
}
