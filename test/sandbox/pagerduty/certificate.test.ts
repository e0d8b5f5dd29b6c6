import { equal, notEqual, ok } from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createCertificate } from '../../../src/sandbox/pagerduty/certificate.js';

test('the certificate is for loopback, signed by its own key and good for years', () => {
  const { cert, key } = createCertificate('Somebody');
  const parsed = new X509Certificate(cert);
  equal(parsed.subject, 'CN=Somebody');
  equal(parsed.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1');
  equal(parsed.checkIP('127.0.0.1'), '127.0.0.1');
  equal(parsed.checkHost('example.com'), undefined);
  ok(parsed.ca);
  ok(parsed.checkIssued(parsed));
  ok(parsed.verify(parsed.publicKey));
  ok(parsed.checkPrivateKey(createPrivateKey(key)));
  ok(Date.parse(parsed.validFrom) < Date.now());
  ok(Date.parse(parsed.validTo) > Date.now() + 9 * 365 * 86_400_000);
});

test('two certificates have two serial numbers', () => {
  const serial = () => new X509Certificate(createCertificate('Somebody').cert).serialNumber;
  notEqual(serial(), serial());
});
