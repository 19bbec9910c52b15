// SPDX-License-Identifier: BSD-2-Clause
/**
 * Conditions on kernel configurations: when a method is part of the API.
 * Since release 13 they are elements (`<config var="…"/>`, `<not>`, `<and>`, `<or>`); before that an attribute
 * with an expression of the C preprocessor. Both become the same tree.
 */

export type Condition =
  | { readonly kind: 'config'; readonly symbol: string }
  | { readonly kind: 'not'; readonly operand: Condition }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Condition[] };

/** Whether the condition holds in a kernel that has these symbols set. */
export function holds(condition: Condition, defined: ReadonlySet<string>): boolean {
  switch (condition.kind) {
    case 'config': return defined.has(condition.symbol);
    case 'not': return !holds(condition.operand, defined);
    case 'and': return condition.operands.every((c) => holds(c, defined));
    case 'or': return condition.operands.some((c) => holds(c, defined));
  }
}

function collectSymbols(condition: Condition, into: Set<string>): void {
  if (condition.kind === 'config') into.add(condition.symbol);
  else if (condition.kind === 'not') collectSymbols(condition.operand, into);
  else for (const c of condition.operands) collectSymbols(c, into);
}

/** Most symbols for which {@link canHoldTogether} tries every kernel. */
const MOST_SYMBOLS = 16;

/**
 * Whether some kernel satisfies all of these conditions; `undefined` is a method without a condition.
 * Tries every set of the symbols named. With more than 16 of them it answers `true`: nothing is proven wrong.
 */
export function canHoldTogether(...conditions: readonly (Condition | undefined)[]): boolean {
  const symbols = new Set<string>();
  for (const c of conditions) if (c !== undefined) collectSymbols(c, symbols);
  if (symbols.size > MOST_SYMBOLS) return true;
  const names = [...symbols];
  for (let choice = 0; choice < 2 ** names.length; choice++) {
    const defined = new Set(names.filter((_, i) => (choice >> i) & 1));
    if (conditions.every((c) => c === undefined || holds(c, defined))) return true;
  }
  return false;
}

/**
 * The condition of a preprocessor expression: `defined(X)`, `defined X`, `!`, `&&`, `||` and parentheses. Of
 * comparisons, `CONFIG_MAX_NUM_NODES > 1` alone: later releases call it `CONFIG_ENABLE_SMP_SUPPORT`, and so does the result.
 * @throws SyntaxError that says what was not understood
 */
export function parsePreprocessorCondition(text: string): Condition {
  const parser = new PreprocessorParser(text);
  const condition = parser.disjunction();
  parser.expectEnd();
  return condition;
}

class PreprocessorParser {
  private readonly tokens: readonly string[];
  private next = 0;

  constructor(text: string) {
    this.tokens = text.match(/&&|\|\||[A-Za-z_]\w*|\d+|[^\s]/g) ?? [];
  }

  disjunction(): Condition {
    return this.chain('or', '||', () => this.conjunction());
  }

  expectEnd(): void {
    const token = this.tokens[this.next];
    if (token !== undefined) throw new SyntaxError(`unexpected '${token}'`);
  }

  private conjunction(): Condition {
    return this.chain('and', '&&', () => this.unary());
  }

  private chain(kind: 'and' | 'or', operator: string, operand: () => Condition): Condition {
    const operands = [operand()];
    while (this.accept(operator)) operands.push(operand());
    return operands.length === 1 ? operands[0]! : { kind, operands };
  }

  private unary(): Condition {
    if (this.accept('!')) return { kind: 'not', operand: this.unary() };
    if (this.accept('(')) {
      const inner = this.disjunction();
      this.expect(')');
      return inner;
    }
    if (this.accept('defined')) return { kind: 'config', symbol: this.definedSymbol() };
    if (this.accept('CONFIG_MAX_NUM_NODES')) {
      this.expect('>');
      this.expect('1');
      return { kind: 'config', symbol: 'CONFIG_ENABLE_SMP_SUPPORT' };
    }
    throw new SyntaxError(`'defined', '!' or '(' expected instead of ${this.here()}`);
  }

  private definedSymbol(): string {
    const parenthesised = this.accept('(');
    const symbol = this.tokens[this.next];
    if (symbol === undefined || !/^[A-Za-z_]/.test(symbol)) throw new SyntaxError(`a symbol expected instead of ${this.here()}`);
    this.next++;
    if (parenthesised) this.expect(')');
    return symbol;
  }

  private accept(token: string): boolean {
    if (this.tokens[this.next] !== token) return false;
    this.next++;
    return true;
  }

  private expect(token: string): void {
    if (!this.accept(token)) throw new SyntaxError(`'${token}' expected instead of ${this.here()}`);
  }

  private here(): string {
    const token = this.tokens[this.next];
    return token === undefined ? 'the end' : `'${token}'`;
  }
}
