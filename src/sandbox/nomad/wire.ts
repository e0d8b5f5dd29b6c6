/** Which Nomad speaks, and how it writes times. */
export type Profile = '1.1' | '2.0';

export const ns = (millis: number): number => millis * 1e6;
export const goTime = (millis: number): string => new Date(millis).toISOString();
