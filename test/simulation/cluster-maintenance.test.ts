import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCluster, restoreCluster } from '../../src/simulation/cluster.js';
import { aSpec, START } from '../contracts/orchestrator.js';

const HOUR = 3_600_000;
const after = (hours: number) => START + hours * HOUR;

describe('a VM with a maintenance notice', () => {
  const told = (downSeconds: number | null) => {
    const cluster = createCluster(aSpec());
    const vm = cluster.state.vms[0]!;
    assert.ok(cluster.maintain(vm.name, { inSeconds: 3600, downSeconds }));
    return { cluster, vm };
  };

  it('is stopped at its hour with all that runs there, and boots again by itself', () => {
    const { cluster, vm } = told(600);
    cluster.advance(after(1) - 1);
    assert.equal(vm.state, 'ready');
    cluster.advance(after(1));
    assert.equal(vm.state, 'down');
    assert.equal(cluster.fleet('face-match')[0]?.ready, 0);
    cluster.advance(after(1.5));
    assert.deepEqual([vm.state, vm.maintenance], ['ready', undefined]);
    assert.equal(cluster.fleet('face-match')[0]?.ready, 3);
  });

  it('may never come back, and goes on so after a restart of the world', () => {
    const { cluster } = told(null);
    cluster.advance(after(0.5));
    const again = restoreCluster(aSpec(), cluster.save());
    again.advance(after(12));
    assert.equal(again.state.vms[0]?.state, 'down');
  });

  it('lives on when the notice is withdrawn', () => {
    const { cluster, vm } = told(600);
    cluster.maintain(vm.id, null);
    cluster.advance(after(3));
    assert.equal(vm.state, 'ready');
    assert.equal(cluster.maintain('nobody', null), false);
  });

  it('boots once when its zone goes out and comes back meanwhile', () => {
    const { cluster, vm } = told(600);
    cluster.advance(after(0.9));
    cluster.setZone('a', false);
    cluster.advance(after(1.2));
    cluster.setZone('a', true);
    cluster.advance(after(1.5));
    assert.equal(vm.state, 'ready');
  });
});
