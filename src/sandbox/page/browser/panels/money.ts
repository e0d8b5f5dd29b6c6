/** Amounts in the sandbox's currency. */
import { store } from '../app/store.js';

export function money(amount: number): string {
  const currency = store.latest?.costs.currency ?? 'USD';
  try {
    return new Intl.NumberFormat(undefined, {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
      maximumFractionDigits: 2,
    }).format(amount);
  } catch {
    return `${amount.toFixed(2)} ${currency}`;
  }
}
