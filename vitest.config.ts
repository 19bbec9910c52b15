// SPDX-License-Identifier: BSD-2-Clause
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{schema,stubs,emulator,server,dashboards,examples,bench}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
