/** Canaries in words, the same from every orchestrator. */
import type { Canaries } from './model.js';

export const areWell = ({ healthy, asked }: Canaries): boolean => healthy >= asked;

/** What holds a zone meanwhile. */
export function canaryWords(canaries: Canaries): string {
  const { healthy, asked } = canaries;
  return areWell(canaries)
    ? `a deployment needs promotion (${healthy} of ${asked} canaries healthy)`
    : `a deployment tries its canaries (${healthy} of ${asked} healthy)`;
}
