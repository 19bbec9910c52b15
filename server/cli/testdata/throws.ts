// SPDX-License-Identifier: BSD-2-Clause
import type { RootTask } from 'sel4scope';

export default async function main(task: RootTask): Promise<void> {
  await task.cnode.delete(1, 99);
}
