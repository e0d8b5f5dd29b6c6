/** Variables that name a peer, hold its secret, or lead requests elsewhere: no test may see an operator's own. */
const PEERS =
  /^(SLACK|PAGERDUTY|NOMAD|REDIS|VALKEY|RABBITMQ|PROMETHEUS|GCE|GOOGLE|KUBE|KUBERNETES|MUSTER|HEARTBEAT)(_|$)/;
/** What only Muster's own configuration reads, and a name that the pattern misses. */
const OWN = new Set(['HOST', 'PORT', 'LOG_LEVEL', 'KUBECONFIG']);
const PROXIES = /^(https?|all|no)_proxy$/i;

export function withoutPeers(environment) {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !PEERS.test(name) && !PROXIES.test(name) && !OWN.has(name),
    ),
  );
}
