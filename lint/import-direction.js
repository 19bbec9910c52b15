// SPDX-License-Identifier: BSD-2-Clause
/**
 * ESLint rule: imports go one way. Each zone names files that must not import certain others; all are globs from the
 * root of the repository. An import that does not name a file of the repository is no concern of this rule.
 */
import path from 'node:path';

/** @typedef {{ from: string, to: string[], except?: string[] }} Zone */

/** The file that an import names, from the root, with slashes; undefined for packages. */
function target(root, importer, specifier) {
  if (specifier.startsWith('.')) return path.relative(root, path.resolve(path.dirname(importer), specifier)).split(path.sep).join('/');
  // The package by its own name: `sel4scope/emulator` stands for the folder.
  const own = /^sel4scope(?:\/(.+))?$/.exec(specifier);
  return own === null ? undefined : `${own[1] ?? 'stubs'}/index.ts`;
}

const matches = (file, globs) => globs.some((glob) => globToRegExp(glob).test(file));

/** `**` any folders, `*` within one. */
function globToRegExp(glob) {
  const source = glob.split(/(\*\*\/?|\*)/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`);
}

/** @type {import('eslint').Rule.RuleModule} */
export const importDirection = {
  meta: {
    type: 'problem',
    schema: [{
      type: 'object',
      properties: {
        root: { type: 'string' },
        zones: {
          type: 'array',
          items: {
            type: 'object',
            properties: { from: { type: 'string' }, to: { type: 'array', items: { type: 'string' } }, except: { type: 'array', items: { type: 'string' } } },
            required: ['from', 'to'],
            additionalProperties: false,
          },
        },
      },
      required: ['root', 'zones'],
      additionalProperties: false,
    }],
    messages: { upward: '{{importer}} must not import {{imported}}: imports go one way (README, "Architecture")' },
  },
  create(context) {
    const { root, zones } = context.options[0];
    const importer = path.relative(root, context.filename).split(path.sep).join('/');
    const own = zones.filter((zone) => matches(importer, [zone.from]));
    const check = (node, source) => {
      if (typeof source?.value !== 'string') return;
      const imported = target(root, context.filename, source.value);
      if (imported === undefined) return;
      if (own.some((zone) => matches(imported, zone.to) && !matches(imported, zone.except ?? []))) {
        context.report({ node, messageId: 'upward', data: { importer, imported } });
      }
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal),
    };
  },
};
