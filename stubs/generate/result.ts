// SPDX-License-Identifier: BSD-2-Clause
/** The out-parameters of a stub: the TypeScript type of its result, and the expression that reads it from a reply. */
import type { Method, Parameter } from '../../schema/idl/model.ts';
import { fieldsConstant, parameterIdentifier, structName } from './names.ts';

/** `void`, the value of the only out-parameter, or an object with one property for each. */
export function resultType(method: Method): string {
  const { out } = method;
  if (out.length === 0) return 'void';
  if (out.length === 1) return outType(out[0]!);
  return `{ ${out.map((p) => `${parameterIdentifier(p.name)}: ${outType(p)}`).join('; ')} }`;
}

/** Reads the result from the last reply of `runtime`. Only for methods with out-parameters. */
export function resultExpression(method: Method): string {
  const { out } = method;
  if (out.length === 1) return outExpression(out[0]!);
  return `{ ${out.map((p) => `${parameterIdentifier(p.name)}: ${outExpression(p)}`).join(', ')} }`;
}

function outType({ type, bits }: Parameter): string {
  if (type.kind === 'struct') return `Partial<${structName(type.name)}>`;
  if (bits === 1) return 'boolean';
  return bits <= 32 ? 'number' : 'bigint';
}

function outExpression({ type, word, bit, bits }: Parameter): string {
  if (type.kind === 'struct') return `runtime.outStruct(${word}, ${fieldsConstant(structName(type.name))})`;
  if (bits === 1) return `runtime.outBits(${word}, ${bit}, 1) !== 0`;
  return bits <= 32 ? `runtime.outBits(${word}, ${bit}, ${bits})` : `runtime.outWord(${word})`;
}
