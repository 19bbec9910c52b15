// SPDX-License-Identifier: BSD-2-Clause
import type { Rule } from 'eslint';

export const importDirection: Rule.RuleModule;
