// SPDX-License-Identifier: BSD-2-Clause
import { Message, type RootTask } from 'sel4scope';

export default async function main(task: RootTask): Promise<void> {
  const service = await task.untyped.create('Endpoint', { name: 'service' });
  const reply = await task.untyped.create('Reply');
  await task.startThread({
    name: 'worker',
    run: async (self) => { console.log('sum', (await self.use(service).call(Message.of(20, 22))).get(0)); },
  });
  const request = await service.recv(reply);
  await reply.send(Message.of(request.get(0) + request.get(1)));
  await task.tcb.setPriority(task.tcb, 1);
  await task.schedContext.consumed();
}
