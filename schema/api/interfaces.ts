// SPDX-License-Identifier: BSD-2-Clause
import { Type, type Static } from 'typebox';
import { Natural } from './common.ts';

/** A parameter that travels as message words: where it lies, and what it means. */
export const ParameterDetail = Type.Object({
  name: Type.String(),
  type: Type.String({ description: 'as in the interface files, e.g. seL4_Word' }),
  word: Natural,
  bit: Natural,
  bits: Natural,
  words: Natural,
  description: Type.String(),
});
export type ParameterDetail = Static<typeof ParameterDetail>;

/** A parameter that travels as an extra cap. */
export const CapParameterDetail = Type.Object({
  name: Type.String(),
  type: Type.String(),
  index: Natural,
  description: Type.String(),
});
export type CapParameterDetail = Static<typeof CapParameterDetail>;

/** What a correct reply to a Call of the method looks like. */
export const ContractDetail = Type.Object({
  /** Message words of the out-parameters: the length of a success reply. */
  outWords: Natural,
  /** `count`: the length follows the request's count argument. */
  length: Type.Enum(['fixed', 'count'] as const),
  mayComeLater: Type.Boolean(),
  /** Errors that the interface documents. */
  errors: Type.Array(Type.Object({ label: Natural, name: Type.String(), description: Type.String() })),
});
export type ContractDetail = Static<typeof ContractDetail>;

/** A method of the object API in one configuration. */
export const MethodDetail = Type.Object({
  id: Type.String({ description: 'e.g. SchedContextYieldTo' }),
  interfaceName: Type.String({ description: 'e.g. seL4_SchedContext' }),
  name: Type.String({ description: 'e.g. YieldTo' }),
  label: Natural,
  requestLength: Natural,
  parameters: Type.Array(ParameterDetail),
  capParameters: Type.Array(CapParameterDetail),
  out: Type.Array(ParameterDetail),
  contract: ContractDetail,
  brief: Type.String(),
  description: Type.String(),
});
export type MethodDetail = Static<typeof MethodDetail>;

/** `GET /api/interfaces/:configuration`: the object API of a configuration, in label order. */
export const InterfaceDetail = Type.Object({
  configuration: Type.String(),
  arch: Type.String(),
  scheduling: Type.Enum(['mcs', 'classic'] as const),
  methods: Type.Array(MethodDetail),
}, { $id: 'InterfaceDetail' });
export type InterfaceDetail = Static<typeof InterfaceDetail>;

export const InterfaceParams = Type.Object({ configuration: Type.String({ minLength: 1, maxLength: 64, description: 'architecture and scheduling', examples: ['riscv64-mcs'] }) }, { additionalProperties: false });
export type InterfaceParams = Static<typeof InterfaceParams>;
