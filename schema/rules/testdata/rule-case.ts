// SPDX-License-Identifier: BSD-2-Clause
import type { BundledConfigurationName, InterfaceModel } from '../../idl/model.ts';
import type { MessageUse } from '../message-use.ts';
import type { ReplyFacts } from '../reply-facts.ts';
import type { TraceBuilder } from '../testing.ts';

/** One situation and all that the rules have to say of it. Every rule has a case that names it in `expect` and one that does not. */
export interface RuleCase {
  /** The rule that the case is about. */
  readonly rule: string;
  readonly title: string;
  /** Ids of all findings, in order. */
  readonly expect: readonly string[];
  /** `riscv64-mcs` if it does not say so. */
  readonly configuration?: BundledConfigurationName;
  /** The situation as a trace for the engine. */
  readonly trace?: (trace: TraceBuilder) => void;
  /** The situation as a stub sees it. */
  readonly facts?: (model: InterfaceModel) => ReplyFacts;
  /** What a stub or program does with a message. */
  readonly use?: MessageUse;
}
