// SPDX-License-Identifier: BSD-2-Clause
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../testing/fixture.ts';
import { selfSigned } from '../testing/self-signed.ts';
import { certificateWarnings, readCertificate } from './certificate.ts';

function files(cert: string, key: string): [string, string] {
  const directory = temporaryDirectory();
  const paths: [string, string] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  writeFileSync(paths[0], cert);
  writeFileSync(paths[1], key);
  return paths;
}

describe('certificate and key', () => {
  const good = selfSigned();
  const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string;

  it('are read', () => {
    expect(readCertificate(...files(good.cert, good.key))).toEqual(good);
  });

  it.each([
    ['no certificate', 'hello', good.key, 'cert.pem is no certificate in PEM form'],
    ['a cut certificate', good.cert.slice(0, 300), good.key, 'cert.pem is no certificate in PEM form'],
    ['the files exchanged', good.key, good.cert, 'cert.pem is no certificate in PEM form'],
    ['no key', good.cert, 'hello', 'key.pem is no private key in PEM form'],
    ['an empty key', good.cert, '', 'key.pem is no private key in PEM form'],
    ['a key with a passphrase', good.cert, encrypted, 'key.pem is encrypted'],
    ['another key', good.cert, selfSigned().key, 'is not the private key of the certificate'],
  ])('%s', (_, cert, key, message) => {
    expect(() => readCertificate(...files(cert, key))).toThrow(message);
  });

  it('that are not there', () => {
    const [cert] = files(good.cert, good.key);
    expect(() => readCertificate('/nothing', cert)).toThrow('the certificate cannot be read');
    expect(() => readCertificate(cert, '/nothing')).toThrow('the private key cannot be read');
  });

  it('out of date are told', () => {
    const day = 86_400_000;
    expect(certificateWarnings(good)).toEqual([]);
    expect(certificateWarnings(good, Date.now() + 2 * day)).toEqual([expect.stringContaining('good until')]);
    expect(certificateWarnings(good, Date.now() - 2 * day)).toEqual([expect.stringContaining('good from')]);
  });
});
