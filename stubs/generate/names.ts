// SPDX-License-Identifier: BSD-2-Clause
/** From the names of the interface files to names of TypeScript. */

/** Words that cannot name a parameter: those of the language, and the local names of generated code. */
const RESERVED = new Set([
  'arguments', 'await', 'break', 'case', 'catch', 'class', 'const', 'continue', 'debugger', 'default', 'delete', 'do', 'else', 'enum',
  'eval', 'export', 'extends', 'false', 'finally', 'for', 'function', 'if', 'implements', 'import', 'in', 'instanceof', 'interface',
  'let', 'new', 'null', 'package', 'private', 'protected', 'public', 'return', 'static', 'super', 'switch', 'this', 'throw', 'true',
  'try', 'typeof', 'undefined', 'var', 'void', 'while', 'with', 'yield',
  'b', 'blocked', 'invoked', 'r', 'runtime',
]);

/** Structures whose plain name is taken: `UserContext` is the port through which stubs reach a thread. */
const STRUCT_NAMES: Readonly<Record<string, string>> = { seL4_UserContext: 'UserContextRegisters' };

/** `seL4_RISCV_Page` is `RISCVPage`. */
export function className(interfaceName: string): string {
  return interfaceName.replace(/^seL4_/, '').replaceAll('_', '');
}

/** `seL4_ARM_SMCContext` is `ARMSMCContext`. */
export function structName(typeName: string): string {
  return STRUCT_NAMES[typeName] ?? className(typeName);
}

/** `WriteRegisters` is `writeRegisters`, `Clean_Data` is `cleanData`, `IRQGet` is `irqGet`. */
export function methodIdentifier(name: string): string {
  const joined = name.replace(/_([A-Za-z])/g, (_, letter: string) => letter.toUpperCase());
  return joined.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (head) => head.toLowerCase());
}

/** The non-throwing form: `writeRegisters` is `tryWriteRegisters`. */
export function tryIdentifier(identifier: string): string {
  return `try${identifier[0]!.toUpperCase()}${identifier.slice(1)}`;
}

/** `size_bits` is `sizeBits`; a reserved word gets a trailing underscore. */
export function parameterIdentifier(name: string): string {
  const identifier = name.replace(/_+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return RESERVED.has(identifier) ? `${identifier}_` : identifier;
}

/** Name of the constant with the fields of a structure: `UserContextRegisters` is `USER_CONTEXT_REGISTERS_FIELDS`. */
export function fieldsConstant(struct: string): string {
  return `${struct.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()}_FIELDS`;
}
