/** `health` of a fleet in muster.yml: its workers are asked over HTTP, or a file that they leave is read. */
import { z } from 'zod';
import type { HealthSource } from '../ports.js';

const HTTP_KEYS = ['url', 'port', 'portPerWorker'] as const;

export const healthSchema = z
  .strictObject({
    url: z
      .string()
      .refine(isTemplate, 'must be an http or https URL; {address}, {port} and {worker} are filled in')
      .optional(),
    port: z.string().min(1).optional(),
    portPerWorker: z.boolean().optional(),
    file: z
      .string()
      .refine(isInside, "must be a path in the allocation's directory, such as alloc/health.json")
      .refine(isOpen, 'must not lie in secrets/: Nomad shows nobody what is there')
      .optional(),
    staleSeconds: z.number().min(15).max(600).optional(),
    timeoutSeconds: z.number().min(0.1).max(3).default(2),
    stuckAfter: z.number().min(2).default(20),
    stuckLeastSeconds: z.number().min(60).max(86_400).default(120),
  })
  .superRefine((health, context) => {
    const wrong = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (health.file === undefined) {
      if (health.staleSeconds !== undefined) wrong('staleSeconds', 'has a meaning only beside file');
      return;
    }
    for (const key of HTTP_KEYS)
      if (health[key] !== undefined)
        wrong(key, 'must not stand beside file: workers are asked over HTTP or by a file, one of the two');
  })
  .transform((health): HealthSource => {
    const { url, port, portPerWorker, file, staleSeconds, ...limits } = health;
    if (file !== undefined) return { kind: 'file', path: file, staleSeconds: staleSeconds ?? 60, ...limits };
    return {
      kind: 'http',
      url: url ?? 'http://{address}:{port}/health',
      port: port ?? 'health',
      portPerWorker: portPerWorker ?? false,
      ...limits,
    };
  });

/** Filled in with anything it must be a URL, and no other braces may be left. */
function isTemplate(url: string): boolean {
  const filled = url
    .replaceAll('{address}', '10.0.0.1')
    .replaceAll('{port}', '80')
    .replaceAll('{worker}', 'w');
  return !/[{}]/.test(filled) && URL.canParse(filled) && /^https?:$/.test(new URL(filled).protocol);
}

function isInside(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function isOpen(path: string): boolean {
  return !path.split('/').includes('secrets');
}
