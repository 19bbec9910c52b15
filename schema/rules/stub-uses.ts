// SPDX-License-Identifier: BSD-2-Clause
/** Rules over how stubs and programs use the message that a system call left: L02, L03, L06, L07, L09. Asked by stubs only. */
import { ERRORS, LAST_ERROR } from '../abi/errors.ts';
import { faultName } from '../abi/faults.ts';
import { USE } from './message-use.ts';
import type { MessageUse } from './message-use.ts';
import { words } from './reply-shape.ts';
import type { Report, RuleInfo, UseRule } from './rule.ts';

const outParameterOnError: RuleInfo = {
  id: 'L02', name: 'out-param-on-error', severity: 'warning',
  title: 'A stub takes a result from an error reply',
  explanation:
    'The label of the reply is an error, so its words explain the error and are no results. A stub that fills its out-parameters all the same ' +
    'gives the program an argument number or a bound that looks like an address or a time. ' +
    'Look at the label first, and leave out-parameters alone unless it is 0.',
  references: ['dc3d53417', 'manual: Errors'],
};
export const L02: UseRule = {
  info: outParameterOnError,
  check({ use, label, index, after }, report) {
    if (use !== USE.outParameter || label === 0) return;
    report(outParameterOnError, `A result of ${after} was taken from word ${index} of a reply with label ${label} (${ERRORS[label] ?? 'no error of seL4'}).`);
  },
};

const staleMessageRegister: RuleInfo = {
  id: 'L03', name: 'stale-mr', severity: 'warning',
  title: 'A program reads a message word that did not arrive',
  explanation:
    'The message that the last system call delivered is shorter, or that system call delivers none, and the thread has not written the word itself ' +
    'since. What it reads is left over from an earlier message or request. ' +
    'Compare the index with the length in the tag before reading, and copy words that are needed later.',
  references: ['19a520a22', 'dc3d53417', 'seL4#1085', 'manual: Message Registers'],
};
/** "Not written since" holds for the thread's own writes: that the kernel did not write a word inside the length is K08. */
export const L03: UseRule = {
  info: staleMessageRegister,
  check({ use, index, delivered, length, ownWord, after }, report) {
    if (use !== USE.word || ownWord || (delivered && index < length)) return;
    report(staleMessageRegister, `Message word ${index} was read after ${after}, which ${delivered ? `delivered ${words(length)}` : 'delivers no message'}.`);
  },
};

const errorWordsLost: RuleInfo = {
  id: 'L06', name: 'error-words-lost', severity: 'warning',
  title: 'The words that explain an error were lost',
  explanation:
    'The kernel answered with an error and explained it in the message registers, and the next request of the thread overwrote them before anybody ' +
    'had taken them. The program knows the number of the error, but not which argument, range or slot it was about. ' +
    'A stub has to keep these words when it returns an error, in an error object or in the message area of the IPC buffer.',
  references: ['dc3d53417', 'manual: Errors'],
};
/**
 * The words may be kept anywhere. Buffer words 1 to 4, where libsel4 keeps them, would not do as a sign: other libraries
 * leave those alone, and a program may use them.
 */
export const L06: UseRule = {
  info: errorWordsLost,
  check({ use, delivered, label, length, errorKept, after }, report) {
    if (use !== USE.nextRequest || !delivered || errorKept || label === 0 || label > LAST_ERROR || length === 0) return;
    report(errorWordsLost, `${after} answered with ${ERRORS[label]!} and ${words(length)} of explanation, which nobody read before the next request.`);
  },
};

const tagAfterSend: RuleInfo = {
  id: 'L07', name: 'tag-after-send', severity: 'info',
  title: 'A program reads a tag that no system call has set',
  explanation:
    'Send, NBSend, Reply, Yield and a signal deliver nothing, so the tag register still holds what the thread itself put there. ' +
    'It looks like a message with the label and length of the request. ' +
    'Only Call and the receiving system calls give a tag; after a wait, look at the badge first, since a notification gives none either (rule I01).',
  references: ['97042a0f0', 'seL4#114', 'manual: System Calls'],
};
/** Whether a wait was woken by a notification shows in the trace only, where rule I01 says so. */
export const L07: UseRule = {
  info: tagAfterSend,
  check({ use, delivered, label, length, after }, report) {
    if (use !== USE.tag || delivered) return;
    report(tagAfterSend, `The tag was read after ${after}, which delivers no message: label ${label} and ${words(length)} are the thread's own.`);
  },
};

const errorRange: RuleInfo = {
  id: 'L09', name: 'error-range', severity: 'error',
  title: 'A label was taken for an error or a fault that does not exist',
  explanation:
    'A stub returned a label above 10 as the error of an invocation, or a handler decoded a message whose label is no fault of this kernel. ' +
    'A program that knows the errors by name takes the wrong branch, or none. ' +
    'For an error see rules K01 and K03: the kernel left the label of the request, or the capability leads to a thread that answers with labels of its ' +
    'own. For a fault, the decoder is of another configuration, or the message came from an ordinary sender.',
  references: ['a8d3c549b', '4cb3414de', 'manual: Errors', 'manual: Faults'],
};
export const L09: UseRule = {
  info: errorRange,
  check({ use, label, scheduling, after }, report) {
    if (use === USE.error && label > LAST_ERROR) {
      report(errorRange, `${after} returned label ${label} as an error; errors are 1 to ${LAST_ERROR}.`);
    } else if (use === USE.fault && (label === 0 || faultName(scheduling, label) === undefined)) {
      report(errorRange, `A message with label ${label} was decoded as a fault, but no fault of a kernel with ${scheduling} scheduling has that label.`);
    }
  },
};

/** All rules over uses, and the one function that asks them. */
export const USE_RULES: readonly UseRule[] = [L02, L03, L06, L07, L09];

export function checkUse(use: MessageUse, report: Report): void {
  for (const rule of USE_RULES) rule.check(use, report);
}
