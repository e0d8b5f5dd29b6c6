/** What somebody deployed outside Muster, in words. */
import type { BadVersion, Blocked, Canaries, ZoneSeen } from './model.js';

export const areWell = ({ healthy, asked }: Canaries): boolean => healthy >= asked;

/** It goes on when a person says so, and not before. */
export const needsPromotion = ({ canaries }: Blocked): boolean => canaries !== undefined && areWell(canaries);

/** What holds a zone meanwhile. */
export function canaryWords(canaries: Canaries): string {
  const { healthy, asked } = canaries;
  return areWell(canaries)
    ? `a deployment needs promotion (${healthy} of ${asked} canaries healthy)`
    : `a deployment tries its canaries (${healthy} of ${asked} healthy)`;
}

export const badWords = ({ version, image }: BadVersion): string =>
  `version ${version}${image === null ? '' : ` (${image})`} does not get healthy`;

/** What holds a zone in which good workers are left beside a bad version that has no canaries. */
export const spreads = (bad: BadVersion): string =>
  `${badWords(bad)}, and a change of the count would spread it`;

/** It stays so until a person does something. */
export const needsPerson = (blocked: Blocked): boolean =>
  blocked.kind === 'bad-version' || needsPromotion(blocked);

/** 'a: a deployment needs promotion …', one a zone and matter. */
export const foreignLines = (zones: ZoneSeen[]): string[] =>
  zones.flatMap(({ zone, blocked, bad }) => [
    ...(blocked?.canaries === undefined ? [] : [`${zone}: ${canaryWords(blocked.canaries)}`]),
    ...(bad === undefined
      ? []
      : [`${zone}: ${blocked?.kind === 'bad-version' ? blocked.detail : badWords(bad)}`]),
  ]);
