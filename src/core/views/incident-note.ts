/** Notes on PagerDuty's incidents: plain text, times in UTC. */
import { sentence } from '../explain.js';
import { badWords } from '../foreign.js';
import { showTime } from '../local-time.js';
import type { DecisionSummary, Sample } from '../model.js';
import type { Remedy, Symptoms } from '../remedies/remedy.js';
import { number, rate, seconds } from './words.js';

export function fittingNote(fits: { remedy: Remedy; why: string }[]): string {
  const [first, ...others] = fits;
  if (first === undefined)
    return 'No scripted remedy fits what is seen now; “Add diagnostics” shows the numbers.';
  const rest =
    others.length === 0 ? '' : ` Also fitting: ${others.map(({ remedy }) => remedy.name).join(', ')}.`;
  return `Fitting remedy: ${first.remedy.name}, because ${first.why}. ${first.remedy.summary} The button “Run the fitting remedy” does it.${rest}`;
}

/** Answers a click for `said`, the remedy that the newest note named (null: none), where others fit now. */
export function otherFitsNote(said: string | null, fits: { remedy: Remedy; why: string }[]): string {
  const before =
    said === null
      ? 'no note of this incident has named a remedy yet'
      : `“${said}”, which the last note named, does not fit any more`;
  return `Nothing was done: ${before}. ${fittingNote(fits)}`;
}

export function diagnosticsNote(
  fleet: string,
  sample: Sample | null,
  latest: DecisionSummary | null,
  seen: Symptoms,
): string {
  const zones = (seen.zones ?? []).map(
    ({ zone, up, desired, ready, starting, draining, blocked, bad }) =>
      `${zone}: ${[
        ...(up ? [] : ['DOWN']),
        `${ready} ready of ${desired}`,
        ...(starting === 0 ? [] : [`${starting} starting`]),
        ...(draining === 0 ? [] : [`${draining} leaving`]),
        ...(blocked === null ? [] : [`blocked (${blocked.detail})`]),
        ...(bad === undefined || blocked?.kind === 'bad-version' ? [] : [badWords(bad)]),
      ].join(', ')}`,
  );
  const fits = seen.freezes.map((freeze) => `freeze by ${freeze.by.name} until ${utc(freeze.until)}`);
  if (seen.override !== null)
    fits.push(`override by ${seen.override.by.name} until ${utc(seen.override.until)}`);
  const lines = [
    `Diagnostics of ${fleet} at ${utc(seen.now)}`,
    `Demand ${rate(sample?.requestsPerSecond)}, backlog ${number(sample?.backlog)}, oldest ${seconds(sample?.oldestAgeSeconds)}, p95 ${seconds(sample?.p95Seconds)}`,
    ...(zones.length === 0 ? ['Workers: the orchestrator does not answer'] : zones),
    latest === null
      ? 'No decision yet'
      : `Last decision ${latest.id} at ${utc(latest.at)}: ${latest.from} -> ${latest.to} workers (${latest.status}). ${latest.reasons.map(sentence).join(' ')}`,
    `What people set: ${fits.length === 0 ? 'nothing' : fits.join(', ')}`,
    ...(seen.deadLetters === null ? [] : [`Dead letters: ${seen.deadLetters}`]),
    ...(seen.rollout?.open === true ? [`A rollout of ${seen.rollout.image} is under way`] : []),
  ];
  return lines.join('\n').slice(0, 4_000);
}

const utc = (at: number): string => showTime(at, 'UTC', 'date-time');
