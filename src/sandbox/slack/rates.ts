/**
 * Slack's pace on the Muster clock: about one message a second in a channel with short bursts, and a tier for every other
 * method, each a bucket that refills steadily.
 */
import type { Clock } from '../../ports.js';

/** Requests a minute by method; methods not named here have the fourth tier's 100. */
const perMinute: Record<string, number> = {
  'chat.update': 50,
  'chat.delete': 50,
  'conversations.history': 50,
  'conversations.replies': 50,
  'conversations.join': 50,
  'conversations.list': 20,
  'reactions.add': 50,
  'users.list': 20,
  'usergroups.list': 20,
  'usergroups.users.list': 20,
  'files.getUploadURLExternal': 100,
  'auth.test': 600,
};

const burst = 5;

/** Milliseconds of machine time until the request would be let through; 0: it is let through now. */
export function createPace(clock: Clock): (method: string, channel: string | null) => number {
  const buckets = new Map<string, { tokens: number; at: number }>();

  return (method, channel) => {
    const posts = method === 'chat.postMessage';
    const capacity = posts ? burst : (perMinute[method] ?? 100);
    const perSecond = posts ? 1 : capacity / 60;
    const key = posts ? `${method} ${channel}` : method;
    const now = clock.now();
    const bucket = buckets.get(key) ?? { tokens: capacity, at: now };
    bucket.tokens = Math.min(capacity, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    buckets.set(key, bucket);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.max(1, ((1 - bucket.tokens) / perSecond) * (1000 / clock.speed));
  };
}
