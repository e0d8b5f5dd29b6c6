/** Somebody's CI deploys beside Muster: with canaries that nobody promotes, or a version that does not get healthy. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { isLive } from '../../src/simulation/cluster/state.js';
import { aStory, FLEET, MINUTE, minute, type Story, said } from './a-day.js';

const ZONE = 'zone-a';
const JOB = `${FLEET}-${ZONE}`;
const OLD = `registry.example/${FLEET}:1`;
const byHand = (canary: number) => ({ maxParallel: 2, canary, autoPromote: false, autoRevert: false });

const deploys = (tag: string, canaries: number, at = 115) => ({
  at,
  does: ({ cluster }: Story['world']) => {
    cluster.register(JOB, { image: `registry.example/${FLEET}:${tag}`, update: byHand(canaries) });
  },
});
const images = ({ world: { cluster } }: Story): Set<string> =>
  new Set(cluster.state.allocations.filter((one) => one.job === JOB && isLive(one)).map((one) => one.image));
const short = (story: Story): number => {
  const zone = story.world.zones(FLEET).find((one) => one.zone === ZONE);
  return (zone?.desired ?? 0) - (zone?.ready ?? 0);
};

test('canaries that nobody promotes keep a zone from what it needs, and say so until somebody promotes them', async () => {
  const story = await aStory({
    rate: (at) => (at < 118 ? 0.6 : 2),
    fixed: true,
    happens: [deploys('2', 1)],
  });
  await story.passTo(minute(135));
  const wanted = (await story.newest()).to;
  ok(story.world.asked(FLEET) < wanted, 'Nomad refuses to scale the zone');
  const words = /a deployment needs promotion \(1 of 1 canaries healthy\)/;
  match(await story.say(`status ${FLEET}`), words);
  ok(
    said(story, 'lack-').some((text) => words.test(text)),
    said(story, 'lack-').join('; '),
  );
  match(
    await story.say(`remedy ${FLEET}`),
    /^Fitting face now: promote, because a deployment needs promotion/,
  );
  await story.say(`remedy ${FLEET} promote`);
  await story.pass(20 * MINUTE);
  deepEqual(images(story), new Set([`registry.example/${FLEET}:2`]));
  ok(said(story, 'remedy-').some((text) => text.includes('promote') && text.includes('is done')));
  await story.passTo(minute(200));
  equal(story.world.asked(FLEET), (await story.newest()).to);
  equal(short(story), 0);
  ok(said(story, 'lack-').every((text) => text.includes('lacks nothing any more')));
  match(await story.say(`remedy ${FLEET} promote`), /No deployment of face waits for promotion/);
  deepEqual(story.broken, []);
});

test('a version that does not get healthy is rolled back with a word; the count stays, nobody is restarted', async () => {
  const story = await aStory({ fixed: true, happens: [deploys('bad', 1)] });
  await story.passTo(minute(114));
  const asked = story.world.asked(FLEET);
  await story.passTo(minute(130));
  match(
    await story.say(`status ${FLEET}`),
    /version \d+ \(registry\.example\/face:bad\) does not get healthy/,
  );
  match(await story.say(`remedy ${FLEET}`), /^Fitting face now: roll-back, because version/);
  const told = await story.say(`remedy ${FLEET} roll-back`);
  match(
    told,
    /The job of zone-a goes back to what its version \d+ ran \(registry\.example\/face:1\); its count stays/,
  );
  await story.pass(5 * MINUTE);
  deepEqual(images(story), new Set([OLD]));
  equal(story.world.cluster.job(JOB)?.image, OLD);
  equal(story.world.asked(FLEET), asked);
  ok(said(story, 'remedy-').some((text) => text.includes('roll-back') && text.includes('is done')));
  deepEqual(story.broken, []);
});

test('a failed deployment is spread by no change of the count; whoever is short of workers hears why, and the way back', async () => {
  const story = await aStory({
    rate: (at) => (at < 140 ? 0.6 : 2),
    fixed: true,
    happens: [deploys('bad', 0, 100)],
  });
  await story.passTo(minute(138));
  const good = (): string[] =>
    story.world.cluster.state.allocations
      .filter((one) => one.job === JOB && isLive(one) && one.image === OLD)
      .map((one) => one.id);
  const before = good();
  ok(before.length > 0);
  const told = () => said(story, 'bad-version-');
  deepEqual(told().length, 1, told().join('; '));
  match(told()[0] ?? '', /does not get healthy, and a change of the count would spread it/);
  await story.passTo(minute(165));
  ok(story.world.asked(FLEET) < (await story.newest()).to, 'the zone is not raised');
  deepEqual(good(), before, 'no good worker was replaced');
  const words =
    /version \d+ \(registry\.example\/face:bad\) does not get healthy, and a change of the count would spread it/;
  match(await story.say(`status ${FLEET}`), words);
  ok(
    said(story, 'lack-').some((text) => words.test(text)),
    said(story, 'lack-').join('; '),
  );
  await story.say(`remedy ${FLEET} roll-back`);
  await story.passTo(minute(240));
  deepEqual(images(story), new Set([OLD]));
  equal(story.world.asked(FLEET), (await story.newest()).to);
  equal(short(story), 0);
  ok(said(story, 'lack-').every((text) => text.includes('lacks nothing any more')));
  match(told()[0] ?? '', /keeps a zone's count any more/);
  equal(told().length, 1);
  deepEqual(story.broken, []);
});

test('a healthy version that people do not want is left for the one they name', async () => {
  const story = await aStory({ fixed: true, happens: [deploys('2', 1), deploys('3', 0, 150)] });
  await story.passTo(minute(130));
  const version = story.world.cluster.job(JOB)?.version;
  await story.say(`remedy ${FLEET} promote`);
  await story.passTo(minute(175));
  deepEqual(images(story), new Set([`registry.example/${FLEET}:3`]));
  await story.say(`remedy ${FLEET} roll-back ${ZONE}:${version}`);
  await story.pass(25 * MINUTE);
  deepEqual(images(story), new Set([`registry.example/${FLEET}:2`]));
  equal(short(story), 0);
  match(
    await story.say(`remedy ${FLEET} roll-back zone-c:1`),
    /is no zone and version of face: say zone-a:3/,
  );
  await story.say(`remedy ${FLEET} roll-back ${ZONE}:99`);
  await story.pass(2 * MINUTE);
  ok(said(story, 'remedy-').some((text) => text.includes('has no version 99 any more')));
  deepEqual(story.broken, []);
});
