// SPDX-License-Identifier: BSD-2-Clause
import { Type, type Static } from 'typebox';
import { DECIDERS } from '../rules/rule.ts';
import { SeveritySchema } from './common.ts';

/** A rule of the catalogue, as a person reads it. */
export const RuleDetail = Type.Object({
  id: Type.String({ description: 'e.g. K05' }),
  name: Type.String({ description: 'e.g. reply-short' }),
  title: Type.String(),
  severity: SeveritySchema,
  explanation: Type.String(),
  references: Type.Array(Type.String()),
  decidedBy: Type.Array(Type.Enum([...DECIDERS]), { description: 'who can find out that it is broken: stubs while a program runs, the trace of the model, the trace of a kernel image' }),
}, { $id: 'RuleDetail' });
export type RuleDetail = Static<typeof RuleDetail>;

export const RuleList = Type.Object({ rules: Type.Array(RuleDetail) }, { $id: 'RuleList' });
export type RuleList = Static<typeof RuleList>;

export const RuleParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 16, description: 'rule id', examples: ['K05'] }) }, { additionalProperties: false });
export type RuleParams = Static<typeof RuleParams>;
