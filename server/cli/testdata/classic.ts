// SPDX-License-Identifier: BSD-2-Clause
import type { ClassicRootTask } from 'sel4scope';

export default async function main(task: ClassicRootTask): Promise<void> {
  const notification = await task.untyped.create('Notification');
  const badged = await task.mint(notification, 5);
  await badged.signal();
  if (await notification.wait() !== 5n) throw new Error('a signal was lost');
}
