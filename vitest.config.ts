// SPDX-License-Identifier: BSD-2-Clause
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // User programs in examples/ import the package by its name; in tests that is the source.
    alias: [
      { find: /^sel4scope$/, replacement: source('stubs/index.ts') },
      { find: /^sel4scope\/(schema|emulator|server)$/, replacement: source('$1/index.ts') },
      { find: /^sel4scope\/stubs\/(riscv64-(?:mcs|classic))$/, replacement: source('stubs/generated/$1.ts') },
    ],
  },
  test: {
    include: ['{lint,schema,stubs,emulator,server,dashboards,examples,bench}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
