// SPDX-License-Identifier: BSD-2-Clause
import tseslint from 'typescript-eslint';
import { importDirection } from './lint/import-direction.js';

/**
 * Who may not import whom; README, "Architecture". `schema` imports nothing of the project; `stubs` imports schema;
 * `emulator` imports schema, and of stubs only the port it implements; the model has devices in common with the machine;
 * `server` imports schema; `dashboards` imports schema; `server/cli` may import everything.
 */
const above = (...folders) => folders.map((folder) => `${folder}/**`);
const zones = [
  { from: 'schema/**', to: above('stubs', 'emulator', 'server', 'dashboards', 'examples', 'bench') },
  { from: 'schema/abi/**', to: above('schema/idl', 'schema/trace', 'schema/rules', 'schema/api') },
  { from: 'schema/idl/**', to: above('schema/trace', 'schema/rules', 'schema/api') },
  { from: 'schema/trace/**', to: above('schema/rules', 'schema/api') },
  { from: 'stubs/**', to: above('emulator', 'server', 'dashboards', 'examples', 'bench') },
  { from: 'emulator/**', to: above('stubs', 'server', 'dashboards', 'examples', 'bench'), except: ['stubs/runtime/user-context.ts'] },
  { from: 'emulator/kernel/**', to: above('emulator/user', 'emulator/probe', 'emulator/machine'), except: ['emulator/machine/devices/**'] },
  { from: 'emulator/probe/**', to: above('emulator/kernel', 'emulator/user', 'emulator/machine') },
  { from: 'emulator/user/**', to: above('emulator/kernel', 'emulator/probe', 'emulator/machine') },
  ...['*.ts', 'export/**', 'ingest/**', 'live/**', 'plugins/**', 'query/**', 'routes/**', 'safety/**', 'store/**'].map((part) => (
    { from: `server/${part}`, to: above('stubs', 'emulator', 'dashboards', 'examples', 'bench', 'server/cli') })),
  { from: 'dashboards/page/**', to: above('stubs', 'emulator', 'server', 'examples', 'bench') },
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'stubs/generated/**', 'emulator/machine/core/assembly/**', '**/*.pb.js', '**/*.pb.d.ts'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { architecture: { rules: { 'import-direction': importDirection } } },
    rules: {
      'architecture/import-direction': ['error', { root: import.meta.dirname, zones }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // Tests of a part drive it with its neighbours.
    files: ['emulator/**/*.test.ts', 'examples/**/*.test.ts'],
    rules: { 'architecture/import-direction': 'off' },
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
