/** What the log must never show. */
import type { Config } from '../config.js';

export function secretsOf(config: Config): string[] {
  return [
    config.slack?.botToken,
    config.slack?.signingSecret,
    config.slack?.appToken,
    config.pagerduty?.routingKey,
    config.pagerduty?.token,
    config.pagerduty?.actionSecret,
    ...(config.pagerduty?.webhookSecrets ?? []),
    config.nomad?.token,
    config.rabbitmq?.password,
    config.prometheus?.token,
    config.gce?.token,
    config.redis.url.includes('@') ? config.redis.url : null,
    config.heartbeatUrl,
    config.maintenanceSecret,
    ...config.fleets.map((fleet) => fleet.pagerdutyRoutingKey),
  ].filter((secret): secret is string => typeof secret === 'string' && secret !== '');
}
