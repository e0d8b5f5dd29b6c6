/** Variables that name a peer, hold its secret, or lead requests elsewhere: no test may see an operator's own. */
const PEERS =
  /^(SLACK|PAGERDUTY|NOMAD|REDIS|VALKEY|RABBITMQ|PROMETHEUS|GCE|GOOGLE|KUBE|KUBERNETES|MUSTER|HEARTBEAT)(_|$)/;
const PROXIES = /^(https?|all|no)_proxy$/i;

export function withoutPeers(environment) {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !PEERS.test(name) && !PROXIES.test(name) && name !== 'KUBECONFIG',
    ),
  );
}
