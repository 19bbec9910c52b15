// SPDX-License-Identifier: BSD-2-Clause
import tseslint from 'typescript-eslint';
import { importX } from 'eslint-plugin-import-x';

/**
 * Imports go one way. Each zone names a folder and what it must not import; README, "Architecture".
 * `schema` imports nothing of the project; `stubs` imports schema; `emulator` imports schema, and of stubs only
 * the ports it implements; `server` imports schema; `dashboards` imports schema; `server/cli` may import everything.
 */
const zones = [
  { target: './schema', from: ['./stubs', './emulator', './server', './dashboards', './examples', './bench'] },
  { target: './schema/abi', from: ['./schema/idl', './schema/trace', './schema/rules', './schema/api'] },
  { target: './schema/idl', from: ['./schema/trace', './schema/rules', './schema/api'] },
  { target: './schema/trace', from: ['./schema/rules', './schema/api'] },
  { target: './stubs', from: ['./emulator', './server', './dashboards', './examples', './bench'] },
  { target: './emulator', from: ['./server', './dashboards', './examples', './bench'] },
  { target: './emulator', from: './stubs', except: ['./runtime/user-context.ts'] },
  { target: './emulator/kernel', from: ['./emulator/user', './emulator/probe', './emulator/machine'] },
  { target: './emulator/probe', from: ['./emulator/kernel', './emulator/user', './emulator/machine'] },
  { target: './emulator/user', from: ['./emulator/kernel', './emulator/probe', './emulator/machine'] },
  { target: './server/!(cli)/**', from: ['./stubs', './emulator', './dashboards', './examples', './bench', './server/cli'] },
  { target: './dashboards/page', from: ['./stubs', './emulator', './server', './examples', './bench'] },
  { target: './dashboards/!(build).*', from: ['./stubs', './emulator', './server', './examples', './bench'] },
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'stubs/generated/**', '**/*.pb.js', '**/*.pb.d.ts'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver': { node: { extensions: ['.ts', '.tsx', '.js'] } } },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // Tests of a part drive it with its neighbours.
    files: ['emulator/**/*.test.ts', 'examples/**/*.test.ts'],
    rules: { 'import-x/no-restricted-paths': 'off' },
  },
  {
    // Kernel, machine, probe and rules are deterministic: virtual time and a seed.
    files: ['emulator/**/*.ts', 'schema/**/*.ts', 'stubs/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': ['error',
        { object: 'Math', property: 'random', message: 'Runs are reproducible: use the seed of the run.' },
        { object: 'Date', property: 'now', message: 'Runs are reproducible: use virtual time.' },
        { object: 'performance', property: 'now', message: 'Runs are reproducible: use virtual time.' },
      ],
    },
  },
);
