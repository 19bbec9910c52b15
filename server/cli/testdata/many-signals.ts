// SPDX-License-Identifier: BSD-2-Clause
import type { RootTask } from 'sel4scope';

export default async function main(task: RootTask): Promise<void> {
  const notification = await task.untyped.create('Notification');
  for (let i = 0; i < 300_000; i++) await notification.signal();
  console.log('signalled');
}
