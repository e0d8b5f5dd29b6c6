/** The shape of muster.yml. */
import { z } from 'zod';
import { accessSchema } from '../core/access.js';
import { digestSchema } from '../core/digest.js';
import { policySchema } from '../core/policy.js';
import { findRemedy } from '../core/remedies/index.js';
import { healthSchema } from './health.js';

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and dashes');
const query = z.string().min(1);
const prometheusGauge = z.strictObject({ kind: z.literal('prometheus'), query });

export const fleetSchema = z.strictObject({
  ...policySchema.shape,
  /** Absent: taken from the fleet's name. */
  cycleOffsetSeconds: policySchema.shape.cycleOffsetSeconds.unwrap().optional(),
  /** Instead of serviceCv, for those who know their 95th percentile better than their deviation. */
  serviceP95Seconds: z.number().positive().optional(),
  orchestrator: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('nomad'),
      /** Zone -> the job and group that hold its workers. */
      jobs: z.record(
        z.string(),
        z.strictObject({ job: z.string().min(1), group: z.string().min(1).default('workers') }),
      ),
    }),
  ]),
  nodes: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('fixed') }),
      z.strictObject({
        kind: z.literal('gce-mig'),
        project: z.string().min(1),
        groups: z.record(z.string(), z.strictObject({ zone: z.string().min(1), group: z.string().min(1) })),
      }),
    ])
    .default({ kind: 'fixed' }),
  demand: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('rabbitmq'),
      vhost: z.string().min(1).default('/'),
      queue: z.string().min(1),
      /** Where RabbitMQ puts what was rejected or died. */
      deadLetterQueue: z.string().min(1).optional(),
      /** More of them than this are an alert. */
      deadLetterLimit: z.number().int().min(0).default(10),
    }),
    z.strictObject({
      kind: z.literal('prometheus'),
      rate: query,
      backlog: query.optional(),
      oldestAge: query.optional(),
    }),
  ]),
  latency: z.strictObject({ kind: z.literal('prometheus'), p95: query }).optional(),
  saturation: prometheusGauge.optional(),
  /** Workers that answer for their own health: see docs/HEALTH.md. */
  health: healthSchema.optional(),
  channel: z.string().min(1).optional(),
  /** Name of the environment variable that holds the routing key of this fleet's PagerDuty service. */
  pagerdutyRoutingKeyFrom: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of an environment variable')
    .optional(),
  remedies: z
    .strictObject({
      /** These may run by themselves when the alert fires and they fit. */
      auto: z
        .array(
          z
            .string()
            .refine(
              (name) => findRemedy(name) !== undefined,
              'must be the name of a remedy: see /muster remedy',
            ),
        )
        .default([]),
      /** At most this many an hour by themselves. */
      perHour: z.number().int().min(1).max(20).default(1),
    })
    .prefault({}),
  pagerduty: z
    .strictObject({ service: z.string().min(1).optional(), escalationPolicy: z.string().min(1).optional() })
    .optional(),
});

export const fileSchema = z.strictObject({
  environment: z.string().min(1).max(40).default('production'),
  channel: z.string().min(1).default('#ml-ops'),
  command: z
    .string()
    .regex(/^\/[a-z0-9_-]{1,31}$/, 'must be a slash command such as /muster')
    .default('/muster'),
  maxOverrideSeconds: z
    .number()
    .int()
    .min(300)
    .max(7 * 86_400)
    .default(86_400),
  access: accessSchema.prefault({}),
  digest: digestSchema.prefault({}),
  fleets: z
    .record(name, fleetSchema)
    .refine((fleets) => Object.keys(fleets).length > 0, 'must name at least one fleet'),
});
