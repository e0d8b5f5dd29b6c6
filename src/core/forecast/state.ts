/** What the forecasters carry; plain JSON, bounded. The forecast folder alone knows its inside. */
export interface ForecastState {
  v: 1;
}

export function emptyForecastState(): ForecastState {
  return { v: 1 };
}
