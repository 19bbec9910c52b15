// SPDX-License-Identifier: BSD-2-Clause
import { execFile, spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { frame, hexWord, PacketReader, wordOfHex } from './packets.ts';
import { GdbServer } from './server.ts';
import { FakeTarget } from './testing/fake-target.ts';
import { PC_REGISTER } from './target.ts';

describe('packets', () => {
  it('come back as they were, however the stream is cut', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 7 }), (payloads, cut) => {
      const stream = Buffer.concat(payloads.map((payload) => frame(Buffer.from(payload))));
      const reader = new PacketReader();
      const found = [];
      for (let at = 0; at < stream.length; at += cut) found.push(...reader.push(stream.subarray(at, at + cut)));
      expect(found.map((each) => (each.kind === 'packet' ? [...each.payload] : each.kind))).toEqual(payloads.map((payload) => [...payload]));
    }));
  });

  it('says when one is damaged, and takes an interrupt between them', () => {
    const damaged = frame('OK');
    damaged[1]! ^= 1;
    expect(new PacketReader().push(Buffer.concat([damaged, Buffer.from([0x03]), frame('g')]))).toEqual([
      { kind: 'damaged' }, { kind: 'interrupt' }, { kind: 'packet', payload: Buffer.from('g') },
    ]);
  });

  it('holds words in memory order', () => {
    expect(hexWord(0x1122_3344_5566_7788n)).toBe('8877665544332211');
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => wordOfHex(hexWord(value)) === value));
    expect(wordOfHex('88')).toBeUndefined();
  });
});

describe('the server', () => {
  let target: FakeTarget;
  let server: GdbServer;
  let socket: Socket;
  let replies: string[];
  let killed: number;

  beforeEach(async () => {
    target = new FakeTarget();
    killed = 0;
    server = await GdbServer.listen(target, { port: 0, killed: () => { killed++; } });
    socket = connect(server.port, '127.0.0.1');
    replies = [];
    const reader = new PacketReader();
    socket.on('data', (bytes) => {
      for (const each of reader.push(bytes)) if (each.kind === 'packet') replies.push(each.payload.toString('latin1'));
    });
    await new Promise((resolve) => { socket.once('connect', resolve); });
  });

  afterEach(async () => {
    socket.destroy();
    await server.close();
  });

  async function ask(payload: string | Buffer): Promise<string> {
    const before = replies.length;
    socket.write(frame(payload));
    await expect.poll(() => replies.length, { timeout: 10_000 }).toBe(before + 1);
    return replies.at(-1)!;
  }

  it('tells why it stopped, and which threads there are by name', async () => {
    expect(await ask('?')).toBe('T02thread:1;');
    expect(await ask('qfThreadInfo')).toBe('m1,2');
    expect(await ask('qsThreadInfo')).toBe('l');
    expect(Buffer.from(await ask('qThreadExtraInfo,2'), 'hex').toString()).toBe('a <driver>: BlockedOnReceive');
    expect(await ask('qXfer:threads:read::0,1000')).toContain('name="a &#60;driver&#62;">BlockedOnReceive');
    expect(await ask('qThreadExtraInfo,9')).toBe('E16');
  });

  it('reads and writes registers of the selected thread', async () => {
    expect(await ask('Pa=0807060504030201')).toBe('OK');
    expect(await ask('pa')).toBe('0807060504030201');
    expect((await ask('g')).length).toBe(33 * 16);
    expect(await ask('Hg2')).toBe('OK');
    expect(await ask('pa')).toBe('0000000000000000');
    expect(await ask('p21')).toBe('x'.repeat(16));
    expect(await ask('Hg0')).toBe('OK');
    expect(await ask('p22')).toBe(hexWord(1n));
    expect(await ask('p41')).toBe(hexWord(0x8000_0000_0008_0000n));
    expect(await ask('p42')).toBe('x'.repeat(16));
    expect(await ask('P0=0000000000000000')).toBe('E16');
    expect(await ask('Pa=12')).toBe('E16');
    expect(await ask('Hg9')).toBe('E16');
  });

  it('reads and writes memory, as text and as bytes', async () => {
    expect(await ask('m1010,4')).toBe('10111213');
    expect(await ask('M1010,2:ffee')).toBe('OK');
    expect(await ask(Buffer.from('X1012,3:$#}', 'latin1'))).toBe('OK');
    expect(await ask('m1010,5')).toBe('ffee24237d');
    expect(await ask('m10fe,8')).toBe('feff');
    expect(await ask('m9000,1')).toBe('E0e');
    expect(await ask('M10ff,2:0000')).toBe('E0e');
    expect(await ask('M1010,2:ff')).toBe('E16');
    expect(await ask('mzz,1')).toBe('E16');
  });

  it('steps, runs to a breakpoint, and to the end', async () => {
    expect(await ask('s')).toBe('T05thread:1;');
    expect(await ask('Z0,1040,4')).toBe('OK');
    expect(await ask('c')).toBe('T05thread:1;swbreak:;');
    expect(target.registers(1)![PC_REGISTER]).toBe(0x1040n);
    expect(await ask('z0,1040,4')).toBe('OK');
    expect(await ask('Z2,1040,4')).toBe('');
    expect(await ask('vCont;c')).toBe('W03');
    expect(await ask('?')).toBe('W03');
  });

  it('stops a running machine when asked', async () => {
    target.slice = 0;
    socket.write(frame('c'));
    socket.write(Buffer.from([0x03]));
    await expect.poll(() => replies).toEqual(['T02thread:1;']);
  });

  it('answers monitor commands in text, and says when it has none such', async () => {
    const monitor = async (command: string): Promise<string> => Buffer.from(await ask(`qRcmd,${Buffer.from(command).toString('hex')}`), 'hex').toString();
    expect(await monitor('time')).toBe('1,000 ns\n');
    expect(await monitor('dance')).toContain("unknown monitor command 'dance'");
  });

  it('answers what it does not know as the protocol says, asks for a damaged packet again, and refuses a second debugger', async () => {
    expect(await ask('vMustReplyEmpty')).toBe('');
    expect(await ask('!')).toBe('');
    const damaged = frame('?');
    damaged[1]! ^= 1;
    let raw = '';
    socket.on('data', (bytes) => { raw += bytes.toString('latin1'); });
    socket.write(damaged);
    await expect.poll(() => raw).toBe('-');
    const second = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => { second.once('close', resolve); });
    socket.write(frame('k'));
    await expect.poll(() => killed).toBe(1);
  });

  it('takes its breakpoints along when the debugger leaves', async () => {
    await ask('Z0,1040,4');
    expect(await ask('D')).toBe('OK');
    await expect.poll(() => target.breakpoints).toEqual([]);
  });
});

describe.skipIf(!hasGdb())('with gdb-multiarch', () => {
  it('shows registers, memory, threads by name, breakpoints and steps', async () => {
    const server = await GdbServer.listen(new FakeTarget(), { port: 0 });
    const commands = [
      'set confirm off', 'set architecture riscv:rv64', `target remote 127.0.0.1:${server.port}`,
      'info threads', 'x/2xg 0x1010', 'stepi', 'p $a0', 'break *0x1040', 'continue', 'p/x $pc', 'p/x $satp', 'monitor time', 'kill',
    ];
    const { stdout } = await promisify(execFile)('gdb-multiarch', ['-nx', '-batch', ...commands.flatMap((command) => ['-ex', command])], { timeout: 60_000 });
    await server.close();
    expect(stdout).toContain('"rootserver" (Running)');
    expect(stdout).toContain('"a <driver>" (BlockedOnReceive)');
    expect(stdout).toContain('0x1716151413121110\t0x1f1e1d1c1b1a1918');
    expect(stdout).toMatch(/\$1 = 1\n/);
    expect(stdout).toMatch(/\$2 = 0x1040\n/);
    expect(stdout).toContain('$3 = 0x8000000000080000');
  }, 90_000);
});

function hasGdb(): boolean {
  const found = spawnSync('gdb-multiarch', ['--version']).status === 0;
  if (!found) console.warn('the remote protocol is NOT tested with a debugger: no gdb-multiarch (apt-get install gdb-multiarch)');
  return found;
}
