// SPDX-License-Identifier: BSD-2-Clause
/**
 * Numbers of the fields of Perfetto's public trace format that are written here. `perfetto.proto` beside this file says what
 * they mean; a test compares the two. Source: https://perfetto.dev/docs/reference/trace-packet-proto.
 */
export const TRACE = { packet: 1 } as const;

export const PACKET = {
  timestamp: 8, trustedPacketSequenceId: 10, trackEvent: 11, internedData: 12, sequenceFlags: 13, trackDescriptor: 60,
  genericKernelTaskStateEvent: 117,
} as const;

/** Bits of `sequenceFlags`: interned names begin anew; interned names are used. */
export const SEQUENCE = { incrementalStateCleared: 1, needsIncrementalState: 2 } as const;

export const TRACK = { uuid: 1, name: 2, process: 3, thread: 4, parentUuid: 5, counter: 8 } as const;
export const PROCESS = { pid: 1, cmdline: 2, processName: 6 } as const;
export const THREAD = { pid: 1, tid: 2, threadName: 5 } as const;
export const COUNTER = { unit: 3 } as const;
export const UNIT = { timeNs: 1 } as const;

export const EVENT = {
  categoryIids: 3, debugAnnotations: 4, type: 9, nameIid: 10, trackUuid: 11, counterValue: 30, flowIds: 47, terminatingFlowIds: 48,
} as const;
export const EVENT_TYPE = { sliceBegin: 1, sliceEnd: 2, instant: 3, counter: 4 } as const;

export const TASK = { cpu: 1, tid: 3, state: 4 } as const;
export const TASK_STATE = { runnable: 2, running: 3, sleeping: 4, stopped: 6, destroyed: 8 } as const;

export const ANNOTATION = { nameIid: 1, uintValue: 3, stringValue: 6, pointerValue: 7, stringValueIid: 17 } as const;

/** `debugAnnotationStringValues` are interned strings, whose text is bytes in field 2 as in the others. */
export const INTERNED = { eventCategories: 1, eventNames: 2, debugAnnotationNames: 3, debugAnnotationStringValues: 29 } as const;
export const INTERNED_NAME = { iid: 1, name: 2 } as const;
