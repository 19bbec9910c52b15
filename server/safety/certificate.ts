// SPDX-License-Identifier: BSD-2-Clause
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SafetyError } from './safety-error.ts';

/** What the service shows to be itself, as PEM. */
export interface Certificate {
  /** With the certificates that lead to the authority behind it, if any. */
  readonly cert: string;
  readonly key: string;
}

/** Reads certificate and private key. Throws a {@link SafetyError} that says which file is wrong, and how. */
export function readCertificate(certFile: string, keyFile: string): Certificate {
  const certificate = { cert: read(certFile, 'certificate'), key: read(keyFile, 'private key') };
  const parsed = parseCertificate(certFile, certificate.cert);
  if (!parsed.checkPrivateKey(parseKey(keyFile, certificate.key))) throw new SafetyError(`${keyFile} is not the private key of the certificate in ${certFile}`);
  return certificate;
}

/** What to tell about a certificate that browsers will not take as it is. */
export function certificateWarnings({ cert }: Certificate, now = Date.now()): string[] {
  const { validFrom, validTo } = new X509Certificate(cert);
  if (Date.parse(validTo) < now) return [`the certificate was good until ${validTo}`];
  return Date.parse(validFrom) > now ? [`the certificate is good from ${validFrom}`] : [];
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SafetyError(`the ${what} cannot be read: ${(error as Error).message}`);
  }
}

function parseCertificate(file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new SafetyError(`${file} is no certificate in PEM form`, 'it begins with -----BEGIN CERTIFICATE-----');
  }
}

function parseKey(file: string, text: string): KeyObject {
  if (text.includes('ENCRYPTED')) throw new SafetyError(`the private key in ${file} is encrypted`, 'the service starts without anybody to type a passphrase: give it a key without one, readable for its user alone');
  try {
    return createPrivateKey(text);
  } catch {
    throw new SafetyError(`${file} is no private key in PEM form`, 'it begins with -----BEGIN PRIVATE KEY-----');
  }
}
